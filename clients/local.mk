# libupsclient and the programs that talk to upsd.
include clients/libupsclient/local.mk
include clients/cli/local.mk
include clients/upsmon/local.mk
include clients/upssched/local.mk
include clients/secure/local.mk
include clients/nutconf/local.mk
include clients/nutconf/trial.mk
include clients/fleet/local.mk
include clients/upsmqtt/local.mk
include clients/history/local.mk
include clients/upsweb/local.mk
include clients/web/local.mk
include clients/cgi/local.mk
include clients/announce/local.mk
include clients/report/local.mk
