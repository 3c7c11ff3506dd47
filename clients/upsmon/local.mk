# What upssched shares with upsmon.
noinst_LTLIBRARIES += clients/upsmon/libtimers.la
clients_upsmon_libtimers_la_SOURCES = \
	clients/upsmon/notice.c clients/upsmon/notice.h \
	clients/upsmon/spawn.c clients/upsmon/spawn.h \
	clients/upsmon/timers.c clients/upsmon/timers.h
clients_upsmon_libtimers_la_LIBADD = common/libbase.la

check_PROGRAMS += tests/unit/test_timers
TESTS += tests/unit/test_timers
tests_unit_test_timers_SOURCES = tests/unit/test_timers.c
tests_unit_test_timers_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_timers_LDADD = clients/upsmon/libtimers.la $(CMOCKA_LIBS)

# upsmon: a thin main over a convenience library, which the unit tests link.
noinst_LTLIBRARIES += clients/upsmon/libupsmon.la
clients_upsmon_libupsmon_la_SOURCES = \
	clients/upsmon/actions.c clients/upsmon/actions.h \
	clients/upsmon/conf.c clients/upsmon/conf.h \
	clients/upsmon/delivery.h \
	clients/upsmon/facts.c clients/upsmon/facts.h \
	clients/upsmon/rulebook.c clients/upsmon/rulebook.h \
	clients/upsmon/tls.c clients/upsmon/tls.h \
	clients/upsmon/engine.c clients/upsmon/engine.h clients/upsmon/engine_impl.h \
	clients/upsmon/engine_end.c \
	clients/upsmon/engine_reload.c \
	clients/upsmon/monitor.c clients/upsmon/monitor.h \
	clients/upsmon/policy.h \
	clients/upsmon/powerflag.c clients/upsmon/powerflag.h \
	clients/upsmon/privsep.c clients/upsmon/privsep.h \
	clients/upsmon/rules.c clients/upsmon/rules.h \
	clients/upsmon/shutdown.c clients/upsmon/shutdown.h \
	clients/upsmon/watch.c

upsmon_libs = clients/upsmon/libupsmon.la clients/upsmon/libtimers.la common/libupsnet.la

sbin_PROGRAMS += clients/upsmon/upsmon
clients_upsmon_upsmon_SOURCES = clients/upsmon/main.c
clients_upsmon_upsmon_LDADD = $(upsmon_libs)

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
