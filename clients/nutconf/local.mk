# nutconf: sets the suite up, checks its files and edits them.
noinst_LTLIBRARIES += clients/libnutconf.la
clients_libnutconf_la_SOURCES = \
	clients/nutconf/check.c \
	clients/nutconf/direct.c \
	clients/nutconf/lineedit.c clients/nutconf/lineedit.h \
	clients/nutconf/setup.c \
	clients/nutconf/verbs.h
clients_libnutconf_la_LIBADD = common/libbase.la

bin_PROGRAMS += clients/nutconf/nutconf
clients_nutconf_nutconf_SOURCES = clients/nutconf/main.c
clients_nutconf_nutconf_LDADD = clients/libnutconf.la

check_PROGRAMS += tests/unit/test_lineedit
TESTS += tests/unit/test_lineedit
tests_unit_test_lineedit_SOURCES = tests/unit/test_lineedit.c
tests_unit_test_lineedit_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lineedit_LDADD = clients/libnutconf.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_lineedit
endif
tests_fuzz_fuzz_lineedit_SOURCES = tests/fuzz/fuzz_lineedit.c
tests_fuzz_fuzz_lineedit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_lineedit_LDADD = clients/libnutconf.la
