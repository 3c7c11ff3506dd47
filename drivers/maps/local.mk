# Map files: what devices say, as data.
noinst_LTLIBRARIES += drivers/libmaps.la
drivers_libmaps_la_SOURCES = \
	drivers/maps/map.c drivers/maps/map.h drivers/maps/map_private.h \
	drivers/maps/mapcodec.c drivers/maps/mapcodec.h \
	drivers/maps/mapshape.c drivers/maps/mapshape.h \
	drivers/maps/mapconv.c drivers/maps/mapconv.h drivers/maps/mapconv_private.h \
	drivers/maps/mapconv_agent.c \
	drivers/maps/mapdate.c drivers/maps/mapdate.h \
	drivers/maps/mapfun.c drivers/maps/mapfun.h drivers/maps/mapfun_private.h \
	drivers/maps/mapfun_ever.c \
	drivers/maps/mapfun_masterguard.c drivers/maps/mapfun_megatec.c \
	drivers/maps/mapfun_mge.c \
	drivers/maps/mapfun_powercom.c \
	drivers/maps/mapfun_apc.c \
	drivers/maps/mapfun_qx.c \
	drivers/maps/mapfun_voltronic.c \
	drivers/maps/mapitem.c \
	drivers/maps/maplookup.c drivers/maps/maplookup.h \
	drivers/maps/mapmany.c \
	drivers/maps/mapmatch.c \
	drivers/maps/mapnumbers.c drivers/maps/mapnumbers.h \
	drivers/maps/mapquirk.c drivers/maps/mapquirk.h \
	drivers/maps/mapread.c \
	drivers/maps/maprow.c \
	drivers/maps/mapset.c drivers/maps/mapset.h \
	drivers/maps/mapwhere.c drivers/maps/mapwhere.h \
	drivers/maps/mapword.c drivers/maps/mapword.h
drivers_libmaps_la_LIBADD = common/libbase.la -lm

# nut-mapcheck: looks for mistakes in map files.
noinst_LTLIBRARIES += drivers/libmapcheck.la
drivers_libmapcheck_la_SOURCES = \
	drivers/maps/mapdevices.c drivers/maps/mapdevices.h \
	drivers/maps/mapcheck.c drivers/maps/mapcheck.h \
	drivers/maps/mapprint.c drivers/maps/mapprint.h
drivers_libmapcheck_la_LIBADD = drivers/libmaps.la common/libups.la
bin_PROGRAMS += drivers/nut-mapcheck
drivers_nut_mapcheck_SOURCES = drivers/maps/nut-mapcheck.c
drivers_nut_mapcheck_LDADD = drivers/libcables.la drivers/libmapcheck.la
man_pages += docs/man/nut-mapcheck.1 docs/man/nut-map.5

map_tests = tests/unit/test_map tests/unit/test_mapconv tests/unit/test_snmp_maps
check_PROGRAMS += $(map_tests)
TESTS += $(map_tests)
tests_unit_test_map_SOURCES = tests/unit/test_map.c
tests_unit_test_map_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_map_LDADD = drivers/libmapcheck.la $(CMOCKA_LIBS)
tests_unit_test_snmp_maps_SOURCES = tests/unit/test_snmp_maps.c
tests_unit_test_snmp_maps_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_snmp_maps_LDADD = drivers/libmapcheck.la $(CMOCKA_LIBS)
tests_unit_test_mapconv_SOURCES = tests/unit/test_mapconv.c
tests_unit_test_mapconv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_mapconv_LDADD = drivers/libmaps.la $(CMOCKA_LIBS) -lm

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_map
endif
tests_fuzz_fuzz_map_SOURCES = tests/fuzz/fuzz_map.c
tests_fuzz_fuzz_map_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_map_LDADD = drivers/libmapcheck.la
