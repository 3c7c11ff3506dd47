# upssched: a thin main over a convenience library, which the unit tests link.
noinst_LTLIBRARIES += clients/upssched/libupssched.la
clients_upssched_libupssched_la_SOURCES = \
	clients/upssched/client.c clients/upssched/client.h \
	clients/upssched/conf.c clients/upssched/conf.h \
	clients/upssched/lock.c clients/upssched/lock.h \
	clients/upssched/reach.c clients/upssched/reach.h \
	clients/upssched/schedule.c clients/upssched/schedule.h \
	clients/upssched/script.c clients/upssched/script.h \
	clients/upssched/timerd.c clients/upssched/timerd.h clients/upssched/timerd_private.h \
	clients/upssched/timerd_alarm.c \
	clients/upssched/timerd_serve.c \
	clients/upssched/wire.c clients/upssched/wire.h

upssched_libs = clients/upssched/libupssched.la clients/upsmon/libtimers.la common/libnet.la

sbin_PROGRAMS += clients/upssched/upssched
clients_upssched_upssched_SOURCES = clients/upssched/main.c
clients_upssched_upssched_LDADD = $(upssched_libs)

man_pages += docs/man/upssched.8 docs/man/upssched.conf.5

upssched_tests = \
	tests/unit/test_upssched_conf \
	tests/unit/test_upssched_lock \
	tests/unit/test_upssched_schedule
check_PROGRAMS += $(upssched_tests)
TESTS += $(upssched_tests)
tests_unit_test_upssched_conf_SOURCES = tests/unit/test_upssched_conf.c
tests_unit_test_upssched_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upssched_conf_LDADD = $(upssched_libs) $(CMOCKA_LIBS)
tests_unit_test_upssched_lock_SOURCES = tests/unit/test_upssched_lock.c
tests_unit_test_upssched_lock_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upssched_lock_LDADD = $(upssched_libs) $(CMOCKA_LIBS)
tests_unit_test_upssched_schedule_SOURCES = tests/unit/test_upssched_schedule.c
tests_unit_test_upssched_schedule_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upssched_schedule_LDADD = $(upssched_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_upssched
endif
tests_fuzz_fuzz_upssched_SOURCES = tests/fuzz/fuzz_upssched.c
tests_fuzz_fuzz_upssched_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_upssched_LDADD = $(upssched_libs)
