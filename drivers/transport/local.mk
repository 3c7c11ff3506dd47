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
	drivers/transport/snmp_set.c \
	drivers/transport/snmp_show.c \
	drivers/transport/snmp_trap.c drivers/transport/snmp_trap.h \
	drivers/transport/snmp_value.c drivers/transport/snmp_value.h \
	drivers/transport/snmp_walk.c
drivers_libsnmptransport_la_CPPFLAGS = $(AM_CPPFLAGS) $(NETSNMP_CFLAGS)
drivers_libsnmptransport_la_LIBADD = drivers/libcore.la $(NETSNMP_LIBS)
tests_driver_probe_snmp_SOURCES = tests/driver/probe-snmp.c
tests_driver_probe_snmp_LDADD = drivers/libsnmptransport.la
