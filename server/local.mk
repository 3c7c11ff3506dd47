# upsd: a thin main over a library that the unit tests link too.
noinst_LTLIBRARIES += server/libupsd.la
server_libupsd_la_SOURCES = \
	server/check.c server/check.h \
	server/client.c server/client.h \
	server/credentials.c server/credentials.h \
	server/guard.c server/guard.h server/guard_helper.c server/guard_private.h \
	server/penalty.c server/penalty.h \
	server/cmd_get.c server/cmd_list.c server/cmd_session.c \
	server/cmd_set.c server/cmd_subscribe.c \
	server/command.c server/command.h \
	server/conf.c server/conf_devices.c server/conf.h \
	server/confine.c server/confine.h \
	server/listen.c server/listen.h \
	server/nametable.c server/nametable.h \
	server/rendered.c server/rendered.h \
	server/secure.c server/secure.h \
	server/reply.c server/reply.h \
	server/subscription.c server/subscription.h \
	server/tracking.c server/tracking.h \
	server/ups.c server/ups.h \
	server/upsd.c server/upsd.h \
	server/users.c server/users.h
server_libupsd_la_LIBADD = common/libdriverlink.la common/libopener.la common/libsandbox.la common/libups.la common/libnet.la common/libbase.la $(CRYPT_LIBS) $(WRAP_LIBS)

sbin_PROGRAMS += server/upsd
server_upsd_SOURCES = server/main.c
server_upsd_LDADD = server/libupsd.la

man_pages += docs/man/upsd.8
EXTRA_DIST += docs/push.md

check_PROGRAMS += tests/unit/test_upsd_tables tests/unit/test_upsd_conf
TESTS += tests/unit/test_upsd_tables tests/unit/test_upsd_conf
tests_unit_test_upsd_tables_SOURCES = tests/unit/test_upsd_tables.c
tests_unit_test_upsd_tables_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsd_tables_LDADD = server/libupsd.la $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_guard tests/unit/test_penalty
TESTS += tests/unit/test_guard tests/unit/test_penalty
tests_unit_test_guard_SOURCES = tests/unit/test_guard.c
tests_unit_test_guard_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_guard_LDADD = server/libupsd.la $(CMOCKA_LIBS)
tests_unit_test_penalty_SOURCES = tests/unit/test_penalty.c
tests_unit_test_penalty_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_penalty_LDADD = server/libupsd.la $(CMOCKA_LIBS)
tests_unit_test_upsd_conf_SOURCES = tests/unit/test_upsd_conf.c
tests_unit_test_upsd_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsd_conf_LDADD = server/libupsd.la $(CMOCKA_LIBS)

# Whole conversations, with a upsd inside the test's process.
upsd_site = tests/unit/upsd_site.c tests/unit/upsd_site.h
check_PROGRAMS += tests/unit/test_upsd_session tests/unit/test_upsd_push
TESTS += tests/unit/test_upsd_session tests/unit/test_upsd_push
tests_unit_test_upsd_session_SOURCES = tests/unit/test_upsd_session.c $(upsd_site)
tests_unit_test_upsd_session_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsd_session_LDADD = server/libupsd.la $(CMOCKA_LIBS)
tests_unit_test_upsd_push_SOURCES = tests/unit/test_upsd_push.c $(upsd_site)
tests_unit_test_upsd_push_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsd_push_LDADD = server/libupsd.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_session
endif
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c $(upsd_site)
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_session_LDADD = server/libupsd.la
