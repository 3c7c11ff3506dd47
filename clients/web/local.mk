# What pages and requests have in common, for the CGI programs and upsweb.
noinst_LTLIBRARIES += clients/libweb.la
clients_libweb_la_SOURCES = \
	clients/web/escape.c clients/web/escape.h \
	clients/web/form.c clients/web/form.h
clients_libweb_la_LIBADD = common/libbase.la

check_PROGRAMS += tests/unit/test_web
TESTS += tests/unit/test_web
tests_unit_test_web_SOURCES = tests/unit/test_web.c
tests_unit_test_web_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_web_LDADD = clients/libweb.la $(CMOCKA_LIBS)
