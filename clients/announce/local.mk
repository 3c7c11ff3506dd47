# Multicast DNS: upsd is announced, and others are found.
if HAVE_AVAHI
sbin_PROGRAMS += clients/announce/nut-announce
noinst_LTLIBRARIES += drivers/libmdnsscan.la
noinst_PROGRAMS += tests/driver/probe-mdns
endif
clients_announce_nut_announce_SOURCES = clients/announce/nut-announce.c
clients_announce_nut_announce_CPPFLAGS = $(AM_CPPFLAGS) $(AVAHI_CFLAGS)
clients_announce_nut_announce_LDADD = common/libbase.la $(AVAHI_LIBS)
man_pages += docs/man/nut-announce.8

drivers_libmdnsscan_la_SOURCES = drivers/scan/mdnsscan.c drivers/scan/mdnsscan.h
drivers_libmdnsscan_la_CPPFLAGS = $(AM_CPPFLAGS) $(AVAHI_CFLAGS)
drivers_libmdnsscan_la_LIBADD = common/libbase.la $(AVAHI_LIBS)
tests_driver_probe_mdns_SOURCES = tests/driver/probe-mdns.c
tests_driver_probe_mdns_LDADD = drivers/libmdnsscan.la
