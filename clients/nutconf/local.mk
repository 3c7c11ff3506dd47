# nutconf: sets the suite up, checks its files and edits them.
noinst_LTLIBRARIES += clients/libnutconf.la
clients_libnutconf_la_SOURCES = \
	clients/nutconf/check.c \
	clients/nutconf/direct.c \
	clients/nutconf/setup.c \
	clients/nutconf/verbs.h
clients_libnutconf_la_LIBADD = common/libbase.la

bin_PROGRAMS += clients/nutconf/nutconf
clients_nutconf_nutconf_SOURCES = clients/nutconf/main.c
clients_nutconf_nutconf_LDADD = clients/libnutconf.la
