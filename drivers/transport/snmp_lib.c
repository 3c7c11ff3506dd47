#include "config.h"

#include "drivers/transport/snmp_lib.h"

#include <net-snmp/net-snmp-config.h>
/* after net-snmp-config.h */
#include <net-snmp/net-snmp-includes.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "snmp";

/* They tell of single packets: what becomes of them is told by the transport. */
static int on_message(int major, int minor, void *message, void *arg)
{
	const struct snmp_log_message *m = message;
	char text[512];

	(void)major, (void)minor, (void)arg;
	str_copy(text, sizeof(text), m->msg);
	text[strcspn(text, "\n")] = '\0';
	if (*text)
		log_debug(2, token, "net-snmp: %s", text);
	return 0;
}

static void set(int which)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, which, 1);
}

void snmp_lib_start(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	/* Neither snmp.conf of the host or the user, nor /var/lib/snmp, nor MIB files. */
	set(NETSNMP_DS_LIB_DONT_READ_CONFIGS);
	set(NETSNMP_DS_LIB_DONT_PERSIST_STATE);
	set(NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD);
	set(NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE);
	set(NETSNMP_DS_LIB_PRINT_NUMERIC_OIDS);
	/* It looks for certificates there, and makes the folders. */
	set_persistent_directory("/dev/null");
	set_configuration_directory("/dev/null");
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_message, NULL);
	init_snmp("chestnut");
	/* It takes the host's; ours knows of none. */
	setlocale(LC_CTYPE, "C");
}

bool snmp_lib_has_auth(const char *name)
{
	snmp_lib_start();
	return !name || usm_lookup_auth_type(name) >= 0;
}

bool snmp_lib_has_priv(const char *name)
{
	snmp_lib_start();
	return !name || usm_lookup_priv_type(name) >= 0;
}
