# Floor 2: connections and the event loop.
noinst_LTLIBRARIES += common/libnet.la
common_libnet_la_SOURCES = \
	common/net/access.c common/net/access.h \
	common/net/connector.c \
	common/net/lineconn.c common/net/lineconn.h \
	common/net/listener.c common/net/listener.h \
	common/net/loop.c common/net/loop.h common/net/loop_private.h \
	common/net/netaddr.c common/net/netaddr.h \
	common/net/resolver.c common/net/resolver.h \
	common/net/resolver_helper.c common/net/resolver_private.h \
	common/net/tlsconn.c common/net/tlsconn.h
common_libnet_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS)
common_libnet_la_LIBADD = common/libtls.la common/libbase.la $(LIBEVENT_LIBS)

net_tests = \
	tests/unit/test_access \
	tests/unit/test_lineconn \
	tests/unit/test_listener \
	tests/unit/test_loop \
	tests/unit/test_netaddr \
	tests/unit/test_resolver
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
tests_unit_test_access_SOURCES = tests/unit/test_access.c
tests_unit_test_access_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_access_LDADD = common/libnet.la $(CMOCKA_LIBS)
tests_unit_test_lineconn_SOURCES = tests/unit/test_lineconn.c
tests_unit_test_lineconn_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_lineconn_LDADD = common/libnet.la $(CMOCKA_LIBS)
tests_unit_test_listener_SOURCES = tests/unit/test_listener.c
tests_unit_test_listener_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_listener_LDADD = common/libnet.la $(CMOCKA_LIBS)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_loop_LDADD = common/libnet.la $(CMOCKA_LIBS)
tests_unit_test_netaddr_SOURCES = tests/unit/test_netaddr.c
tests_unit_test_netaddr_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_netaddr_LDADD = common/libnet.la $(CMOCKA_LIBS)
tests_unit_test_resolver_SOURCES = tests/unit/test_resolver.c
tests_unit_test_resolver_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_LDADD = common/libnet.la $(CMOCKA_LIBS)

# Apart from libnet for the sandbox's libseccomp.
noinst_LTLIBRARIES += common/libopener.la
common_libopener_la_SOURCES = common/net/opener.c common/net/opener.h
common_libopener_la_LIBADD = common/libsandbox.la common/libnet.la common/libbase.la
check_PROGRAMS += tests/unit/test_opener
TESTS += tests/unit/test_opener
tests_unit_test_opener_SOURCES = tests/unit/test_opener.c
tests_unit_test_opener_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_opener_LDADD = common/libopener.la $(CMOCKA_LIBS)

# TLS without sockets or loop: libupsclient has it too.
noinst_LTLIBRARIES += common/libtls.la
common_libtls_la_SOURCES = common/net/tls.h
common_libtls_la_SOURCES += common/net/tlspolicy.c common/net/tlspolicy.h
common_libtls_la_SOURCES += common/net/truststore.c common/net/truststore.h
if TLS_OPENSSL
common_libtls_la_SOURCES += common/net/tls_openssl.c
else
if TLS_NSS
common_libtls_la_SOURCES += common/net/tls_nss.c
else
common_libtls_la_SOURCES += common/net/tls_none.c
endif
endif
common_libtls_la_CPPFLAGS = $(AM_CPPFLAGS) $(TLS_CFLAGS)
# Without libbase, which would be twice in a shared library that links libups as well.
common_libtls_la_LIBADD = $(TLS_LIBS)

if HAVE_TLS
check_PROGRAMS += tests/unit/test_tls tests/unit/test_trust
TESTS += tests/unit/test_tls tests/unit/test_trust
endif
EXTRA_DIST += tests/lib/make-certs
tests_unit_test_tls_SOURCES = tests/unit/test_tls.c tests/unit/tls_pair.h
tests_unit_test_tls_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tls_LDADD = common/libtls.la common/libbase.la $(CMOCKA_LIBS)
tests_unit_test_trust_SOURCES = tests/unit/test_trust.c tests/unit/tls_pair.h
tests_unit_test_trust_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_trust_LDADD = common/libtls.la common/libbase.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_truststore
if TLS_OPENSSL
noinst_PROGRAMS += tests/fuzz/fuzz_tls
endif
endif
# Makes its certificate by OpenSSL.
tests_fuzz_fuzz_tls_SOURCES = tests/fuzz/fuzz_tls.c
tests_fuzz_fuzz_tls_CPPFLAGS = $(AM_CPPFLAGS) $(TLS_CFLAGS)
tests_fuzz_fuzz_tls_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_tls_LDADD = common/libtls.la common/libbase.la $(TLS_LIBS)
tests_fuzz_fuzz_truststore_SOURCES = tests/fuzz/fuzz_truststore.c
tests_fuzz_fuzz_truststore_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_truststore_LDADD = common/libtls.la common/libbase.la
