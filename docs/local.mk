# Manual pages: asciidoctor makes docs/man/NAME.SECTION of docs/man/NAME.SECTION.adoc.
# Tarballs carry the made pages, so only a checkout needs asciidoctor.
if BUILD_MAN
dist_man_MANS = $(man_pages)
endif
EXTRA_DIST += $(man_pages:=.adoc)
CLEANFILES += $(man_pages)

docs/man/%: docs/man/%.adoc
	$(AM_V_GEN)$(MKDIR_P) docs/man && \
	$(ASCIIDOCTOR) -b manpage -a reproducible -a manmanual='Chestnut Manual' \
		-a mansource='Chestnut $(PACKAGE_VERSION)' -o $@ $<
EXTRA_DIST += README.md CONTRIBUTING.md NEWS SECURITY.md docs/security.md
EXTRA_DIST += docs/grammar.md docs/performance.md docs/maps.md
EXTRA_DIST += docs/usbhid-differences.md
EXTRA_DIST += docs/snmp-differences.md
EXTRA_DIST += docs/mqtt.md docs/container.md docs/clients.md
EXTRA_DIST += docs/cgi-differences.md
EXTRA_DIST += docs/qx-differences.md
EXTRA_DIST += docs/power-failure.md docs/power-failure.svg
man_pages += docs/man/nut.conf.5
man_pages += docs/man/ups.conf.5
man_pages += docs/man/upsd.conf.5
man_pages += docs/man/upsd.users.5
man_pages += docs/man/upsmon.conf.5
man_pages += docs/man/UPSmon.conf.5
EXTRA_DIST += docs/api/upsweb.openapi.json
EXTRA_DIST += docs/metrics.md docs/grafana/upsweb.json
EXTRA_DIST += docs/migration.md
EXTRA_DIST += docs/fleet.md docs/packaging.md
