# Floor 3: what a power device is.  Needs no event loop: libupsclient links it.
noinst_LTLIBRARIES += common/libups.la
common_libups_la_SOURCES =
common_libups_la_LIBADD = common/libbase.la
common_libups_la_SOURCES += common/ups/driverfolder.c common/ups/driverfolder.h
common_libups_la_SOURCES += common/ups/driverquery.c common/ups/driverquery.h
common_libups_la_SOURCES += common/ups/driverwire.c common/ups/driverwire.h
common_libups_la_SOURCES += common/ups/names.c common/ups/names.h
common_libups_la_SOURCES += common/ups/netwire.c common/ups/netwire.h
common_libups_la_SOURCES += common/ups/nutauth.c common/ups/nutauth.h
common_libups_la_SOURCES += common/ups/state.c common/ups/state.h common/ups/state_private.h
common_libups_la_SOURCES += common/ups/state_intern.c
common_libups_la_SOURCES += common/ups/state_meta.c
common_libups_la_SOURCES += common/ups/state_observe.c
common_libups_la_SOURCES += common/ups/state_resync.c
common_libups_la_SOURCES += common/ups/status.c common/ups/status.h

ups_tests = \
	tests/unit/test_driverfolder \
	tests/unit/test_driverquery \
	tests/unit/test_driverwire \
	tests/unit/test_names \
	tests/unit/test_netwire \
	tests/unit/test_state \
	tests/unit/test_state_observe \
	tests/unit/test_status
check_PROGRAMS += $(ups_tests)
TESTS += $(ups_tests)
tests_unit_test_driverfolder_SOURCES = tests/unit/test_driverfolder.c
tests_unit_test_driverfolder_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driverfolder_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_driverquery_SOURCES = tests/unit/test_driverquery.c
tests_unit_test_driverquery_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driverquery_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_driverwire_SOURCES = tests/unit/test_driverwire.c
tests_unit_test_driverwire_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_driverwire_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_names_SOURCES = tests/unit/test_names.c
tests_unit_test_names_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_names_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_netwire_SOURCES = tests/unit/test_netwire.c
tests_unit_test_netwire_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_netwire_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_state_SOURCES = tests/unit/test_state.c
tests_unit_test_state_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_state_observe_SOURCES = tests/unit/test_state_observe.c
tests_unit_test_state_observe_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_observe_LDADD = common/libups.la $(CMOCKA_LIBS)
tests_unit_test_status_SOURCES = tests/unit/test_status.c
tests_unit_test_status_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_status_LDADD = common/libups.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_driverwire tests/fuzz/fuzz_netwire tests/fuzz/fuzz_nutauth
endif
tests_fuzz_fuzz_driverwire_SOURCES = tests/fuzz/fuzz_driverwire.c
tests_fuzz_fuzz_driverwire_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_driverwire_LDADD = common/libups.la
tests_fuzz_fuzz_netwire_SOURCES = tests/fuzz/fuzz_netwire.c
tests_fuzz_fuzz_netwire_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_netwire_LDADD = common/libups.la
tests_fuzz_fuzz_nutauth_SOURCES = tests/fuzz/fuzz_nutauth.c
tests_fuzz_fuzz_nutauth_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_nutauth_LDADD = common/libups.la

# Apart from libups: it needs the event loop.
noinst_LTLIBRARIES += common/libupsnet.la
common_libupsnet_la_SOURCES = \
	common/ups/asyncclient.c common/ups/asyncclient.h common/ups/asyncclient_private.h \
	common/ups/asyncclient_session.c
common_libupsnet_la_LIBADD = common/libups.la common/libnet.la

noinst_LTLIBRARIES += common/libdriverlink.la
common_libdriverlink_la_SOURCES = common/ups/driverlink.c common/ups/driverlink.h
common_libdriverlink_la_LIBADD = common/libups.la common/libnet.la

check_PROGRAMS += tests/unit/test_asyncclient
TESTS += tests/unit/test_asyncclient
tests_unit_test_asyncclient_SOURCES = tests/unit/test_asyncclient.c
tests_unit_test_asyncclient_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_asyncclient_LDADD = common/libupsnet.la $(CMOCKA_LIBS)
