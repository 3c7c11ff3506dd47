# The driver core, the drivers, upsdrvctl.
include drivers/maps/local.mk
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
	drivers/core/twin.c
drivers_libcore_la_LIBADD = common/libsandbox.la common/libups.la common/libnet.la common/libbase.la

# USB devices, for the drivers that speak to them.
if HAVE_USB
noinst_LTLIBRARIES += drivers/libusbtransport.la
noinst_PROGRAMS += tests/driver/probe-usb
endif
drivers_libusbtransport_la_SOURCES = \
	drivers/transport/usb.h drivers/transport/usb_private.h \
	drivers/transport/usb_bus.c \
	drivers/transport/usb_find.c \
	drivers/transport/usb_hid.c \
	drivers/transport/usb_holder.c \
	drivers/transport/usb_io.c \
	drivers/transport/usb_listen.c \
	drivers/transport/usb_open.c
drivers_libusbtransport_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUSB_CFLAGS)
drivers_libusbtransport_la_LIBADD = drivers/libcore.la $(LIBUSB_LIBS)
tests_driver_probe_usb_SOURCES = tests/driver/probe-usb.c
tests_driver_probe_usb_LDADD = drivers/libusbtransport.la

driver_PROGRAMS += drivers/dummy-ups
drivers_dummy_ups_SOURCES = \
	drivers/virtual/dummy-ups.c drivers/virtual/dummy.h \
	drivers/virtual/player.c \
	drivers/virtual/repeater.c \
	drivers/virtual/script.c drivers/virtual/script.h
drivers_dummy_ups_LDADD = drivers/libcore.la common/libupsnet.la

sbin_PROGRAMS += drivers/upsdrvctl
drivers_upsdrvctl_SOURCES = \
	drivers/core/backoff.h \
	drivers/ctl/config.c \
	drivers/ctl/ctl.h \
	drivers/ctl/jobs.c \
	drivers/ctl/stop.c \
	drivers/ctl/supervisor.c \
	drivers/ctl/upsdrvctl.c
drivers_upsdrvctl_LDADD = drivers/libcore.la

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
