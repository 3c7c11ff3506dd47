# Floor 3: what a power device is.  Needs no event loop: libupsclient links it.
noinst_LTLIBRARIES += common/libups.la
common_libups_la_SOURCES =
common_libups_la_LIBADD = common/libbase.la
