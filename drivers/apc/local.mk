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
