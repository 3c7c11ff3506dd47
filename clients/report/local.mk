# nut-report: a bundle for a bug report.
noinst_LTLIBRARIES += clients/libreport.la
clients_libreport_la_SOURCES = \
	clients/nutconf/tools.c clients/nutconf/tools.h \
	clients/report/bundle.c clients/report/bundle.h \
	clients/report/cloak.c clients/report/cloak.h \
	clients/report/guess.c clients/report/guess.h \
	clients/report/policy.c clients/report/policy.h \
	clients/report/redact.c clients/report/redact.h
clients_libreport_la_LIBADD = common/libbase.la

sbin_PROGRAMS += clients/nut-report
clients_nut_report_SOURCES = \
	clients/report/collect.c clients/report/collect.h \
	clients/report/main.c clients/report/usb.c
clients_nut_report_LDADD = clients/libreport.la
man_pages += docs/man/nut-report.8

check_PROGRAMS += tests/unit/test_report
TESTS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c
tests_unit_test_report_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_report_LDADD = clients/libreport.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_redact
endif
tests_fuzz_fuzz_redact_SOURCES = tests/fuzz/fuzz_redact.c
tests_fuzz_fuzz_redact_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_redact_LDADD = clients/libreport.la
