# Floor 2: connections and the event loop.
noinst_LTLIBRARIES += common/libnet.la
common_libnet_la_SOURCES =
common_libnet_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS)
common_libnet_la_LIBADD = common/libbase.la $(LIBEVENT_LIBS)
