# Floor 2: connections and the event loop.
noinst_LTLIBRARIES += common/libnet.la
common_libnet_la_SOURCES = \
	common/net/loop.c common/net/loop.h common/net/loop_private.h
common_libnet_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS)
common_libnet_la_LIBADD = common/libbase.la $(LIBEVENT_LIBS)

net_tests = \
	tests/unit/test_loop
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_loop_LDADD = common/libnet.la $(CMOCKA_LIBS)
