# upsc, upscmd, upsrw: the command line clients, over libupsclient.
bin_PROGRAMS += clients/upsc clients/upscmd clients/upsrw

# What they share, and what unit tests look at.
noinst_LTLIBRARIES += clients/libcli.la
clients_libcli_la_SOURCES = \
	clients/cli/cli.c clients/cli/cli.h \
	clients/cli/namelist.c clients/cli/namelist.h \
	clients/cli/output.c clients/cli/output.h \
	clients/cli/prompt.c clients/cli/prompt.h \
	clients/cli/stranger.c clients/cli/stranger.h \
	clients/secure/visible.c clients/secure/visible.h
clients_libcli_la_LIBADD = clients/libupsclient_code.la

clients_upsc_SOURCES = clients/cli/upsc.c
clients_upsc_LDADD = clients/libcli.la
clients_upscmd_SOURCES = clients/cli/upscmd.c
clients_upscmd_LDADD = clients/libcli.la
clients_upsrw_SOURCES = clients/cli/upsrw.c
clients_upsrw_LDADD = clients/libcli.la

man_pages += docs/man/upsc.8 docs/man/upscmd.8 docs/man/upsrw.8 docs/man/nutauth.conf.5

check_PROGRAMS += tests/unit/test_cli
TESTS += tests/unit/test_cli
tests_unit_test_cli_SOURCES = tests/unit/test_cli.c
tests_unit_test_cli_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cli_LDADD = clients/libcli.la $(CMOCKA_LIBS)

# upslog: writes a line about each UPS from time to time.
bin_PROGRAMS += clients/upslog
clients_upslog_SOURCES = \
	clients/cli/logformat.c clients/cli/logformat.h \
	clients/cli/logoptions.c clients/cli/logoptions.h \
	clients/cli/logsource.c clients/cli/logsource.h \
	clients/cli/logtarget.c clients/cli/logtarget.h \
	clients/cli/upslog.c
clients_upslog_LDADD = clients/libcli.la common/libbase.la
man_pages += docs/man/upslog.8

check_PROGRAMS += tests/unit/test_logformat
TESTS += tests/unit/test_logformat
tests_unit_test_logformat_SOURCES = tests/unit/test_logformat.c \
	clients/cli/logformat.c clients/cli/logformat.h
tests_unit_test_logformat_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_logformat_LDADD = common/libbase.la $(CMOCKA_LIBS)
