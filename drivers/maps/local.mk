# Map files: what devices say, as data.
noinst_LTLIBRARIES += drivers/libmaps.la
drivers_libmaps_la_SOURCES = \
	drivers/maps/map.c drivers/maps/map.h drivers/maps/map_private.h \
	drivers/maps/mapconv.c drivers/maps/mapconv.h \
	drivers/maps/mapdate.c drivers/maps/mapdate.h \
	drivers/maps/mapfun.c drivers/maps/mapfun.h drivers/maps/mapfun_private.h \
	drivers/maps/mapfun_ever.c \
	drivers/maps/mapfun_mge.c \
	drivers/maps/mapfun_powercom.c \
	drivers/maps/maplookup.c drivers/maps/maplookup.h \
	drivers/maps/mapnumbers.c drivers/maps/mapnumbers.h \
	drivers/maps/mapread.c \
	drivers/maps/maprow.c \
	drivers/maps/mapset.c drivers/maps/mapset.h \
	drivers/maps/mapword.c drivers/maps/mapword.h
drivers_libmaps_la_LIBADD = common/libbase.la -lm
