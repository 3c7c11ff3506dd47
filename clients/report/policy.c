#include "config.h"

#include "clients/report/policy.h"

#include <string.h>

#include "common/base/str.h"

static const struct policy_row ups_conf[] = {
	{"driver", "k"},
	{"port", "p"},
	{"desc", "l"},
	{"alias", "k"},
	{"default.*", "n"},
	{"override.*", "n"},
	{"ignorelb", "n"},
	{"sdorder", "n"},
	{"sdcommands", "k"},
	{"allow_killpower", "n"},
	{"nolock", "n"},
	{"maxstartdelay", "n"},
	{"maxretry", "n"},
	{"retrydelay", "n"},
	{"pollinterval", "n"},
	{"synchronous", "k"},
	{"user", "u"},
	{"group", "u"},
	{"debug_min", "n"},
	{"sandbox", "n"},
	{"chroot", "k"},
	{"driverpath", "k"},
	{"statepath", "k"},
	{"nowait", "n"},
	{"reconnect_max_tries", "n"},
	{"reconnect_report_freq", "n"},
	{"libusb_debug", "n"},
	{"mode", "k"},
	{"repeater_disable_strict_start", "n"},
	{"authconf", "k"},
	{"sddelay", "n"},
	/* USB */
	{"vendorid", "k"},
	{"productid", "k"},
	{"vendor", "k"},
	{"product", "k"},
	{"serial", "r"},
	{"bus", "k"},
	{"busport", "k"},
	{"device", "k"},
	{"subdriver", "k"},
	{"usb_set_altinterface", "n"},
	{"usb_config_index", "n"},
	{"usb_hid_rep_index", "n"},
	{"usb_hid_desc_index", "n"},
	{"usb_hid_ep_in", "n"},
	{"usb_hid_ep_out", "n"},
	{"allow_duplicates", "n"},
	{"pollfreq", "n"},
	{"pollonly", "n"},
	{"interruptonly", "n"},
	{"interruptsize", "n"},
	{"interrupt_pipe_no_events_tolerance", "n"},
	{"waitbeforereconnect", "n"},
	{"winhid", "n"},
	{"maxreport", "n"},
	{"disable_fix_report_desc", "n"},
	{"onlinedischarge", "n"},
	{"onlinedischarge_onbattery", "n"},
	{"onlinedischarge_calibration", "n"},
	{"onlinedischarge_log_throttle_sec", "n"},
	{"onlinedischarge_log_throttle_hovercharge", "n"},
	{"lbrb_log_delay_sec", "n"},
	{"lbrb_log_delay_without_calibrating", "n"},
	{"offdelay", "n"},
	{"ondelay", "n"},
	{"lowbatt", "n"},
	{"explore", "n"},
	{"nooutstats", "n"},
	{"slave_addr", "n"},
	{"slave_address", "n"},
	{"langid_fix", "k"},
	{"noscanlangid", "n"},
	/* serial lines */
	{"cablepower", "k"},
	{"baudrate", "n"},
	{"upstype", "n"},
	{"cable", "k"},
	{"ttymode", "k"},
	{"sdtype", "n"},
	{"advorder", "n"},
	{"awd", "n"},
	{"wugrace", "n"},
	{"cshdelay", "n"},
	{"sdtime", "n"},
	{"mfr", "k"},
	{"model", "k"},
	{"cp", "k"},
	{"ol", "k"},
	{"lb", "k"},
	{"rb", "k"},
	{"bypass", "k"},
	{"sd", "k"},
	/* the Megatec family */
	{"protocol", "k"},
	{"novendor", "n"},
	{"norating", "n"},
	{"ignoresab", "n"},
	{"stayoff", "n"},
	{"runtimecal", "k"},
	{"chargetime", "n"},
	{"idleload", "n"},
	{"battery_voltage_reports_one_pack", "n"},
	{"battery_number", "n"},
	{"nombattvolt", "n"},
	{"battvoltmult", "n"},
	{"testing", "n"},
	/* networks */
	{"map", "k"},
	{"mibs", "k"},
	{"snmp_version", "k"},
	{"community", "s"},
	{"snmp_retries", "n"},
	{"snmp_timeout", "n"},
	{"seclevel", "k"},
	{"secname", "u"},
	{"authpassword", "s"},
	{"privpassword", "s"},
	{"authprotocol", "k"},
	{"privprotocol", "k"},
	{"traps", "n"},
	{"semistaticfreq", "n"},
	{"notransferoids", "n"},
	{"symmetrathreephase", "n"},
	{"timeout", "n"},
	{"maxage", "n"},
	{"login", "u"},
	{"username", "u"},
	{"password", "s"},
	/* drivers on top of others */
	{"inittime", "n"},
	{"deadtime", "n"},
	{"relogtime", "n"},
	{"maxconnfails", "n"},
	{"coolofftime", "n"},
	{"noprimarytime", "n"},
	{"fsdmode", "n"},
	{"status_have_any", "k"},
	{"status_have_all", "k"},
	{"status_nothave_any", "k"},
	{"status_nothave_all", "k"},
	{"strictfiltering", "n"},
	{"checkruntime", "n"},
	{"load.off", "k"},
	{"load.on", "k"},
	{"load.status", "k"},
	{"mincharge", "n"},
	{"minruntime", "n"},
	{"prefix", "k"},
	{NULL, NULL},
};

static const struct policy_row upsd_conf[] = {
	{"LISTEN", "ank"},
	{"MAXAGE", "n"},
	{"MAXCONN", "n"},
	{"TRACKINGDELAY", "n"},
	{"ALLOW_NO_DEVICE", "n"},
	{"ALLOW_NOT_ALL_LISTENERS", "n"},
	{"READ_NEEDS_LOGIN", "n"},
	{"STATEPATH", "k"},
	{"DATAPATH", "k"},
	{"SANDBOX", "n"},
	{"DEBUG_MIN", "n"},
	{"CERTFILE", "k"},
	{"CERTPATH", "k"},
	{"CERTIDENT", "ls"},
	{"CERTREQUEST", "k"},
	{"DISABLE_WEAK_SSL", "n"},
	{"ACL", "s"},
	{"ACCEPT", "s"},
	{"REJECT", "s"},
	{NULL, NULL},
};

static const struct policy_row upsd_users[] = {
	{"password", "s"}, {"passwordhash", "s"}, {"peer", "u"},      {"upsmon", "k"},
	{"actions", "k"},  {"instcmds", "k"},     {"ups", "k"},       {"vars", "k"},
	{"cmds", "k"},     {"from", "a"},         {"allowfrom", "s"}, {NULL, NULL},
};

static const struct policy_row upsmon_conf[] = {
	{"MONITOR", "hnusk"},    {"MINSUPPLIES", "n"},   {"SHUTDOWNCMD", "c"},
	{"SHUTDOWNEXIT", "n"},   {"NOTIFYCMD", "c"},     {"POWERDOWNFLAG", "k"},
	{"POLLFREQ", "n"},       {"POLLFREQALERT", "n"}, {"POLLFAIL_LOG_THROTTLE_MAX", "n"},
	{"HOSTSYNC", "n"},       {"DEADTIME", "n"},      {"RBWARNTIME", "n"},
	{"NOCOMMWARNTIME", "n"}, {"FINALDELAY", "n"},    {"OFFDURATION", "n"},
	{"OBLBDURATION", "n"},   {"OVERDURATION", "n"},  {"ALARMCRITICAL", "n"},
	{"OBDURATION", "nh"},    {"OBCHARGE", "nh"},     {"OBRUNTIME", "nh"},
	{"SHUTDOWNHOOKS", "kn"}, {"WAKEONLAN", "aan"},   {"WAKESTABLE", "n"},
	{"WAKECHARGE", "n"},     {"BOOTCHARGE", "n"},    {"RUN_AS_USER", "u"},
	{"SANDBOX", "n"},        {"NOTIFYMSG", "kl"},    {"NOTIFYFLAG", "k"},
	{"FORCESSL", "n"},       {"CERTVERIFY", "n"},    {"CERTHOST", "hln"},
	{"CERTPATH", "k"},       {"CERTFILE", "k"},      {"CERTIDENT", "ls"},
	{"DEBUG_MIN", "n"},      {NULL, NULL},
};

static const struct policy_row upssched_conf[] = {
	{"CMDSCRIPT", "c"}, {"PIPEFN", "k"}, {"LOCKFN", "k"},
	{"DEBUG_MIN", "n"}, {"AT", "khkln"}, {NULL, NULL},
};

/* A shell's file of assignments; the tokenizer sees NAME = value. */
static const struct policy_row nut_conf[] = {
	{"MODE", "k"},
	{"ALLOW_NO_DEVICE", "n"},
	{"ALLOW_NOT_ALL_LISTENERS", "n"},
	{"POWEROFF_WAIT", "n"},
	{"POWEROFF_QUIET", "n"},
	{"NUT_DEBUG_LEVEL", "n"},
	{"NUT_DEBUG_PID", "n"},
	{"NUT_DEBUG_SYSLOG", "k"},
	{"NUT_IGNORE_CHECKPROCNAME", "n"},
	{"NUT_QUIET_INIT_UPSNOTIFY", "n"},
	{"NUT_QUIET_INIT_SSL", "n"},
	{"NUT_QUIET_INIT_BANNER", "n"},
	{"NUT_QUIET_INIT_LISTENER", "n"},
	{"NUT_DEFAULT_CONNECT_TIMEOUT", "n"},
	{NULL, NULL},
};

static const struct policy_row nutauth_conf[] = {
	{"user", "u"},     {"username", "u"},       {"pass", "s"},           {"password", "s"},
	{"FORCESSL", "n"}, {"CERTVERIFY", "n"},     {"CERTPATH", "k"},       {"CERTHOST", "a"},
	{"CERTFILE", "k"}, {"CERTIDENT_NAME", "l"}, {"CERTIDENT_PASS", "s"}, {"SSLBACKEND", "k"},
	{NULL, NULL},
};

static const struct policy_row hosts_conf[] = {
	{"MONITOR", "hl"},
	{"CUSTOM_TEMPLATE_LIST", "k"},
	{"CUSTOM_TEMPLATE_SINGLE", "k"},
	{NULL, NULL},
};

static const struct policy_row upsset_conf[] = {
	{"I_HAVE_SECURED_MY_CGI_DIRECTORY", "n"},
	{NULL, NULL},
};

static const struct policy_row upsmqtt_conf[] = {
	{"MONITOR", "hl"},    {"AUTHCONF", "k"},  {"POLLFREQ", "n"},  {"BROKER", "h"},
	{"CLIENTID", "l"},    {"PREFIX", "l"},    {"USER", "u"},      {"PASSWORDFILE", "k"},
	{"TLS", "n"},         {"CAFILE", "k"},    {"CERTFILE", "k"},  {"KEYFILE", "k"},
	{"KEEPALIVE", "n"},   {"QOS", "n"},       {"VARIABLES", "k"}, {"TOPICS", "n"},
	{"JSON", "n"},        {"DISCOVERY", "n"}, {"COMMANDS", "k"},  {"SETTINGS", "k"},
	{"RUN_AS_USER", "u"}, {"SANDBOX", "n"},   {"DEBUG_MIN", "n"}, {NULL, NULL},
};

static const struct policy_row upsweb_conf[] = {
	{"MONITOR", "hlus"}, {"LISTEN", "ank"}, {"CERTIFICATE", "k"}, {"CONTROL", "n"},
	{"HISTORY", "k"},    {"POLLFREQ", "n"}, {"RUN_AS_USER", "u"}, {"SANDBOX", "n"},
	{"CERTPATH", "k"},   {"CERTFILE", "k"}, {"CERTIDENT", "ls"},  {"CERTHOST", "hln"},
	{"CERTVERIFY", "n"}, {"FORCESSL", "n"}, {"DEBUG_MIN", "n"},   {NULL, NULL},
};

const struct policy_file policy_files[] = {
	{"nut.conf", true, POLICY_SECRET, nut_conf},
	{"ups.conf", true, POLICY_KEEP, ups_conf},
	{"upsd.conf", false, POLICY_END, upsd_conf},
	{"upsd.users", true, POLICY_USER, upsd_users},
	{"upsmon.conf", false, POLICY_END, upsmon_conf},
	{"upssched.conf", false, POLICY_END, upssched_conf},
	{"nutauth.conf", true, POLICY_HOST, nutauth_conf},
	{"hosts.conf", false, POLICY_END, hosts_conf},
	{"upsset.conf", false, POLICY_END, upsset_conf},
	{"upsmqtt.conf", false, POLICY_END, upsmqtt_conf},
	{"upsweb.conf", false, POLICY_END, upsweb_conf},
	{NULL, false, POLICY_END, NULL},
};

static bool row_fits(const char *row, const char *word)
{
	size_t len = strlen(row);

	if (len > 1 && row[len - 1] == '*')
		return str_ncasecmp(row, word, len - 1) == 0;
	return str_caseequal(row, word);
}

const char *policy_of(const struct policy_file *file, const char *word)
{
	for (const struct policy_row *row = file->rows; row->word; row++) {
		if (row_fits(row->word, word))
			return row->rules;
	}
	return NULL;
}

enum policy policy_at(const char *rules, size_t i)
{
	size_t last = strlen(rules) - 1;

	return (enum policy)(unsigned char)rules[i < last ? i : last];
}
