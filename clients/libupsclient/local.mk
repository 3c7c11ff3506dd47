# libupsclient: the blocking client library, a stand-in for NUT 2.8.0's libupsclient.so.6.
pkgconfig_DATA += clients/libupsclient/libupsclient.pc
include_HEADERS += clients/libupsclient/upsclient.h clients/libupsclient/parseconf.h

# Its code, also for our own programs: see private.h.
noinst_LTLIBRARIES += clients/libupsclient_code.la
clients_libupsclient_code_la_SOURCES = \
	clients/libupsclient/dial.c clients/libupsclient/dial.h \
	clients/libupsclient/export.h \
	clients/libupsclient/fault.c clients/libupsclient/fault.h \
	clients/libupsclient/hostrules.c clients/libupsclient/hostrules.h \
	clients/libupsclient/private.h \
	clients/libupsclient/secure.c clients/libupsclient/secure.h \
	clients/libupsclient/session.c clients/libupsclient/session.h \
	clients/libupsclient/split.c \
	clients/libupsclient/tlstransport.c clients/libupsclient/tlstransport.h \
	clients/libupsclient/transport.c clients/libupsclient/transport.h \
	clients/libupsclient/upsclient.c
clients_libupsclient_code_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -pthread
clients_libupsclient_code_la_LIBADD = common/libups.la common/libtls.la

lib_LTLIBRARIES += clients/libupsclient.la
clients_libupsclient_la_SOURCES =
clients_libupsclient_la_LDFLAGS = $(SHARED_LDFLAGS) -pthread -no-undefined -version-info 6:0:0 \
	-Wl,--version-script=$(srcdir)/clients/libupsclient/libupsclient.map
clients_libupsclient_la_LIBADD = clients/libupsclient_code.la
EXTRA_clients_libupsclient_la_DEPENDENCIES = clients/libupsclient/libupsclient.map
EXTRA_DIST += clients/libupsclient/libupsclient.map clients/libupsclient/libupsclient-config.in

bin_SCRIPTS = clients/libupsclient/libupsclient-config
CLEANFILES += clients/libupsclient/libupsclient-config
clients/libupsclient/libupsclient-config: clients/libupsclient/libupsclient-config.in Makefile
	$(AM_V_GEN)$(MKDIR_P) clients/libupsclient && \
	$(SED) -e 's|@prefix[@]|$(prefix)|' -e 's|@exec_prefix[@]|$(exec_prefix)|' \
		-e 's|@libdir[@]|$(libdir)|' -e 's|@includedir[@]|$(includedir)|' \
		-e "s|@config_flags[@]|--prefix=$(prefix) --sysconfdir=$(sysconfdir) --with-statepath=$(statepath) --with-user=$(with_user) --with-group=$(with_group)|" \
		$(srcdir)/clients/libupsclient/libupsclient-config.in >$@.new && \
	chmod +x $@.new && mv $@.new $@

man_pages += docs/man/libupsclient.3 docs/man/libupsclient-config.1
# Every function has a page of its own name, which is the library's.
upscli_pages = \
	docs/man/upscli_add_host_cert.3 docs/man/upscli_cleanup.3 docs/man/upscli_connect.3 \
	docs/man/upscli_disconnect.3 docs/man/upscli_fd.3 docs/man/upscli_get.3 \
	docs/man/upscli_init.3 docs/man/upscli_list_next.3 docs/man/upscli_list_start.3 \
	docs/man/upscli_readline.3 docs/man/upscli_readline_timeout.3 \
	docs/man/upscli_sendline.3 docs/man/upscli_sendline_timeout.3 \
	docs/man/upscli_splitaddr.3 docs/man/upscli_splitname.3 docs/man/upscli_ssl.3 \
	docs/man/upscli_strerror.3 docs/man/upscli_tryconnect.3 docs/man/upscli_upserror.3
if BUILD_MAN
dist_man3_MANS = $(upscli_pages)
endif
CLEANFILES += $(upscli_pages)
$(upscli_pages):
	$(AM_V_GEN)$(MKDIR_P) docs/man && echo '.so man3/libupsclient.3' >$@

check_PROGRAMS += tests/unit/test_libupsclient
TESTS += tests/unit/test_libupsclient
tests_unit_test_libupsclient_SOURCES = tests/unit/test_libupsclient.c \
	clients/libupsclient/fault.c clients/libupsclient/fault.h
tests_unit_test_libupsclient_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_libupsclient_CFLAGS = $(AM_CFLAGS) -pthread
tests_unit_test_libupsclient_LDADD = clients/libupsclient.la common/libups.la \
	$(CMOCKA_LIBS)
