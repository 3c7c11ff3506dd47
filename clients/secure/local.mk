# nutcert: makes certificates, over OpenSSL's API whichever back end does TLS.
if HAVE_OPENSSL
bin_PROGRAMS += clients/nutcert
endif
clients_nutcert_SOURCES = \
	clients/cli/output.c clients/cli/output.h \
	clients/secure/certfile.c clients/secure/certfile.h \
	clients/secure/certmake.c clients/secure/certmake.h \
	clients/secure/certshow.c clients/secure/certshow.h \
	clients/secure/nutcert.c
clients_nutcert_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
clients_nutcert_LDADD = common/libtls.la common/libbase.la $(OPENSSL_LIBS)
man_pages += docs/man/nutcert.1
