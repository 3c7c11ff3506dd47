# Smart-UPSes of APC on a serial line.
noinst_LTLIBRARIES += drivers/libapc.la
drivers_libapc_la_SOURCES = \
	drivers/apc/apcdevice.c drivers/apc/apcdevice.h \
	drivers/apc/apcline.c drivers/apc/apcline.h \
	drivers/apc/apcset.c drivers/apc/apcset.h \
	drivers/apc/apcways.c drivers/apc/apcways.h
drivers_libapc_la_LIBADD = drivers/libenginehost.la drivers/libserial.la
driver_PROGRAMS += drivers/apcsmart
drivers_apcsmart_SOURCES = drivers/apc/apcsmart.c
drivers_apcsmart_LDADD = drivers/libapc.la
man_pages += docs/man/apcsmart.8

check_PROGRAMS += tests/unit/test_apc
TESTS += tests/unit/test_apc
tests_unit_test_apc_SOURCES = tests/unit/test_apc.c
tests_unit_test_apc_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_unit_test_apc_LDADD = drivers/libapc.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_apc
endif
tests_fuzz_fuzz_apc_SOURCES = tests/fuzz/fuzz_apc.c
tests_fuzz_fuzz_apc_CPPFLAGS = $(AM_CPPFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_fuzz_fuzz_apc_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_apc_LDADD = drivers/libapc.la
