# SNMP agents, for the drivers that speak to them.  (USB devices: drivers/local.mk.)
if HAVE_SNMP
noinst_LTLIBRARIES += drivers/libsnmptransport.la
noinst_PROGRAMS += tests/driver/probe-snmp
endif
drivers_libsnmptransport_la_SOURCES = \
	drivers/snmp/snmpcache.c drivers/snmp/snmpcache.h \
	drivers/transport/snmp_agent.c drivers/transport/snmp_agent.h \
	drivers/transport/snmp_config.c drivers/transport/snmp_config.h \
	drivers/transport/snmp_driver.c drivers/transport/snmp_driver.h \
	drivers/transport/snmp_fetch.c \
	drivers/transport/snmp_keys.c \
	drivers/transport/snmp_lib.c drivers/transport/snmp_lib.h \
	drivers/transport/snmp_link.c drivers/transport/snmp_link.h \
	drivers/transport/snmp_oid.c drivers/transport/snmp_oid.h \
	drivers/transport/snmp_plan.c drivers/transport/snmp_plan.h \
	drivers/transport/snmp_private.h \
	drivers/transport/snmp_say.c \
	drivers/transport/snmp_set.c \
	drivers/transport/snmp_show.c \
	drivers/transport/snmp_trap.c drivers/transport/snmp_trap.h \
	drivers/transport/snmp_value.c drivers/transport/snmp_value.h \
	drivers/transport/snmp_walk.c
drivers_libsnmptransport_la_CPPFLAGS = $(AM_CPPFLAGS) $(NETSNMP_CFLAGS)
drivers_libsnmptransport_la_LIBADD = drivers/libcore.la $(NETSNMP_LIBS)
tests_driver_probe_snmp_SOURCES = tests/driver/probe-snmp.c
tests_driver_probe_snmp_LDADD = drivers/libsnmptransport.la

# The driver.
if HAVE_SNMP
driver_PROGRAMS += drivers/snmp-ups
noinst_LTLIBRARIES += drivers/libsnmpchoose.la
endif
drivers_libsnmpchoose_la_SOURCES = \
	drivers/snmp/snmpchoose.c drivers/snmp/snmpchoose.h \
	drivers/snmp/snmpdevice.c drivers/snmp/snmpdevice.h
drivers_libsnmpchoose_la_LIBADD = drivers/libmaps.la drivers/libsnmptransport.la
drivers_snmp_ups_SOURCES = drivers/snmp/snmp-ups.c
drivers_snmp_ups_LDADD = drivers/libsnmpchoose.la drivers/libenginehost.la drivers/libsnmptransport.la

# Who is there (nut-scanner's SNMP part).
noinst_LTLIBRARIES += drivers/libaddrrange.la
drivers_libaddrrange_la_SOURCES = drivers/scan/addrrange.c drivers/scan/addrrange.h
drivers_libaddrrange_la_LIBADD = common/libnet.la common/libbase.la
if HAVE_SNMP
noinst_LTLIBRARIES += drivers/libsnmpscan.la
noinst_PROGRAMS += tests/driver/probe-scan
endif
drivers_libsnmpscan_la_SOURCES = \
	drivers/scan/snmpscan.c drivers/scan/snmpscan.h
drivers_libsnmpscan_la_CPPFLAGS = $(AM_CPPFLAGS) $(NETSNMP_CFLAGS)
drivers_libsnmpscan_la_LIBADD = drivers/libaddrrange.la drivers/libsnmptransport.la
tests_driver_probe_scan_SOURCES = tests/driver/probe-scan.c
tests_driver_probe_scan_LDADD = drivers/libsnmpscan.la

if HAVE_SNMP
snmp_tests = tests/unit/test_addrrange tests/unit/test_snmp_link tests/unit/test_snmp_parts
check_PROGRAMS += $(snmp_tests)
TESTS += $(snmp_tests)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_snmp
endif
endif
tests_unit_test_addrrange_SOURCES = tests/unit/test_addrrange.c
tests_unit_test_addrrange_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_addrrange_LDADD = drivers/libsnmpscan.la $(CMOCKA_LIBS)
tests_unit_test_snmp_link_SOURCES = tests/unit/test_snmp_link.c
tests_unit_test_snmp_link_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(NETSNMP_CFLAGS)
tests_unit_test_snmp_link_LDADD = drivers/libsnmptransport.la $(NETSNMP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_snmp_parts_SOURCES = tests/unit/test_snmp_parts.c
tests_unit_test_snmp_parts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_snmp_parts_LDADD = drivers/libsnmptransport.la $(CMOCKA_LIBS)
tests_fuzz_fuzz_snmp_SOURCES = tests/fuzz/fuzz_snmp.c
tests_fuzz_fuzz_snmp_CPPFLAGS = $(AM_CPPFLAGS) $(NETSNMP_CFLAGS)
tests_fuzz_fuzz_snmp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_snmp_LDADD = drivers/libsnmpscan.la
EXTRA_DIST += tests/sim/snmp/run
