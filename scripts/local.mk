# Helpers for people, and for systemd.
EXTRA_DIST += quickstart scripts/deps.sh scripts/playground .ci

units = \
	scripts/systemd/nut.target \
	scripts/systemd/nut-driver.target \
	scripts/systemd/nut-driver@.service \
	scripts/systemd/nut-driver.service \
	scripts/systemd/nut-driver-enumerator.path \
	scripts/systemd/nut-driver-enumerator.service \
	scripts/systemd/nut-server.service \
	scripts/systemd/nut-monitor.service \
	scripts/systemd/nut-logger.service \
	scripts/systemd/nut-hold.service \
	scripts/systemd/nut-shutdown.service \
	scripts/systemd/nut-shutdown-early.service

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
	scripts/systemd/nutshutdown.in scripts/systemd/nut-tmpfiles.conf.in \
	scripts/systemd/nut-sysusers.conf.in
CLEANFILES += $(units) scripts/systemd/nutshutdown scripts/systemd/nut-tmpfiles.conf \
	scripts/systemd/nut-sysusers.conf

# The last act of a shutdown: of its own for other inits than systemd.
libexec_SCRIPTS = scripts/systemd/nutshutdown

if HAVE_SYSTEMD
systemdsystemunit_DATA = $(units)
systemdshutdowndir = $(systemdsystemunitdir)/../system-shutdown
systemdshutdown_SCRIPTS = scripts/systemd/nutshutdown
tmpfilesdir = $(prefix)/lib/tmpfiles.d
tmpfiles_DATA = scripts/systemd/nut-tmpfiles.conf
if HAVE_OWN_USER
sysusersdir = $(prefix)/lib/sysusers.d
sysusers_DATA = scripts/systemd/nut-sysusers.conf
endif

# The names of Debian's units for upsmon.  They also hide its scripts for SysV's init.
install_hooks += install-unit-names
install-unit-names:
	$(MKDIR_P) '$(DESTDIR)$(systemdsystemunitdir)'
	for name in nut-client ups-monitor; do \
		ln -sf nut-monitor.service '$(DESTDIR)$(systemdsystemunitdir)/'$$name.service || exit 1; \
	done
uninstall_hooks += uninstall-unit-names
uninstall-unit-names:
	rm -f '$(DESTDIR)$(systemdsystemunitdir)/nut-client.service' \
		'$(DESTDIR)$(systemdsystemunitdir)/ups-monitor.service'
endif

# Other inits.
init_scripts = scripts/sysv/nut-server scripts/sysv/nut-client
openrc_scripts = scripts/openrc/nut-driver scripts/openrc/upsd scripts/openrc/upsmon \
	scripts/openrc/nut-killpower
EXTRA_DIST += $(init_scripts:=.in) $(openrc_scripts:=.in)
noinst_SCRIPTS = $(init_scripts) $(openrc_scripts)
CLEANFILES += $(noinst_SCRIPTS)
if WITH_SYSV
sysv_SCRIPTS = $(init_scripts)
install_hooks += install-sysv-name
install-sysv-name:
	$(MKDIR_P) '$(DESTDIR)$(sysvdir)'
	ln -sf nut-client '$(DESTDIR)$(sysvdir)/ups-monitor'
uninstall_hooks += uninstall-sysv-name
uninstall-sysv-name:
	rm -f '$(DESTDIR)$(sysvdir)/ups-monitor'
endif
if WITH_OPENRC
openrc_SCRIPTS = $(openrc_scripts)
endif

fill_in = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' -e 's|@confdir[@]|$(confdir)|g' \
	-e 's|@libexecdir[@]|$(libexecdir)|g' -e 's|@drvpath[@]|$(drvpath)|g' \
	-e 's|@statepath[@]|$(statepath)|g' -e 's|@pidpath[@]|$(pidpath)|g' \
	-e 's|@altpidpath[@]|$(altpidpath)|g' -e 's|@user[@]|$(with_user)|g' \
	-e 's|@group[@]|$(with_group)|g'
scripts/sysv/%: scripts/sysv/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts/sysv && $(fill_in) $< >$@ && chmod +x $@
scripts/openrc/%: scripts/openrc/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts/openrc && $(fill_in) $< >$@ && chmod +x $@
scripts/systemd/%: scripts/systemd/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts/systemd && $(fill_in) $< >$@

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

include scripts/integration.mk
EXTRA_DIST += debian scripts/analyse scripts/analyse.known scripts/analyse.suppressions scripts/build-debs scripts/build-rpms scripts/cross-build scripts/rpm scripts/release scripts/reproducible scripts/sbom

# make release CHESTNUT_SIGNING_KEY=FILE
release:
	CHESTNUT_SIGNING_KEY='$(CHESTNUT_SIGNING_KEY)' $(srcdir)/scripts/release $(RELEASE_FLAGS) '$(abs_builddir)/release'
.PHONY: release
EXTRA_DIST += scripts/container/rootfs scripts/container/Containerfile.upsd scripts/container/Containerfile.upsweb
