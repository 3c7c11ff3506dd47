# upsweb: a thin main over a convenience library.
if HAVE_UPSWEB
noinst_LTLIBRARIES += clients/libupsweb.la
sbin_PROGRAMS += clients/upsweb/upsweb
BUILT_SOURCES += clients/upsweb/page_text.h
endif
clients_libupsweb_la_SOURCES = \
	clients/upsweb/api.c clients/upsweb/api_control.c clients/upsweb/api.h \
	clients/upsweb/conf.c clients/upsweb/conf.h \
	clients/upsweb/control.c clients/upsweb/control.h \
	clients/upsweb/devices.c clients/upsweb/devices.h \
	clients/upsweb/health.c clients/upsweb/health.h \
	clients/upsweb/http.c clients/upsweb/http.h \
	clients/upsweb/https.c clients/upsweb/https.h \
	clients/upsweb/metrics.c clients/upsweb/metrics.h \
	clients/upsweb/page.c clients/upsweb/page.h \
	clients/upsweb/session.c clients/upsweb/session.h \
	clients/upsweb/streams.c clients/upsweb/streams.h \
	clients/upsweb/upsweb.c clients/upsweb/upsweb.h \
	clients/upsweb/wording.c clients/upsweb/wording.h
man_pages += docs/man/upsweb.8 docs/man/upsweb.conf.5
nodist_clients_libupsweb_la_SOURCES = clients/upsweb/page_text.h
clients_libupsweb_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(LIBEVENT_HTTP_CFLAGS)
clients_libupsweb_la_LIBADD = clients/libfleet.la clients/libtlsdemands.la clients/libweb.la $(upsweb_history) common/libopener.la common/libsandbox.la common/libupsnet.la \
	$(JANSSON_LIBS) $(LIBEVENT_HTTP_LIBS)
if HAVE_SQLITE
upsweb_history = clients/libhistory.la
endif
clients_upsweb_upsweb_SOURCES = clients/upsweb/main.c
clients_upsweb_upsweb_LDADD = clients/libupsweb.la

upsweb_page = \
	clients/upsweb/page/app.js clients/upsweb/page/cards.js clients/upsweb/page/chart.js \
	clients/upsweb/page/control.js clients/upsweb/page/device.js clients/upsweb/page/dom.js \
	clients/upsweb/page/log.js clients/upsweb/page/net.js clients/upsweb/page/page.html \
	clients/upsweb/page/store.js clients/upsweb/page/style.css
EXTRA_DIST += clients/upsweb/page/assemble.sh $(upsweb_page)
CLEANFILES += clients/upsweb/page_text.h

clients/upsweb/page_text.h: clients/upsweb/page/assemble.sh $(upsweb_page)
	$(AM_V_GEN)$(MKDIR_P) clients/upsweb && \
	sh $(srcdir)/clients/upsweb/page/assemble.sh $(srcdir)/clients/upsweb/page >$@.new && mv $@.new $@

if ENABLE_FUZZERS
if HAVE_UPSWEB
noinst_PROGRAMS += tests/fuzz/fuzz_upsweb
endif
endif
tests_fuzz_fuzz_upsweb_SOURCES = tests/fuzz/fuzz_upsweb.c
tests_fuzz_fuzz_upsweb_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_HTTP_CFLAGS)
tests_fuzz_fuzz_upsweb_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_upsweb_LDADD = clients/libupsweb.la
