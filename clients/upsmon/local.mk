# The group language.  Tarballs carry the parser that bison makes of its grammar.
group_language = \
	clients/upsmon/groupcheck.c \
	clients/upsmon/groupconf.c clients/upsmon/groupconf.h \
	clients/upsmon/groupgram.c \
	clients/upsmon/grouplex.c clients/upsmon/grouplex.h \
	clients/upsmon/groupparse.h \
	clients/upsmon/grouprule.c \
	clients/upsmon/groupsite.c \
	clients/upsmon/grouptext.c \
	clients/upsmon/groupups.c
EXTRA_DIST += clients/upsmon/groupgram.y
MAINTAINERCLEANFILES += clients/upsmon/groupgram.c

clients/upsmon/groupgram.c: clients/upsmon/groupgram.y
	$(AM_V_GEN)$(MKDIR_P) clients/upsmon && $(BISON) -o $@ $(srcdir)/clients/upsmon/groupgram.y

# upsmon: a thin main over a convenience library, which the unit tests link.
noinst_LTLIBRARIES += clients/upsmon/libupsmon.la
clients_upsmon_libupsmon_la_SOURCES = \
	clients/upsmon/actions.c clients/upsmon/actions.h \
	clients/upsmon/conf.c clients/upsmon/conf.h \
	clients/upsmon/delivery.h \
	clients/upsmon/facts.c clients/upsmon/facts.h \
	$(group_language) \
	clients/upsmon/rulebook.c clients/upsmon/rulebook.h \
	clients/upsmon/timers.c clients/upsmon/timers.h \
	clients/upsmon/tls.c clients/upsmon/tls.h \
	clients/upsmon/engine.c clients/upsmon/engine.h clients/upsmon/engine_impl.h \
	clients/upsmon/engine_end.c \
	clients/upsmon/engine_reload.c \
	clients/upsmon/monitor.c clients/upsmon/monitor.h \
	clients/upsmon/notice.c clients/upsmon/notice.h \
	clients/upsmon/policy.h \
	clients/upsmon/powerflag.c clients/upsmon/powerflag.h \
	clients/upsmon/privsep.c clients/upsmon/privsep.h \
	clients/upsmon/rules.c clients/upsmon/rules.h \
	clients/upsmon/shutdown.c clients/upsmon/shutdown.h \
	clients/upsmon/spawn.c clients/upsmon/spawn.h \
	clients/upsmon/watch.c

upsmon_libs = clients/upsmon/libupsmon.la common/libupsnet.la

sbin_PROGRAMS += clients/upsmon/upsmon
clients_upsmon_upsmon_SOURCES = clients/upsmon/main.c
clients_upsmon_upsmon_LDADD = $(upsmon_libs)

# nut-upsmon-mkconf: makes a file in the group language.
mkconf_parts = \
	clients/upsmon/mkconf.h \
	clients/upsmon/mkconf_answers.c \
	clients/upsmon/mkconf_file.c \
	clients/upsmon/mkconf_plan.c
sbin_PROGRAMS += clients/upsmon/nut-upsmon-mkconf
clients_upsmon_nut_upsmon_mkconf_SOURCES = clients/upsmon/mkconf.c $(mkconf_parts)
clients_upsmon_nut_upsmon_mkconf_LDADD = clients/libsecure.la $(upsmon_libs)
man_pages += docs/man/nut-upsmon-mkconf.8

check_PROGRAMS += tests/unit/test_upsmon_mkconf
TESTS += tests/unit/test_upsmon_mkconf
tests_unit_test_upsmon_mkconf_SOURCES = tests/unit/test_upsmon_mkconf.c $(mkconf_parts)
tests_unit_test_upsmon_mkconf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_mkconf_LDADD = clients/libsecure.la $(upsmon_libs) $(CMOCKA_LIBS)

man_pages += docs/man/upsmon.8
EXTRA_DIST += docs/upsmon-safety.md

upsmon_tests = \
	tests/unit/test_upsmon_conf \
	tests/unit/test_upsmon_engine \
	tests/unit/test_upsmon_monitor \
	tests/unit/test_upsmon_rules \
	tests/unit/test_upsmon_shutdown
check_PROGRAMS += $(upsmon_tests)
TESTS += $(upsmon_tests)
tests_unit_test_upsmon_conf_SOURCES = tests/unit/test_upsmon_conf.c
tests_unit_test_upsmon_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_conf_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_engine_SOURCES = tests/unit/test_upsmon_engine.c
tests_unit_test_upsmon_engine_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_engine_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_monitor_SOURCES = tests/unit/test_upsmon_monitor.c
tests_unit_test_upsmon_monitor_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_monitor_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_rules_SOURCES = tests/unit/test_upsmon_rules.c
tests_unit_test_upsmon_rules_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_rules_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_shutdown_SOURCES = tests/unit/test_upsmon_shutdown.c
tests_unit_test_upsmon_shutdown_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_shutdown_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_rulebook
TESTS += tests/unit/test_upsmon_rulebook
tests_unit_test_upsmon_rulebook_SOURCES = tests/unit/test_upsmon_rulebook.c
tests_unit_test_upsmon_rulebook_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_rulebook_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_groupconf
TESTS += tests/unit/test_upsmon_groupconf
tests_unit_test_upsmon_groupconf_SOURCES = tests/unit/test_upsmon_groupconf.c
tests_unit_test_upsmon_groupconf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_groupconf_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_grouplex
TESTS += tests/unit/test_upsmon_grouplex
tests_unit_test_upsmon_grouplex_SOURCES = tests/unit/test_upsmon_grouplex.c
tests_unit_test_upsmon_grouplex_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_grouplex_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_groupconf
endif
tests_fuzz_fuzz_groupconf_SOURCES = tests/fuzz/fuzz_groupconf.c
tests_fuzz_fuzz_groupconf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_groupconf_LDADD = $(upsmon_libs)
