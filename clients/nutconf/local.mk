# nutconf: sets the suite up, checks its files and edits them.
noinst_LTLIBRARIES += clients/libnutconf.la clients/libtools.la
clients_libtools_la_SOURCES = clients/nutconf/tools.c clients/nutconf/tools.h
clients_libtools_la_LIBADD = common/libbase.la
clients_libnutconf_la_SOURCES = \
	clients/nutconf/apcupsd.c clients/nutconf/apcupsd.h clients/nutconf/apcupsd_plan.c \
	clients/nutconf/fromapcupsd.c \
	clients/nutconf/trial.c \
	clients/nutconf/changes.c clients/nutconf/changes.h \
	clients/nutconf/check.c \
	clients/nutconf/device.c clients/nutconf/device.h \
	clients/nutconf/diff.c clients/nutconf/diff.h \
	clients/nutconf/direct.c clients/nutconf/direct.h clients/nutconf/direct_set.c \
	clients/nutconf/hide.c clients/nutconf/hide.h \
	clients/nutconf/lineedit.c clients/nutconf/lineedit.h \
	clients/nutconf/scan.c clients/nutconf/scan.h \
	clients/nutconf/setup.c \
	clients/nutconf/verbs.h
nutconf_libs = clients/libnutconf.la clients/libtools.la clients/libsecure.la $(upsmon_libs)

bin_PROGRAMS += clients/nutconf/nutconf
clients_nutconf_nutconf_SOURCES = clients/nutconf/main.c
clients_nutconf_nutconf_LDADD = $(nutconf_libs)

check_PROGRAMS += tests/unit/test_lineedit
TESTS += tests/unit/test_lineedit
tests_unit_test_lineedit_SOURCES = tests/unit/test_lineedit.c
tests_unit_test_lineedit_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lineedit_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_lineedit
endif
tests_fuzz_fuzz_lineedit_SOURCES = tests/fuzz/fuzz_lineedit.c
tests_fuzz_fuzz_lineedit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_lineedit_LDADD = $(nutconf_libs)

check_PROGRAMS += tests/unit/test_apcupsd_conf
TESTS += tests/unit/test_apcupsd_conf
tests_unit_test_apcupsd_conf_SOURCES = tests/unit/test_apcupsd_conf.c
tests_unit_test_apcupsd_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_apcupsd_conf_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_apcupsd
endif
tests_fuzz_fuzz_apcupsd_SOURCES = tests/fuzz/fuzz_apcupsd.c
tests_fuzz_fuzz_apcupsd_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_apcupsd_LDADD = $(nutconf_libs)
