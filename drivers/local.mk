# The driver core, the drivers, upsdrvctl.
include drivers/maps/local.mk
include drivers/transport/local.mk
include drivers/apc/local.mk
include drivers/apcupsd/local.mk
include drivers/scan/local.mk
include drivers/init/local.mk
noinst_LTLIBRARIES += drivers/libcore.la
drivers_libcore_la_SOURCES = \
	drivers/core/backoff.c drivers/core/backoff.h \
	drivers/core/commands.c \
	drivers/core/compose.c drivers/core/compose.h \
	drivers/core/confine.c \
	drivers/core/core.h \
	drivers/core/driver.h \
	drivers/core/invocation.c drivers/core/invocation.h \
	drivers/core/machine.c \
	drivers/core/main.c \
	drivers/core/publish.c \
	drivers/core/queue.c drivers/core/queue.h \
	drivers/core/reload.c \
	drivers/core/service.c drivers/core/service.h \
	drivers/core/settings.c drivers/core/settings.h \
	drivers/core/twin.c \
	drivers/transport/holder.c drivers/transport/holder.h
drivers_libcore_la_LIBADD = common/libsandbox.la common/libups.la common/libnet.la common/libbase.la

# USB devices, for the drivers that speak to them.
if HAVE_USB
noinst_LTLIBRARIES += drivers/libusbtransport.la
noinst_PROGRAMS += tests/driver/probe-usb
endif
drivers_libusbtransport_la_SOURCES = \
	drivers/transport/usb.h drivers/transport/usb_private.h \
	drivers/transport/usb_bus.c \
	drivers/transport/usb_claim.c \
	drivers/transport/usb_find.c \
	drivers/transport/usb_hid.c \
	drivers/transport/usb_holder.c \
	drivers/transport/usb_io.c \
	drivers/transport/usb_listen.c \
	drivers/transport/usb_open.c \
	drivers/transport/usb_place.c
drivers_libusbtransport_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUSB_CFLAGS)
drivers_libusbtransport_la_LIBADD = drivers/libcore.la $(LIBUSB_LIBS)
tests_driver_probe_usb_SOURCES = tests/driver/probe-usb.c
tests_driver_probe_usb_LDADD = drivers/libusbtransport.la

# Serial lines.
noinst_LTLIBRARIES += drivers/libserial.la
drivers_libserial_la_SOURCES = drivers/transport/serial.c drivers/transport/serial.h
drivers_libserial_la_LIBADD = drivers/libcore.la

driver_PROGRAMS += drivers/dummy-ups
drivers_dummy_ups_SOURCES = \
	drivers/virtual/dummy-ups.c drivers/virtual/dummy.h \
	drivers/virtual/player.c \
	drivers/virtual/repeater.c \
	drivers/virtual/script.c drivers/virtual/script.h
drivers_dummy_ups_LDADD = drivers/libcore.la common/libupsnet.la

# Drivers that follow other drivers of this host.
noinst_LTLIBRARIES += drivers/libfollow.la
drivers_libfollow_la_SOURCES = \
	drivers/virtual/cloneplan.c drivers/virtual/cloneplan.h \
	drivers/virtual/election.c drivers/virtual/election.h \
	drivers/virtual/follower.c drivers/virtual/follower.h \
	drivers/virtual/mirror.c drivers/virtual/mirror.h \
	drivers/virtual/outletwords.c drivers/virtual/outletwords.h \
	drivers/virtual/source.c drivers/virtual/source.h
drivers_libfollow_la_LIBADD = drivers/libcore.la common/libdriverlink.la
driver_PROGRAMS += drivers/clone drivers/clone-outlet
drivers_clone_SOURCES = drivers/virtual/clone.c
drivers_clone_LDADD = drivers/libfollow.la
drivers_clone_outlet_SOURCES = drivers/virtual/clone-outlet.c
drivers_clone_outlet_LDADD = drivers/libfollow.la
driver_PROGRAMS += drivers/failover
drivers_failover_SOURCES = \
	drivers/virtual/failover.c drivers/virtual/failover.h \
	drivers/virtual/failover_duty.c
drivers_failover_LDADD = drivers/libfollow.la
check_PROGRAMS += tests/unit/test_clone tests/unit/test_election
TESTS += tests/unit/test_clone tests/unit/test_election
tests_unit_test_election_SOURCES = tests/unit/test_election.c
tests_unit_test_election_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_election_LDADD = drivers/libfollow.la $(CMOCKA_LIBS)
tests_unit_test_clone_SOURCES = tests/unit/test_clone.c
tests_unit_test_clone_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_clone_LDADD = drivers/libfollow.la $(CMOCKA_LIBS)

# Maps at work on devices of all kinds.
noinst_LTLIBRARIES += drivers/libengine.la
drivers_libengine_la_SOURCES = \
	drivers/engine/device.h \
	drivers/engine/engine.c drivers/engine/engine.h drivers/engine/engine_private.h \
	drivers/engine/engine_command.c \
	drivers/engine/engine_poll.c \
	drivers/engine/engine_rows.c \
	drivers/engine/engine_status.c drivers/engine/engine_status.h \
	drivers/engine/engine_template.c \
	drivers/engine/engine_value.c
drivers_libengine_la_LIBADD = drivers/libmaps.la common/libups.la common/libbase.la -lm
# ... on the driver core.
noinst_LTLIBRARIES += drivers/libenginehost.la
drivers_libenginehost_la_SOURCES = drivers/engine/host.c drivers/engine/host.h
drivers_libenginehost_la_LIBADD = drivers/libengine.la drivers/libcore.la

# HID: report descriptors, values, reports, for the engine.  Knows nothing of USB.
noinst_LTLIBRARIES += drivers/libhid.la
drivers_libhid_la_SOURCES = \
	drivers/usbhid/draft.c drivers/usbhid/draft.h \
	drivers/usbhid/look.c drivers/usbhid/look.h \
	drivers/usbhid/explore.c drivers/usbhid/explore.h \
	drivers/usbhid/hidfix.c drivers/usbhid/hidfix.h \
	drivers/usbhid/hiddesc.c drivers/usbhid/hiddesc.h \
	drivers/usbhid/hiddevice.c drivers/usbhid/hiddevice.h \
	drivers/usbhid/hiddoubt.c drivers/usbhid/hiddoubt.h \
	drivers/usbhid/hidreports.c drivers/usbhid/hidreports.h \
	drivers/usbhid/hidusage.c drivers/usbhid/hidusage.h \
	drivers/usbhid/hidvalue.c drivers/usbhid/hidvalue.h
drivers_libhid_la_LIBADD = drivers/libengine.la -lm

if HAVE_USB
driver_PROGRAMS += drivers/usbhid-ups
endif
drivers_usbhid_ups_SOURCES = drivers/usbhid/usbhid-ups.c \
	drivers/usbhid/capture.c drivers/usbhid/capture.h
drivers_usbhid_ups_LDADD = drivers/libhid.la drivers/libenginehost.la drivers/libusbtransport.la

hid_tests = \
	tests/unit/test_hid_desc \
	tests/unit/test_hid_devices \
	tests/unit/test_hid_doubt \
	tests/unit/test_hid_engine \
	tests/unit/test_hid_fix \
	tests/unit/test_hid_liar \
	tests/unit/test_hid_maps \
	tests/unit/test_hid_reports \
	tests/unit/test_hid_value
check_PROGRAMS += $(hid_tests)
TESTS += $(hid_tests)
tests_unit_test_hid_desc_SOURCES = tests/unit/test_hid_desc.c
tests_unit_test_hid_desc_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_desc_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_devices_SOURCES = tests/unit/test_hid_devices.c tests/unit/hid_file.c tests/unit/hid_file.h
tests_unit_test_hid_devices_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_devices_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_doubt_SOURCES = tests/unit/test_hid_doubt.c
tests_unit_test_hid_doubt_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_doubt_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_engine_SOURCES = tests/unit/test_hid_engine.c
tests_unit_test_hid_engine_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_engine_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_maps_SOURCES = tests/unit/test_hid_maps.c tests/unit/hid_file.c tests/unit/hid_file.h
tests_unit_test_hid_maps_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_maps_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_fix_SOURCES = tests/unit/test_hid_fix.c
tests_unit_test_hid_fix_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_fix_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_liar_SOURCES = tests/unit/test_hid_liar.c tests/lib/hidliar.c tests/lib/hidliar.h
tests_unit_test_hid_liar_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_liar_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_reports_SOURCES = tests/unit/test_hid_reports.c
tests_unit_test_hid_reports_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_reports_LDADD = drivers/libhid.la $(CMOCKA_LIBS)
tests_unit_test_hid_value_SOURCES = tests/unit/test_hid_value.c
tests_unit_test_hid_value_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hid_value_LDADD = drivers/libhid.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_hiddesc tests/fuzz/fuzz_hidreports tests/fuzz/fuzz_usbhid
endif
tests_fuzz_fuzz_usbhid_SOURCES = tests/fuzz/fuzz_usbhid.c tests/lib/hidliar.c tests/lib/hidliar.h
tests_fuzz_fuzz_usbhid_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_usbhid_LDADD = drivers/libhid.la
tests_fuzz_fuzz_hiddesc_SOURCES = tests/fuzz/fuzz_hiddesc.c
tests_fuzz_fuzz_hiddesc_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_hiddesc_LDADD = drivers/libhid.la
tests_fuzz_fuzz_hidreports_SOURCES = tests/fuzz/fuzz_hidreports.c
tests_fuzz_fuzz_hidreports_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_hidreports_LDADD = drivers/libhid.la

# ups.conf, as far as it concerns those who start drivers.
noinst_LTLIBRARIES += drivers/libctl.la
drivers_libctl_la_SOURCES = drivers/ctl/config.c drivers/ctl/ctl.h
drivers_libctl_la_LIBADD = common/libbase.la
sbin_PROGRAMS += drivers/upsdrvctl
drivers_upsdrvctl_SOURCES = \
	drivers/core/backoff.h \
	drivers/ctl/jobs.c \
	drivers/ctl/stop.c \
	drivers/ctl/supervisor.c \
	drivers/ctl/upsdrvctl.c
drivers_upsdrvctl_LDADD = drivers/libinit.la drivers/libcore.la

# Faults on demand, for the system tests.  Not check_PROGRAMS: they run without "make check".
noinst_PROGRAMS += tests/driver/probe-ups
tests_driver_probe_ups_SOURCES = tests/driver/probe-ups.c
tests_driver_probe_ups_LDADD = drivers/libcore.la

driver_tests = \
	tests/unit/test_driver_compose \
	tests/unit/test_driver_parts \
	tests/unit/test_driver_settings
check_PROGRAMS += $(driver_tests)
TESTS += $(driver_tests)
tests_unit_test_driver_compose_SOURCES = tests/unit/test_driver_compose.c
tests_unit_test_driver_compose_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driver_compose_LDADD = drivers/libcore.la $(CMOCKA_LIBS)
tests_unit_test_driver_parts_SOURCES = tests/unit/test_driver_parts.c drivers/virtual/script.c
tests_unit_test_driver_parts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driver_parts_LDADD = drivers/libcore.la $(CMOCKA_LIBS)
tests_unit_test_driver_settings_SOURCES = tests/unit/test_driver_settings.c
tests_unit_test_driver_settings_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driver_settings_LDADD = drivers/libcore.la $(CMOCKA_LIBS)

man_pages += docs/man/dummy-ups.8 docs/man/nutupsdrv.8 docs/man/upsdrvctl.8
man_pages += docs/man/snmp-ups.8
man_pages += docs/man/usbhid-ups.8
man_pages += docs/man/nutdrv_qx.8
man_pages += docs/man/clone.8 docs/man/clone-outlet.8 docs/man/failover.8

# UPSes that answer queries.
noinst_LTLIBRARIES += drivers/libqx.la
drivers_libqx_la_SOURCES = \
	drivers/qx/carrier.h \
	drivers/qx/qxbattery.c drivers/qx/qxbattery.h \
	drivers/qx/qxdevice.c drivers/qx/qxdevice.h \
	drivers/qx/qxmemory.c drivers/qx/qxmemory.h \
	drivers/qx/qxprobe.c drivers/qx/qxprobe.h \
	drivers/qx/qxserial.c drivers/qx/qxserial.h \
	drivers/qx/qxsettings.c drivers/qx/qxsettings.h
drivers_libqx_la_LIBADD = drivers/libenginehost.la drivers/libserial.la -lm

driver_PROGRAMS += drivers/nutdrv_qx
# The drivers that it took the place of.
qx_older = bestups blazer_ser blazer_usb
all-local: drivers/nutdrv_qx$(EXEEXT) drivers/apcsmart$(EXEEXT)
	$(AM_V_at)for name in $(qx_older); do $(LN_S) -f nutdrv_qx$(EXEEXT) drivers/$$name; done
	$(AM_V_at)$(LN_S) -f apcsmart$(EXEEXT) drivers/apcsmart-old
install_hooks += install-older-drivers
install-older-drivers: install-driverPROGRAMS
	for name in $(qx_older); do $(LN_S) -f nutdrv_qx$(EXEEXT) $(DESTDIR)$(driverdir)/$$name; done
	$(LN_S) -f apcsmart$(EXEEXT) $(DESTDIR)$(driverdir)/apcsmart-old
uninstall_hooks += uninstall-older-drivers
uninstall-older-drivers:
	for name in $(qx_older) apcsmart-old; do rm -f $(DESTDIR)$(driverdir)/$$name; done
CLEANFILES += drivers/apcsmart-old drivers/bestups drivers/blazer_ser drivers/blazer_usb
drivers_nutdrv_qx_SOURCES = drivers/qx/nutdrv_qx.c drivers/qx/qxusb.h
drivers_nutdrv_qx_LDADD = drivers/libqx.la
if HAVE_USB
drivers_nutdrv_qx_SOURCES += \
	drivers/qx/qxusb.c drivers/qx/qxusb_private.h \
	drivers/qx/qxusb_frames.c \
	drivers/qx/qxusb_reports.c \
	drivers/qx/qxusb_strings.c
drivers_nutdrv_qx_LDADD += drivers/libusbtransport.la
else
drivers_nutdrv_qx_SOURCES += drivers/qx/qxusb_none.c
endif

check_PROGRAMS += tests/unit/test_qx
TESTS += tests/unit/test_qx
tests_unit_test_qx_SOURCES = tests/unit/test_qx.c
tests_unit_test_qx_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_qx_LDADD = drivers/libqx.la $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_qx_garbage
TESTS += tests/unit/test_qx_garbage
tests_unit_test_qx_garbage_SOURCES = tests/unit/test_qx_garbage.c \
	tests/lib/qxtable.c tests/lib/qxtable.h
tests_unit_test_qx_garbage_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) \
	-DMAPS_DATA='"$(abs_top_srcdir)/data"' -DDEVICES='"$(abs_top_srcdir)/tests/sim/serial/devices"'
tests_unit_test_qx_garbage_LDADD = drivers/libqx.la $(CMOCKA_LIBS)
# Without the transport: an adapter that lies stands for it.
qx_usb_liar = tests/lib/usbliar.c tests/lib/usbliar.h \
	drivers/qx/qxusb.c drivers/qx/qxusb_private.h drivers/qx/qxusb_frames.c \
	drivers/qx/qxusb_reports.c drivers/qx/qxusb_strings.c
check_PROGRAMS += tests/unit/test_qxusb
TESTS += tests/unit/test_qxusb
tests_unit_test_qxusb_SOURCES = tests/unit/test_qxusb.c $(qx_usb_liar)
tests_unit_test_qxusb_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_qxusb_LDADD = drivers/libmaps.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_qx tests/fuzz/fuzz_qxdevice tests/fuzz/fuzz_qxusb
endif
tests_fuzz_fuzz_qxdevice_SOURCES = tests/fuzz/fuzz_qxdevice.c tests/lib/qxtable.c tests/lib/qxtable.h
tests_fuzz_fuzz_qxdevice_CPPFLAGS = $(AM_CPPFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_fuzz_fuzz_qxdevice_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_qxdevice_LDADD = drivers/libqx.la
tests_fuzz_fuzz_qxusb_SOURCES = tests/fuzz/fuzz_qxusb.c $(qx_usb_liar)
tests_fuzz_fuzz_qxusb_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_qxusb_LDADD = drivers/libmaps.la
tests_fuzz_fuzz_qx_SOURCES = tests/fuzz/fuzz_qx.c
tests_fuzz_fuzz_qx_CPPFLAGS = $(AM_CPPFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_fuzz_fuzz_qx_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_qx_LDADD = drivers/libqx.la

# UPSes that have contacts on a serial port.
driver_PROGRAMS += drivers/genericups
noinst_LTLIBRARIES += drivers/libcables.la
drivers_libcables_la_SOURCES = drivers/serial/cables.c drivers/serial/cables.h
drivers_genericups_SOURCES = drivers/serial/genericups.c
drivers_genericups_LDADD = drivers/libcables.la drivers/libserial.la drivers/libmaps.la
man_pages += docs/man/genericups.8

check_PROGRAMS += tests/unit/test_cables
TESTS += tests/unit/test_cables
tests_unit_test_cables_SOURCES = tests/unit/test_cables.c
tests_unit_test_cables_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_unit_test_cables_LDADD = drivers/libcables.la drivers/libserial.la drivers/libmaps.la $(CMOCKA_LIBS)
