# Many UPSes of many servers, for upsweb and upsmqtt.
noinst_LTLIBRARIES += clients/libfleet.la
clients_libfleet_la_SOURCES = clients/fleet/fleet.c clients/fleet/fleet.h
clients_libfleet_la_LIBADD = common/libupsnet.la

check_PROGRAMS += tests/unit/test_fleet
TESTS += tests/unit/test_fleet
tests_unit_test_fleet_SOURCES = tests/unit/test_fleet.c
tests_unit_test_fleet_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_fleet_LDADD = clients/libfleet.la $(CMOCKA_LIBS)
