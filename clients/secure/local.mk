# What the programs of this folder share.
noinst_LTLIBRARIES += clients/libsecure.la
clients_libsecure_la_SOURCES = \
	clients/cli/output.c clients/cli/output.h \
	clients/cli/prompt.c clients/cli/prompt.h \
	clients/libupsclient/dial.c clients/libupsclient/dial.h \
	clients/libupsclient/fault.c clients/libupsclient/fault.h \
	clients/libupsclient/transport.c clients/libupsclient/transport.h \
	clients/secure/cmdline.c clients/secure/cmdline.h \
	clients/secure/findings.c clients/secure/findings.h \
	clients/secure/probe.c clients/secure/probe.h \
	clients/secure/userfile.c clients/secure/userfile.h \
	clients/secure/verify.h clients/secure/verify_end.c clients/secure/verify_files.c \
	clients/secure/visible.c clients/secure/visible.h
clients_libsecure_la_LIBADD = common/libtls.la common/libups.la

# nutcert: makes certificates, over OpenSSL's API whichever back end does TLS.
if HAVE_OPENSSL
bin_PROGRAMS += clients/nutcert
endif
clients_nutcert_SOURCES = \
	clients/secure/certfile.c clients/secure/certfile.h \
	clients/secure/certmake.c clients/secure/certmake.h \
	clients/secure/certshow.c clients/secure/certshow.h \
	clients/secure/nutcert.c
clients_nutcert_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
clients_nutcert_LDADD = clients/libsecure.la $(OPENSSL_LIBS)
man_pages += docs/man/nutcert.1

# nut-trust: the servers that are known.
bin_PROGRAMS += clients/nut-trust
clients_nut_trust_SOURCES = clients/secure/nut-trust.c
clients_nut_trust_LDADD = clients/libsecure.la
man_pages += docs/man/nut-trust.1

# nut-verify: looks whether servers and this machine are as safe as they should be.
bin_PROGRAMS += clients/nut-verify
clients_nut_verify_SOURCES = clients/secure/nut-verify.c clients/secure/verify_server.c
clients_nut_verify_LDADD = clients/libsecure.la
man_pages += docs/man/nut-verify.1

check_PROGRAMS += tests/unit/test_secure
TESTS += tests/unit/test_secure
tests_unit_test_secure_SOURCES = tests/unit/test_secure.c clients/secure/verify_server.c
tests_unit_test_secure_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_secure_LDADD = clients/libsecure.la $(CMOCKA_LIBS)

# nut-passwd: hashed passwords in upsd.users.
if HAVE_CRYPT
sbin_PROGRAMS += clients/nut-passwd
endif
clients_nut_passwd_SOURCES = clients/secure/nut-passwd.c
clients_nut_passwd_LDADD = clients/libsecure.la $(CRYPT_LIBS)
man_pages += docs/man/nut-passwd.8

check_PROGRAMS += tests/unit/test_userfile
TESTS += tests/unit/test_userfile
tests_unit_test_userfile_SOURCES = tests/unit/test_userfile.c
tests_unit_test_userfile_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_userfile_LDADD = clients/libsecure.la $(CMOCKA_LIBS)
