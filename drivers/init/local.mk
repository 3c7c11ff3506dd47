# What starts drivers at boot: systemd's generator, and the tools around its units.
noinst_LTLIBRARIES += drivers/libinit.la
drivers_libinit_la_SOURCES = \
	drivers/init/instance.c drivers/init/instance.h \
	drivers/init/mode.c drivers/init/mode.h \
	drivers/init/resync.c drivers/init/resync.h \
	drivers/init/showconf.c drivers/init/showconf.h \
	drivers/init/systemd.c drivers/init/systemd.h \
	drivers/init/unitfiles.c drivers/init/unitfiles.h
drivers_libinit_la_LIBADD = drivers/libctl.la common/libbase.la

libexec_PROGRAMS = drivers/nut-driver-enumerator
drivers_nut_driver_enumerator_SOURCES = drivers/init/enumerator.c
drivers_nut_driver_enumerator_LDADD = drivers/libinit.la
sbin_PROGRAMS += drivers/upsdrvsvcctl
drivers_upsdrvsvcctl_SOURCES = drivers/init/svcctl.c
drivers_upsdrvsvcctl_LDADD = drivers/libinit.la
if HAVE_SYSTEMD
systemdgeneratordir = $(systemdsystemunitdir)/../system-generators
systemdgenerator_PROGRAMS = drivers/nut-driver-generator
endif
drivers_nut_driver_generator_SOURCES = drivers/init/generator.c
drivers_nut_driver_generator_LDADD = drivers/libinit.la

# The name that scripts know from NUT.
install_hooks += install-enumerator-name
install-enumerator-name:
	$(MKDIR_P) '$(DESTDIR)$(libexecdir)'
	ln -sf nut-driver-enumerator '$(DESTDIR)$(libexecdir)/nut-driver-enumerator.sh'
uninstall_hooks += uninstall-enumerator-name
uninstall-enumerator-name:
	rm -f '$(DESTDIR)$(libexecdir)/nut-driver-enumerator.sh'

man_pages += docs/man/nut-driver-enumerator.8 docs/man/upsdrvsvcctl.8

check_PROGRAMS += tests/unit/test_init
TESTS += tests/unit/test_init
tests_unit_test_init_SOURCES = tests/unit/test_init.c
tests_unit_test_init_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_init_LDADD = drivers/libinit.la $(CMOCKA_LIBS)
