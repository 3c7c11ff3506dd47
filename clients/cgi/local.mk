# upsstats.cgi, upsimage.cgi, upsset.cgi: pages made by a web server's CGI.
if HAVE_CGI
cgi_PROGRAMS = clients/upsstats.cgi clients/upsimage.cgi clients/upsset.cgi
endif

# What they share, and what unit tests look at.
noinst_LTLIBRARIES += clients/libcgi.la
clients_libcgi_la_SOURCES = \
	clients/cgi/cgi.c clients/cgi/cgi.h \
	clients/cgi/hosts.c clients/cgi/hosts.h \
	clients/cgi/imageargs.c clients/cgi/imageargs.h \
	clients/cgi/imagekind.c clients/cgi/imagekind.h \
	clients/cgi/statspage.c clients/cgi/statspage.h \
	clients/cgi/statuswords.c clients/cgi/statuswords.h \
	clients/cgi/template.c clients/cgi/template.h \
	clients/cgi/upslink.c clients/cgi/upslink.h
clients_libcgi_la_LIBADD = clients/libweb.la clients/libupsclient_code.la -lm

clients_upsstats_cgi_SOURCES = clients/cgi/upsstats.c \
	clients/cgi/statsdata.c clients/cgi/statsdata.h
clients_upsstats_cgi_LDADD = clients/libcgi.la
clients_upsimage_cgi_SOURCES = clients/cgi/upsimage.c \
	clients/cgi/imagedraw.c clients/cgi/imagedraw.h
clients_upsimage_cgi_CPPFLAGS = $(AM_CPPFLAGS) $(GD_CFLAGS)
clients_upsimage_cgi_LDADD = clients/libcgi.la $(GD_LIBS)
clients_upsset_cgi_SOURCES = clients/cgi/upsset.c \
	clients/cgi/setlink.c clients/cgi/setlink.h \
	clients/cgi/setpage.c clients/cgi/setpage.h
clients_upsset_cgi_LDADD = clients/libcgi.la

man_pages += docs/man/upsstats.cgi.8 docs/man/upsimage.cgi.8 docs/man/upsset.cgi.8
man_pages += docs/man/hosts.conf.5 docs/man/upsset.conf.5 docs/man/upsstats.html.5
if HAVE_CGI
dist_conf_DATA += conf/hosts.conf.sample conf/upsset.conf.sample
dist_conf_DATA += conf/upsstats.html.sample conf/upsstats-single.html.sample
wwwdir = $(htmlpath)
dist_www_DATA = data/www/index.html
else
EXTRA_DIST += conf/hosts.conf.sample conf/upsset.conf.sample
EXTRA_DIST += conf/upsstats.html.sample conf/upsstats-single.html.sample
EXTRA_DIST += data/www/index.html
endif

check_PROGRAMS += tests/unit/test_cgi
TESTS += tests/unit/test_cgi
tests_unit_test_cgi_SOURCES = tests/unit/test_cgi.c
tests_unit_test_cgi_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cgi_LDADD = clients/libcgi.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_cgi
endif
tests_fuzz_fuzz_cgi_SOURCES = tests/fuzz/fuzz_cgi.c
tests_fuzz_fuzz_cgi_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_cgi_LDADD = clients/libcgi.la
