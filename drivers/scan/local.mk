# nut-scanner: what can be found, for ups.conf.
noinst_LTLIBRARIES += drivers/libscan.la
drivers_libscan_la_SOURCES = \
	drivers/scan/autorange.c drivers/scan/autorange.h \
	drivers/scan/finding.c drivers/scan/finding.h \
	drivers/scan/nutreply.c drivers/scan/nutscan.c drivers/scan/nutscan.h \
	drivers/scan/scancheck.c drivers/scan/scancheck.h \
	drivers/scan/scanopts.c drivers/scan/scanopts.h \
	drivers/scan/scanprint.c drivers/scan/scanprint.h \
	drivers/scan/serialports.c drivers/scan/serialports.h \
	drivers/scan/serialscan.c drivers/scan/serialscan.h \
	drivers/scan/simscan.c drivers/scan/simscan.h \
	drivers/scan/usbknown.c drivers/scan/usbknown.h
drivers_libscan_la_LIBADD = drivers/libaddrrange.la drivers/libmaps.la drivers/libcore.la

bin_PROGRAMS += drivers/nut-scanner
drivers_nut_scanner_SOURCES = drivers/scan/nut-scanner.c \
	drivers/scan/scanner.c drivers/scan/scanner.h drivers/scan/scanner_private.h \
	drivers/scan/scanner_ways.c
drivers_nut_scanner_CPPFLAGS = $(AM_CPPFLAGS)
drivers_nut_scanner_LDADD = drivers/libscan.la
if HAVE_USB
drivers_nut_scanner_SOURCES += drivers/scan/usbscan.c drivers/scan/usbscan.h
drivers_nut_scanner_CPPFLAGS += -DSCAN_HAS_USB $(LIBUSB_CFLAGS)
drivers_nut_scanner_LDADD += drivers/libusbtransport.la
endif
if HAVE_SNMP
drivers_nut_scanner_SOURCES += drivers/scan/snmpfind.c drivers/scan/snmpfind.h
drivers_nut_scanner_CPPFLAGS += -DSCAN_HAS_SNMP
drivers_nut_scanner_LDADD += drivers/libsnmpchoose.la drivers/libsnmpscan.la
endif
if HAVE_AVAHI
drivers_nut_scanner_CPPFLAGS += -DSCAN_HAS_AVAHI
drivers_nut_scanner_LDADD += drivers/libmdnsscan.la
endif
if HAVE_LIBSYSTEMD
drivers_nut_scanner_SOURCES += drivers/scan/upowerscan.c drivers/scan/upowerscan.h
drivers_nut_scanner_CPPFLAGS += $(LIBSYSTEMD_CFLAGS)
drivers_nut_scanner_LDADD += $(LIBSYSTEMD_LIBS)
endif
man_pages += docs/man/nut-scanner.8

check_PROGRAMS += tests/unit/test_scan
TESTS += tests/unit/test_scan
tests_unit_test_scan_SOURCES = tests/unit/test_scan.c
tests_unit_test_scan_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -DMAPS_DATA='"$(abs_top_srcdir)/data"'
tests_unit_test_scan_LDADD = drivers/libscan.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_scan
endif
tests_fuzz_fuzz_scan_SOURCES = tests/fuzz/fuzz_scan.c
tests_fuzz_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_scan_LDADD = drivers/libscan.la
