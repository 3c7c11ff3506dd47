# What nutconf's verbs trial and from-apcupsd are made of.
noinst_LTLIBRARIES += clients/libtrial.la
clients_libtrial_la_SOURCES = \
	clients/nutconf/apcupsd.c clients/nutconf/apcupsd.h clients/nutconf/apcupsd_plan.c \
	clients/nutconf/fromapcupsd.c \
	clients/nutconf/trial.c clients/nutconf/trial.h \
	clients/nutconf/trial_ask.c clients/nutconf/trial_ask.h \
	clients/nutconf/trial_conf.c clients/nutconf/trial_conf.h \
	clients/nutconf/trial_events.c clients/nutconf/trial_events.h \
	clients/nutconf/trial_hands.h \
	clients/nutconf/trial_procs.c \
	clients/nutconf/trial_record.c \
	clients/nutconf/trial_report.c \
	clients/nutconf/trial_site.c clients/nutconf/trial_site.h \
	clients/nutconf/trial_switch.c clients/nutconf/trial_switch.h \
	clients/nutconf/trial_units.c \
	clients/nutconf/trial_values.c clients/nutconf/trial_values.h \
	clients/nutconf/trial_watch.c
man_pages += docs/man/nutconf-trial.8 docs/man/nutconf-from-apcupsd.8

trial_tests = tests/unit/test_apcupsd_conf tests/unit/test_trial
check_PROGRAMS += $(trial_tests)
TESTS += $(trial_tests)
tests_unit_test_apcupsd_conf_SOURCES = tests/unit/test_apcupsd_conf.c
tests_unit_test_apcupsd_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_apcupsd_conf_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)
tests_unit_test_trial_SOURCES = tests/unit/test_trial.c
tests_unit_test_trial_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_trial_LDADD = $(nutconf_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_apcupsd
endif
tests_fuzz_fuzz_apcupsd_SOURCES = tests/fuzz/fuzz_apcupsd.c
tests_fuzz_fuzz_apcupsd_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_apcupsd_LDADD = $(nutconf_libs)
