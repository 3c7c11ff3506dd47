# The group language.  Tarballs carry the parser that bison makes of its grammar.
group_language = \
	clients/upsmon/conf/groupcheck.c \
	clients/upsmon/conf/groupconf.c clients/upsmon/conf/groupconf.h \
	clients/upsmon/conf/groupgram.c \
	clients/upsmon/conf/grouplex.c clients/upsmon/conf/grouplex.h \
	clients/upsmon/conf/groupparse.h \
	clients/upsmon/conf/grouprule.c \
	clients/upsmon/conf/groupsite.c \
	clients/upsmon/conf/grouptext.c \
	clients/upsmon/conf/groupups.c
EXTRA_DIST += clients/upsmon/conf/groupgram.y
MAINTAINERCLEANFILES += clients/upsmon/conf/groupgram.c

clients/upsmon/conf/groupgram.c: clients/upsmon/conf/groupgram.y
	$(AM_V_GEN)$(MKDIR_P) clients/upsmon/conf && $(BISON) -o $@ $(srcdir)/clients/upsmon/conf/groupgram.y

# What upssched shares with upsmon.
noinst_LTLIBRARIES += clients/upsmon/libtimers.la
clients_upsmon_libtimers_la_SOURCES = \
	clients/upsmon/brain/notice.c clients/upsmon/brain/notice.h \
	clients/upsmon/spawn.c clients/upsmon/spawn.h \
	clients/upsmon/brain/timers.c clients/upsmon/brain/timers.h
clients_upsmon_libtimers_la_LIBADD = common/libbase.la

check_PROGRAMS += tests/unit/test_timers
TESTS += tests/unit/test_timers
tests_unit_test_timers_SOURCES = tests/unit/test_timers.c
tests_unit_test_timers_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_timers_LDADD = clients/upsmon/libtimers.la $(CMOCKA_LIBS)

# What upsmon.conf and upsweb.conf demand of servers' TLS.
noinst_LTLIBRARIES += clients/libtlsdemands.la
clients_libtlsdemands_la_SOURCES = clients/upsmon/conf/tls.c clients/upsmon/conf/tls.h
clients_libtlsdemands_la_LIBADD = common/libupsnet.la

# upsmon: a thin main over a convenience library, which the unit tests link.
noinst_LTLIBRARIES += clients/upsmon/libupsmon.la
clients_upsmon_libupsmon_la_SOURCES = \
	clients/upsmon/conf/conf.c clients/upsmon/conf/conf.h \
	clients/upsmon/brain/facts.c clients/upsmon/brain/facts.h \
	$(group_language) \
	clients/upsmon/brain/rulebook.c clients/upsmon/brain/rulebook.h \
	clients/upsmon/engine.c clients/upsmon/engine.h clients/upsmon/engine_impl.h \
	clients/upsmon/engine_end.c \
	clients/upsmon/engine_reload.c \
	clients/upsmon/brain/monitor.c clients/upsmon/brain/monitor.h \
	clients/upsmon/brain/policy.h \
	clients/upsmon/powerflag.c clients/upsmon/powerflag.h \
	clients/upsmon/privsep.c clients/upsmon/privsep.h \
	clients/upsmon/brain/rules.c clients/upsmon/brain/rules.h \
	clients/upsmon/brain/shutdown.c clients/upsmon/brain/shutdown.h \
	clients/upsmon/watch.c

# What it knows and decides, and the parent of the processes.
clients_upsmon_libupsmon_la_SOURCES += \
	clients/upsmon/brain/brain.c clients/upsmon/brain/brain.h clients/upsmon/brain/brain_impl.h \
	clients/upsmon/brain/brain_describe.c clients/upsmon/brain/brain_keep.c \
	clients/upsmon/brain/brain_rules.c clients/upsmon/brain/brain_wake.c \
	clients/upsmon/conf/conf_native.c clients/upsmon/conf/conf_native.h \
	clients/upsmon/conf/conf_notices.c \
	clients/upsmon/confine.c clients/upsmon/confine.h \
	clients/upsmon/control.c clients/upsmon/control.h \
	clients/upsmon/engine_keep.c \
	clients/upsmon/hooks.c clients/upsmon/hooks.h \
	clients/upsmon/hold.c clients/upsmon/hold.h \
	clients/upsmon/keep.c clients/upsmon/keep.h \
	clients/upsmon/parent.c clients/upsmon/parent.h \
	clients/upsmon/rehearse.c clients/upsmon/rehearse.h \
	clients/upsmon/remote.c clients/upsmon/remote.h \
	clients/upsmon/wake.c clients/upsmon/wake.h


# Whatever reaches people and programs, for the notifier, and the way to it.
noinst_LTLIBRARIES += clients/upsmon/libcourier.la
clients_upsmon_libcourier_la_SOURCES = \
	clients/upsmon/notify/courier.c clients/upsmon/notify/courier.h \
	clients/upsmon/notify/delivery.c clients/upsmon/notify/delivery.h \
	clients/upsmon/notify/desktop.c clients/upsmon/notify/desktop.h \
	clients/upsmon/notify/inhibitor.h \
	clients/upsmon/notify/link.h \
	clients/upsmon/notify/mail.h \
	clients/upsmon/notify/mailtext.c clients/upsmon/notify/mailtext.h \
	clients/upsmon/notify/notifier.c clients/upsmon/notify/notifier.h \
	clients/upsmon/notify/nutlog.c clients/upsmon/notify/nutlog.h \
	clients/upsmon/notify/outbox.c clients/upsmon/notify/outbox.h
if HAVE_CURL
clients_upsmon_libcourier_la_SOURCES += clients/upsmon/notify/mail.c
else
clients_upsmon_libcourier_la_SOURCES += clients/upsmon/notify/mail_none.c
endif
if HAVE_LIBSYSTEMD
clients_upsmon_libcourier_la_SOURCES += clients/upsmon/notify/inhibitor.c
else
clients_upsmon_libcourier_la_SOURCES += clients/upsmon/notify/inhibitor_none.c
endif
clients_upsmon_libcourier_la_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(LIBSYSTEMD_CFLAGS)
clients_upsmon_libcourier_la_LIBADD = clients/upsmon/libtimers.la common/libnet.la $(CURL_LIBS) \
	$(LIBSYSTEMD_LIBS)
clients_upsmon_libupsmon_la_LIBADD = clients/libtlsdemands.la clients/upsmon/libcourier.la


upsmon_libs = clients/upsmon/libupsmon.la common/libopener.la common/libsandbox.la \
	common/libupsnet.la

sbin_PROGRAMS += clients/upsmon/upsmon
clients_upsmon_upsmon_SOURCES = clients/upsmon/main.c
clients_upsmon_upsmon_LDADD = $(upsmon_libs)

# nut-upsmon-mkconf: makes a file in the group language.
mkconf_parts = \
	clients/upsmon/conf/mkconf.h \
	clients/upsmon/conf/mkconf_answers.c \
	clients/upsmon/conf/mkconf_file.c \
	clients/upsmon/conf/mkconf_plan.c
sbin_PROGRAMS += clients/upsmon/nut-upsmon-mkconf
clients_upsmon_nut_upsmon_mkconf_SOURCES = clients/upsmon/conf/mkconf.c $(mkconf_parts)
clients_upsmon_nut_upsmon_mkconf_LDADD = clients/libsecure.la $(upsmon_libs)
man_pages += docs/man/nut-upsmon-mkconf.8

check_PROGRAMS += tests/unit/test_upsmon_mkconf
TESTS += tests/unit/test_upsmon_mkconf
tests_unit_test_upsmon_mkconf_SOURCES = tests/unit/test_upsmon_mkconf.c $(mkconf_parts)
tests_unit_test_upsmon_mkconf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_mkconf_LDADD = clients/libsecure.la $(upsmon_libs) $(CMOCKA_LIBS)

man_pages += docs/man/upsmon.8
EXTRA_DIST += docs/upsmon-safety.md

upsmon_tests = \
	tests/unit/test_upsmon_conf \
	tests/unit/test_upsmon_engine \
	tests/unit/test_upsmon_monitor \
	tests/unit/test_upsmon_rules \
	tests/unit/test_upsmon_shutdown
check_PROGRAMS += $(upsmon_tests)
TESTS += $(upsmon_tests)
tests_unit_test_upsmon_conf_SOURCES = tests/unit/test_upsmon_conf.c
tests_unit_test_upsmon_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_conf_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_engine_SOURCES = tests/unit/test_upsmon_engine.c
tests_unit_test_upsmon_engine_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_engine_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_monitor_SOURCES = tests/unit/test_upsmon_monitor.c
tests_unit_test_upsmon_monitor_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_monitor_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_rules_SOURCES = tests/unit/test_upsmon_rules.c
tests_unit_test_upsmon_rules_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_rules_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)
tests_unit_test_upsmon_shutdown_SOURCES = tests/unit/test_upsmon_shutdown.c
tests_unit_test_upsmon_shutdown_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_shutdown_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

courier_tests = \
	tests/unit/test_upsmon_courier \
	tests/unit/test_upsmon_delivery \
	tests/unit/test_upsmon_mailtext \
	tests/unit/test_upsmon_outbox
check_PROGRAMS += $(courier_tests)
TESTS += $(courier_tests)
tests_unit_test_upsmon_courier_SOURCES = tests/unit/test_upsmon_courier.c
tests_unit_test_upsmon_courier_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_courier_LDADD = clients/upsmon/libcourier.la $(CMOCKA_LIBS)
tests_unit_test_upsmon_delivery_SOURCES = tests/unit/test_upsmon_delivery.c
tests_unit_test_upsmon_delivery_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_delivery_LDADD = clients/upsmon/libcourier.la $(CMOCKA_LIBS)
tests_unit_test_upsmon_mailtext_SOURCES = tests/unit/test_upsmon_mailtext.c
tests_unit_test_upsmon_mailtext_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_mailtext_LDADD = clients/upsmon/libcourier.la $(CMOCKA_LIBS)
tests_unit_test_upsmon_outbox_SOURCES = tests/unit/test_upsmon_outbox.c
tests_unit_test_upsmon_outbox_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_outbox_LDADD = clients/upsmon/libcourier.la $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_delivery tests/fuzz/fuzz_mailtext
endif
tests_fuzz_fuzz_mailtext_SOURCES = tests/fuzz/fuzz_mailtext.c
tests_fuzz_fuzz_mailtext_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_mailtext_LDADD = clients/upsmon/libcourier.la
tests_fuzz_fuzz_delivery_SOURCES = tests/fuzz/fuzz_delivery.c
tests_fuzz_fuzz_delivery_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_delivery_LDADD = clients/upsmon/libcourier.la

check_PROGRAMS += tests/unit/test_upsmon_rulebook
TESTS += tests/unit/test_upsmon_rulebook
tests_unit_test_upsmon_rulebook_SOURCES = tests/unit/test_upsmon_rulebook.c
tests_unit_test_upsmon_rulebook_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_rulebook_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_groupconf
TESTS += tests/unit/test_upsmon_groupconf
tests_unit_test_upsmon_groupconf_SOURCES = tests/unit/test_upsmon_groupconf.c
tests_unit_test_upsmon_groupconf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_groupconf_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_grouplex
TESTS += tests/unit/test_upsmon_grouplex
tests_unit_test_upsmon_grouplex_SOURCES = tests/unit/test_upsmon_grouplex.c
tests_unit_test_upsmon_grouplex_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_grouplex_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

# The notifier alone, for the system tests.
noinst_PROGRAMS += tests/upsmon/notify-probe
tests_upsmon_notify_probe_SOURCES = tests/upsmon/notify-probe.c
tests_upsmon_notify_probe_LDADD = clients/upsmon/libcourier.la

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_groupconf
endif
tests_fuzz_fuzz_groupconf_SOURCES = tests/fuzz/fuzz_groupconf.c
tests_fuzz_fuzz_groupconf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_groupconf_LDADD = $(upsmon_libs)

# The brain on a stage.
brain_play = tests/unit/brain_play.c tests/unit/brain_play.h

check_PROGRAMS += tests/unit/test_upsmon_brain
TESTS += tests/unit/test_upsmon_brain
tests_unit_test_upsmon_brain_SOURCES = tests/unit/test_upsmon_brain.c $(brain_play)
tests_unit_test_upsmon_brain_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_brain_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_brain_outage
TESTS += tests/unit/test_upsmon_brain_outage
tests_unit_test_upsmon_brain_outage_SOURCES = tests/unit/test_upsmon_brain_outage.c $(brain_play)
tests_unit_test_upsmon_brain_outage_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_brain_outage_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_brain_keep
TESTS += tests/unit/test_upsmon_brain_keep
tests_unit_test_upsmon_brain_keep_SOURCES = tests/unit/test_upsmon_brain_keep.c $(brain_play)
tests_unit_test_upsmon_brain_keep_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_brain_keep_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_brain_due
TESTS += tests/unit/test_upsmon_brain_due
tests_unit_test_upsmon_brain_due_SOURCES = tests/unit/test_upsmon_brain_due.c $(brain_play)
tests_unit_test_upsmon_brain_due_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_brain_due_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_sim
TESTS += tests/unit/test_upsmon_sim
tests_unit_test_upsmon_sim_SOURCES = tests/unit/test_upsmon_sim.c $(brain_play) \
	tests/unit/sim_check.c \
	tests/unit/sim_model.c tests/unit/sim_model.h \
	tests/unit/sim_run.c tests/unit/sim_run.h \
	tests/unit/sim_site.c tests/unit/sim_site.h \
	tests/unit/sim_world.c tests/unit/sim_world.h
tests_unit_test_upsmon_sim_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_sim_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_keep
TESTS += tests/unit/test_upsmon_keep
tests_unit_test_upsmon_keep_SOURCES = tests/unit/test_upsmon_keep.c
tests_unit_test_upsmon_keep_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_keep_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_hooks
TESTS += tests/unit/test_upsmon_hooks
tests_unit_test_upsmon_hooks_SOURCES = tests/unit/test_upsmon_hooks.c
tests_unit_test_upsmon_hooks_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_hooks_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_wake
TESTS += tests/unit/test_upsmon_wake
tests_unit_test_upsmon_wake_SOURCES = tests/unit/test_upsmon_wake.c
tests_unit_test_upsmon_wake_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_wake_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_control
TESTS += tests/unit/test_upsmon_control
tests_unit_test_upsmon_control_SOURCES = tests/unit/test_upsmon_control.c
tests_unit_test_upsmon_control_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_control_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_upsmon_parent
TESTS += tests/unit/test_upsmon_parent
tests_unit_test_upsmon_parent_SOURCES = tests/unit/test_upsmon_parent.c
tests_unit_test_upsmon_parent_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_upsmon_parent_LDADD = $(upsmon_libs) $(CMOCKA_LIBS)

if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_brain
endif
tests_fuzz_fuzz_brain_SOURCES = tests/fuzz/fuzz_brain.c
tests_fuzz_fuzz_brain_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_brain_LDADD = $(upsmon_libs)
