/*
 * Keys of SNMPv3 out of passwords, and a session as net-snmp wants it.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "drivers/transport/snmp_lib.h"
#include "drivers/transport/snmp_link.h"

/* Of the usual three parts: name in net-snmp, protocol, key. */
static bool make_key(const oid *auth, size_t auth_len, const char *password, u_char *key,
		     size_t room, size_t *len)
{
	*len = room;
	return generate_Ku(auth, (u_int)auth_len, (const u_char *)password, strlen(password), key,
			   len) == SNMPERR_SUCCESS;
}

static bool make_keys(struct snmp_keys *k, const struct agent_config *cfg)
{
	if (cfg->auth_protocol) {
		k->auth = sc_get_auth_oid(usm_lookup_auth_type(cfg->auth_protocol), &k->auth_len);
		if (!k->auth || !make_key(k->auth, k->auth_len, cfg->auth_password, k->auth_key,
					  sizeof(k->auth_key), &k->auth_key_len))
			return false;
	}
	if (cfg->priv_protocol) {
		k->priv = sc_get_priv_oid(usm_lookup_priv_type(cfg->priv_protocol), &k->priv_len);
		if (!k->priv || !make_key(k->auth, k->auth_len, cfg->priv_password, k->priv_key,
					  sizeof(k->priv_key), &k->priv_key_len))
			return false;
	}
	return true;
}

bool snmp_keys_make(struct snmp_keys *k, const struct agent_config *cfg, char *why, size_t size)
{
	memset(k, 0, sizeof(*k));
	snmp_lib_start();
	if (!snmp_lib_has_auth(cfg->auth_protocol)) {
		str_format(why, size, "authProtocol: this system's net-snmp has no %s",
			   cfg->auth_protocol);
		return false;
	}
	if (!snmp_lib_has_priv(cfg->priv_protocol)) {
		str_format(why, size, "privProtocol: this system's net-snmp has no %s",
			   cfg->priv_protocol);
		return false;
	}
	if (make_keys(k, cfg))
		return true;
	str_format(why, size,
		   "authProtocol, privProtocol: the cryptography of this system does not make keys "
		   "for %s%s%s",
		   cfg->auth_protocol, cfg->priv_protocol ? " with " : "",
		   cfg->priv_protocol ? cfg->priv_protocol : "");
	snmp_keys_wipe(k);
	return false;
}

void snmp_keys_wipe(struct snmp_keys *k)
{
	secret_wipe(k, sizeof(*k));
}

static void fill_user(netsnmp_session *s, const struct agent_config *cfg, const struct snmp_keys *k)
{
	static const int levels[] = {
		[AGENT_NOAUTH] = SNMP_SEC_LEVEL_NOAUTH,
		[AGENT_AUTH_NOPRIV] = SNMP_SEC_LEVEL_AUTHNOPRIV,
		[AGENT_AUTH_PRIV] = SNMP_SEC_LEVEL_AUTHPRIV,
	};

	s->securityModel = SNMP_SEC_MODEL_USM;
	s->securityLevel = levels[cfg->level];
	s->securityName = cfg->user;
	s->securityNameLen = strlen(cfg->user);
	/* net-snmp copies them, though it does not say so. */
	s->securityAuthProto = k->auth ? (oid *)(uintptr_t)k->auth : usmNoAuthProtocol;
	s->securityAuthProtoLen = k->auth ? k->auth_len : OID_LENGTH(usmNoAuthProtocol);
	memcpy(s->securityAuthKey, k->auth_key, k->auth_key_len);
	s->securityAuthKeyLen = k->auth_key_len;
	s->securityPrivProto = k->priv ? (oid *)(uintptr_t)k->priv : usmNoPrivProtocol;
	s->securityPrivProtoLen = k->priv ? k->priv_len : OID_LENGTH(usmNoPrivProtocol);
	memcpy(s->securityPrivKey, k->priv_key, k->priv_key_len);
	s->securityPrivKeyLen = k->priv_key_len;
}

void snmp_session_fill(netsnmp_session *s, const struct agent_config *cfg,
		       const struct snmp_keys *k)
{
	static const long versions[] = {
		[AGENT_V1] = SNMP_VERSION_1,
		[AGENT_V2C] = SNMP_VERSION_2c,
		[AGENT_V3] = SNMP_VERSION_3,
	};

	snmp_lib_start();
	snmp_sess_init(s);
	s->version = versions[cfg->version];
	s->retries = 0; /* repeating is ours: with other batches, perhaps */
	if (cfg->version == AGENT_V3) {
		fill_user(s, cfg, k);
	} else {
		s->community = (u_char *)cfg->community;
		s->community_len = strlen(cfg->community);
	}
}
