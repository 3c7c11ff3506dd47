# Helpers for people, and for systemd.
EXTRA_DIST += quickstart scripts/deps.sh scripts/playground .ci

units = \
	scripts/systemd/nut.target \
	scripts/systemd/nut-driver.service \
	scripts/systemd/nut-server.service \
	scripts/systemd/nut-monitor.service \
	scripts/systemd/nut-hold.service

EXTRA_DIST += scripts/systemd/README.md $(units:=.in) \
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
EXTRA_DIST += scripts/ufw/nut
