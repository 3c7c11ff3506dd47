# Whole sites, installed below $(docdir)/examples: one folder each.
onepcdir = $(docdir)/examples/one-pc
dist_onepc_DATA = \
	conf/examples/one-pc/ups.conf \
	conf/examples/one-pc/upsd.conf \
	conf/examples/one-pc/upsd.users \
	conf/examples/one-pc/upsmon.conf

twofeedsdir = $(docdir)/examples/two-feeds
dist_twofeeds_DATA = \
	conf/examples/two-feeds/ups.conf \
	conf/examples/two-feeds/upsd.conf \
	conf/examples/two-feeds/upsd.users \
	conf/examples/two-feeds/upsmon.conf

rackdir = $(docdir)/examples/rack-with-groups
dist_rack_DATA = \
	conf/examples/rack-with-groups/ups.conf \
	conf/examples/rack-with-groups/upsd.conf \
	conf/examples/rack-with-groups/upsd.users \
	conf/examples/rack-with-groups/upsmon.conf \
	conf/examples/rack-with-groups/upsmon-stage1.conf \
	conf/examples/rack-with-groups/upsmon-stage2.conf \
	conf/examples/rack-with-groups/UPSmon.conf \
	conf/examples/rack-with-groups/UPSmon-stage1.conf \
	conf/examples/rack-with-groups/UPSmon-stage2.conf

nasdir = $(docdir)/examples/nas-clients
dist_nas_DATA = \
	conf/examples/nas-clients/ups.conf \
	conf/examples/nas-clients/upsd.conf \
	conf/examples/nas-clients/upsd.users \
	conf/examples/nas-clients/upsmon.conf \
	conf/examples/nas-clients/upsmon-qnap.conf

hypervisordir = $(docdir)/examples/hypervisor
dist_hypervisor_DATA = \
	conf/examples/hypervisor/ups.conf \
	conf/examples/hypervisor/upsd.conf \
	conf/examples/hypervisor/upsd.users \
	conf/examples/hypervisor/upsmon.conf

hypervisorhooksdir = $(docdir)/examples/hypervisor/shutdown.d
dist_hypervisorhooks_SCRIPTS = \
	conf/examples/hypervisor/shutdown.d/10-containers \
	conf/examples/hypervisor/shutdown.d/10-guests
