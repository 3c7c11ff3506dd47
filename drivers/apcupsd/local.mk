# UPSes that an apcupsd looks after.
noinst_LTLIBRARIES += drivers/libnis.la
drivers_libnis_la_SOURCES = \
	drivers/apcupsd/nisage.c drivers/apcupsd/nisage.h \
	drivers/apcupsd/nisdevice.c drivers/apcupsd/nisdevice.h \
	drivers/apcupsd/nislink.c drivers/apcupsd/nislink.h \
	drivers/apcupsd/nisreply.c drivers/apcupsd/nisreply.h
drivers_libnis_la_LIBADD = drivers/libenginehost.la
driver_PROGRAMS += drivers/apcupsd-ups
drivers_apcupsd_ups_SOURCES = drivers/apcupsd/apcupsd-ups.c
drivers_apcupsd_ups_LDADD = drivers/libnis.la
man_pages += docs/man/apcupsd-ups.8

check_PROGRAMS += tests/unit/test_nis
TESTS += tests/unit/test_nis
tests_unit_test_nis_SOURCES = tests/unit/test_nis.c
tests_unit_test_nis_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_unit_test_nis_LDADD = drivers/libnis.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_nis
endif
tests_fuzz_fuzz_nis_SOURCES = tests/fuzz/fuzz_nis.c
tests_fuzz_fuzz_nis_CPPFLAGS = $(AM_CPPFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_fuzz_fuzz_nis_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_nis_LDADD = drivers/libnis.la
