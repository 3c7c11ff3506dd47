# Measured values and events, kept in SQLite by a process of its own, for upsweb.
if HAVE_SQLITE
noinst_LTLIBRARIES += clients/libhistory.la
endif
clients_libhistory_la_SOURCES = \
	clients/history/answer.c clients/history/answer.h \
	clients/history/history.c clients/history/history.h clients/history/history_private.h \
	clients/history/keeper.c \
	clients/history/store.c clients/history/store.h
clients_libhistory_la_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
clients_libhistory_la_LIBADD = common/libsandbox.la common/libupsnet.la $(SQLITE_LIBS) -lm

if HAVE_SQLITE
check_PROGRAMS += tests/unit/test_history
TESTS += tests/unit/test_history
endif
tests_unit_test_history_SOURCES = tests/unit/test_history.c
tests_unit_test_history_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_history_LDADD = clients/libhistory.la $(SQLITE_LIBS) $(CMOCKA_LIBS)
