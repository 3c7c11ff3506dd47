# Helpers for people, and for systemd.
EXTRA_DIST += quickstart scripts/deps.sh scripts/playground .ci

units = \
	scripts/systemd/nut.target \
	scripts/systemd/nut-driver.service \
	scripts/systemd/nut-server.service \
	scripts/systemd/nut-monitor.service \
	scripts/systemd/nut-hold.service

if HAVE_MOSQUITTO
units += scripts/systemd/nut-mqtt.service
endif

if HAVE_AVAHI
units += scripts/systemd/nut-announce.service
endif

if HAVE_UPSWEB
units += scripts/systemd/nut-web.service
endif

EXTRA_DIST += scripts/systemd/README.md $(units:=.in) scripts/systemd/nut-mqtt.service.in \
	scripts/systemd/nut-web.service.in scripts/systemd/nut-announce.service.in \
	scripts/systemd/nutshutdown.in scripts/systemd/nut-tmpfiles.conf.in
CLEANFILES += $(units) scripts/systemd/nutshutdown scripts/systemd/nut-tmpfiles.conf

if HAVE_SYSTEMD
systemdsystemunit_DATA = $(units)
systemdshutdowndir = $(systemdsystemunitdir)/../system-shutdown
systemdshutdown_SCRIPTS = scripts/systemd/nutshutdown
tmpfilesdir = $(prefix)/lib/tmpfiles.d
tmpfiles_DATA = scripts/systemd/nut-tmpfiles.conf
endif

scripts/systemd/%: scripts/systemd/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts/systemd && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@confdir[@]|$(confdir)|g' \
		-e 's|@statepath[@]|$(statepath)|g' -e 's|@user[@]|$(with_user)|g' \
		-e 's|@group[@]|$(with_group)|g' $< >$@

# Who may use USB devices: made from the maps.
noinst_DATA = scripts/udev/62-nut-usbups.rules scripts/udev/62-nut-usbups.hwdb \
	scripts/devd/nut-usb.conf
CLEANFILES += $(noinst_DATA)
if HAVE_UDEV
udevrulesdir = $(udevdir)/rules.d
udevrules_DATA = scripts/udev/62-nut-usbups.rules
udevhwdbdir = $(udevdir)/hwdb.d
udevhwdb_DATA = scripts/udev/62-nut-usbups.hwdb
endif
if HAVE_DEVD
devd_DATA = scripts/devd/nut-usb.conf
endif

usb_maps = $(dist_mapsusbhid_DATA) $(dist_mapsnutdrvqx_DATA)
map_devices = NUT_DATAPATH=$(srcdir)/data NUT_CONFPATH=/nonexistent \
	$(NUT_MAPCHECK) --quiet --group '$(with_group)'
scripts/udev/62-nut-usbups.rules: drivers/nut-mapcheck$(EXEEXT) $(usb_maps)
	$(AM_V_GEN)$(MKDIR_P) scripts/udev && $(map_devices) --udev >$@.new && mv $@.new $@
scripts/udev/62-nut-usbups.hwdb: drivers/nut-mapcheck$(EXEEXT) $(usb_maps)
	$(AM_V_GEN)$(MKDIR_P) scripts/udev && $(map_devices) --hwdb >$@.new && mv $@.new $@
scripts/devd/nut-usb.conf: drivers/nut-mapcheck$(EXEEXT) $(usb_maps)
	$(AM_V_GEN)$(MKDIR_P) scripts/devd && $(map_devices) --devd >$@.new && mv $@.new $@

EXTRA_DIST += scripts/ufw/nut
EXTRA_DIST += scripts/container/rootfs scripts/container/Containerfile.upsd scripts/container/Containerfile.upsweb
