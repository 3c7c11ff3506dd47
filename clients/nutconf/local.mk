# nutconf: sets the suite up, checks its files and edits them.
noinst_LTLIBRARIES += clients/libnutconf.la
clients_libnutconf_la_SOURCES = \
	clients/nutconf/changes.c clients/nutconf/changes.h \
	clients/nutconf/check.c clients/nutconf/check.h \
	clients/nutconf/check_access.c clients/nutconf/check_daemons.c \
	clients/nutconf/check_devices.c clients/nutconf/check_mode.c \
	clients/nutconf/check_monitors.c clients/nutconf/check_report.c \
	clients/nutconf/check_shutdown.c \
	clients/nutconf/device.c clients/nutconf/device.h \
	clients/nutconf/diff.c clients/nutconf/diff.h \
	clients/nutconf/direct.c clients/nutconf/direct.h clients/nutconf/direct_scan.c \
	clients/nutconf/direct_set.c \
	clients/nutconf/sayings.c clients/nutconf/sayings.h \
	clients/nutconf/hide.c clients/nutconf/hide.h \
	clients/nutconf/lineedit.c clients/nutconf/lineedit.h \
	clients/nutconf/lineedit_private.h clients/nutconf/lineedit_sections.c \
	clients/nutconf/scan.c clients/nutconf/scan.h \
	clients/nutconf/server.c clients/nutconf/server.h \
	clients/nutconf/setup.c clients/nutconf/setup.h \
	clients/nutconf/setup_answers.c clients/nutconf/setup_options.c \
	clients/nutconf/setup_plan.c clients/nutconf/setup_start.c \
	clients/nutconf/tools.c clients/nutconf/tools.h \
	clients/nutconf/verbs.h
nutconf_libs = clients/libtrial.la clients/libnutconf.la clients/libsecure.la clients/libcli.la $(upsmon_libs) $(CRYPT_LIBS)

bin_PROGRAMS += clients/nutconf/nutconf
clients_nutconf_nutconf_SOURCES = clients/nutconf/main.c
clients_nutconf_nutconf_LDADD = $(nutconf_libs)
man_pages += docs/man/nutconf.8

check_PROGRAMS += tests/unit/test_lineedit
TESTS += tests/unit/test_lineedit
tests_unit_test_lineedit_SOURCES = tests/unit/test_lineedit.c
tests_unit_test_lineedit_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lineedit_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_nutconf
TESTS += tests/unit/test_nutconf
tests_unit_test_nutconf_SOURCES = tests/unit/test_nutconf.c
tests_unit_test_nutconf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_nutconf_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_lineedit tests/fuzz/fuzz_scanline
endif
tests_fuzz_fuzz_lineedit_SOURCES = tests/fuzz/fuzz_lineedit.c
tests_fuzz_fuzz_lineedit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_lineedit_LDADD = $(nutconf_libs)
tests_fuzz_fuzz_scanline_SOURCES = tests/fuzz/fuzz_scanline.c
tests_fuzz_fuzz_scanline_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_scanline_LDADD = $(nutconf_libs)
