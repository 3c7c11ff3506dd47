# upsmqtt: UPSes at an MQTT broker.
man_pages += docs/man/upsmqtt.8 docs/man/upsmqtt.conf.5
if HAVE_MOSQUITTO
noinst_LTLIBRARIES += clients/libupsmqtt.la
sbin_PROGRAMS += clients/upsmqtt/upsmqtt
check_PROGRAMS += tests/unit/test_upsmqtt
TESTS += tests/unit/test_upsmqtt
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_upsmqtt
endif
endif
clients_libupsmqtt_la_SOURCES = \
	clients/upsmqtt/bridge.c clients/upsmqtt/bridge.h \
	clients/upsmqtt/broker.c clients/upsmqtt/broker.h \
	clients/upsmqtt/conf.c clients/upsmqtt/conf.h \
	clients/upsmqtt/discovery.c clients/upsmqtt/discovery.h \
	clients/upsmqtt/happenings.c clients/upsmqtt/happenings.h \
	clients/upsmqtt/orders.c clients/upsmqtt/orders.h \
	clients/upsmqtt/payload.c clients/upsmqtt/payload.h \
	clients/upsmqtt/sites.c clients/upsmqtt/sites.h \
	clients/upsmqtt/topics.c clients/upsmqtt/topics.h \
	clients/upsmqtt/upsmqtt.c clients/upsmqtt/upsmqtt.h \
	drivers/core/backoff.c drivers/core/backoff.h
clients_libupsmqtt_la_CPPFLAGS = $(AM_CPPFLAGS) $(MOSQUITTO_CFLAGS)
clients_libupsmqtt_la_LIBADD = clients/libfleet.la common/libopener.la common/libsandbox.la common/libupsnet.la $(MOSQUITTO_LIBS)
clients_upsmqtt_upsmqtt_SOURCES = clients/upsmqtt/main.c
clients_upsmqtt_upsmqtt_LDADD = clients/libupsmqtt.la

tests_unit_test_upsmqtt_SOURCES = tests/unit/test_upsmqtt.c
tests_unit_test_upsmqtt_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmqtt_LDADD = clients/libupsmqtt.la $(CMOCKA_LIBS)
tests_fuzz_fuzz_upsmqtt_SOURCES = tests/fuzz/fuzz_upsmqtt.c
tests_fuzz_fuzz_upsmqtt_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_upsmqtt_LDADD = clients/libupsmqtt.la
