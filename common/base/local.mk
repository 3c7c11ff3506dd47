# Floor 1: what any daemon needs.  Knows neither networks nor power.
noinst_LTLIBRARIES += common/libbase.la
common_libbase_la_SOURCES =
common_libbase_la_SOURCES += common/base/buffer.c common/base/buffer.h
common_libbase_la_SOURCES += common/base/clock.c common/base/clock.h
common_libbase_la_SOURCES += common/base/command.c common/base/command.h
common_libbase_la_SOURCES += common/base/conffile.c common/base/conffile.h
common_libbase_la_SOURCES += common/base/daemon.c common/base/daemon.h
common_libbase_la_SOURCES += common/base/directives.c common/base/directives.h
common_libbase_la_SOURCES += common/base/errout.c common/base/errout.h
common_libbase_la_SOURCES += common/base/helper.c common/base/helper.h
common_libbase_la_SOURCES += common/base/guarded.c common/base/guarded.h
common_libbase_la_SOURCES += common/base/json.c common/base/json.h
common_libbase_la_SOURCES += common/base/log.c common/base/log.h
common_libbase_la_SOURCES += common/base/modefile.c common/base/modefile.h
common_libbase_la_SOURCES += common/base/options.c common/base/options.h
common_libbase_la_SOURCES += common/base/paths.c common/base/paths.h
common_libbase_la_SOURCES += common/base/privilege.c common/base/privilege.h
common_libbase_la_SOURCES += common/base/run.c common/base/run.h
common_libbase_la_SOURCES += common/base/secretword.c common/base/secretword.h
common_libbase_la_SOURCES += common/base/str.c common/base/str.h
common_libbase_la_SOURCES += common/base/talk.c common/base/talk.h
common_libbase_la_SOURCES += common/base/wholefile.c common/base/wholefile.h
common_libbase_la_SOURCES += common/base/words.c common/base/words.h

base_service_tests = \
	tests/unit/test_log \
	tests/unit/test_options \
	tests/unit/test_daemon \
	tests/unit/test_run
check_PROGRAMS += $(base_service_tests)
TESTS += $(base_service_tests)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_log_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_options_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_options_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_daemon_SOURCES = tests/unit/test_daemon.c
tests_unit_test_daemon_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_daemon_LDADD = common/libbase.la $(CMOCKA_LIBS)

tests_unit_test_run_SOURCES = tests/unit/test_run.c
tests_unit_test_run_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_run_LDADD = common/libbase.la $(CMOCKA_LIBS)

base_text_tests =
base_text_tests += tests/unit/test_str
base_text_tests += tests/unit/test_buffer
base_text_tests += tests/unit/test_words
base_text_tests += tests/unit/test_conffile
base_text_tests += tests/unit/test_command
base_text_tests += tests/unit/test_directives
check_PROGRAMS += $(base_text_tests)
TESTS += $(base_text_tests)
tests_unit_test_str_SOURCES = tests/unit/test_str.c
tests_unit_test_str_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_str_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_buffer_SOURCES = tests/unit/test_buffer.c
tests_unit_test_buffer_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_buffer_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_words_SOURCES = tests/unit/test_words.c
tests_unit_test_words_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_words_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_conffile_SOURCES = tests/unit/test_conffile.c
tests_unit_test_conffile_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conffile_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_directives_SOURCES = tests/unit/test_directives.c
tests_unit_test_directives_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_directives_LDADD = common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_command_SOURCES = tests/unit/test_command.c
tests_unit_test_command_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_command_LDADD = common/libbase.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_words
noinst_PROGRAMS += tests/fuzz/fuzz_conffile
noinst_PROGRAMS += tests/fuzz/fuzz_modefile
endif
tests_fuzz_fuzz_modefile_SOURCES = tests/fuzz/fuzz_modefile.c
tests_fuzz_fuzz_modefile_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_modefile_LDADD = common/libbase.la
tests_fuzz_fuzz_words_SOURCES = tests/fuzz/fuzz_words.c
tests_fuzz_fuzz_words_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_words_LDADD = common/libbase.la
tests_fuzz_fuzz_conffile_SOURCES = tests/fuzz/fuzz_conffile.c
tests_fuzz_fuzz_conffile_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_conffile_LDADD = common/libbase.la

# Apart, so that only daemons depend on libseccomp and not every user of libupsclient.
noinst_LTLIBRARIES += common/libsandbox.la
common_libsandbox_la_SOURCES = common/base/sandbox.c common/base/sandbox.h
common_libsandbox_la_SOURCES += common/base/fence.c common/base/fence.h
common_libsandbox_la_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
common_libsandbox_la_LIBADD = common/libbase.la $(SECCOMP_LIBS)
check_PROGRAMS += tests/unit/test_sandbox
TESTS += tests/unit/test_sandbox
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c
tests_unit_test_sandbox_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sandbox_LDADD = common/libsandbox.la $(CMOCKA_LIBS)
