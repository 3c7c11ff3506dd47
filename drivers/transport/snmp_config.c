#include "config.h"

#include "drivers/transport/snmp_config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/str.h"

enum {
	PORT_USUAL = 161,
	PASSWORD_MIN = 8,    /* RFC 3414, section 11.2 */
	NAME_MAX_BYTES = 32, /* snmpAdminString of usmUserName */
	TIMEOUT_USUAL_S = 1,
	RETRIES_USUAL = 5,
	NUMBER_MAX = 100,
};

struct reading {
	struct agent_config *cfg;
	const char *(*option)(void *arg, const char *name);
	void *arg;
	char *why;
	size_t size;
};

static const char *get(const struct reading *r, const char *name)
{
	return r->option(r->arg, name);
}

/* ----------------------------------------------------------------------------- the place */

/* What stands before the address. */
static const char *read_prefix(const char *text, struct agent_config *cfg)
{
	static const struct {
		const char *prefix;
		bool tcp;
		int family;
	} rows[] = {
		{"udp:", false, AF_INET},    {"udp6:", false, AF_INET6},
		{"udpv6:", false, AF_INET6}, {"udpipv6:", false, AF_INET6},
		{"tcp:", true, AF_INET},     {"tcp6:", true, AF_INET6},
		{"tcpv6:", true, AF_INET6},  {"tcpipv6:", true, AF_INET6},
	};

	cfg->family = AF_UNSPEC;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!str_casestarts(text, rows[i].prefix))
			continue;
		cfg->tcp = rows[i].tcp;
		cfg->family = rows[i].family;
		return text + strlen(rows[i].prefix);
	}
	return text;
}

/* The ':' before the port, NULL if there is none; *host and *len are what is before it. */
static const char *find_port(const char *text, const char **host, size_t *len)
{
	const char *colon = strrchr(text, ':');

	*host = text;
	*len = strlen(text);
	if (*text == '[') {
		const char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':')) {
			*len = 0;
			return NULL;
		}
		*host = text + 1;
		*len = (size_t)(end - text - 1);
		return end[1] ? end + 1 : NULL;
	}
	/* Several colons and no brackets: an IPv6 address, and no port. */
	if (!colon || strchr(text, ':') != colon)
		return NULL;
	*len = (size_t)(colon - text);
	return colon;
}

static bool read_place(struct reading *r, const char *text)
{
	struct agent_config *cfg = r->cfg;
	const char *host, *colon;
	size_t len;
	long port = PORT_USUAL;

	colon = find_port(read_prefix(text, cfg), &host, &len);
	if (len == 0 || (colon && !str_to_long(colon + 1, 1, 65535, &port))) {
		str_format(r->why, r->size,
			   "port = \"%s\": it is host, host:port, or [address]:port, after udp:, "
			   "udp6:, tcp: or tcp6: at will",
			   text);
		return false;
	}
	cfg->port = (unsigned)port;
	cfg->host = calloc(1, len + 1);
	if (cfg->host)
		memcpy(cfg->host, host, len);
	/* "udp:[::1]" is meant well. */
	if (cfg->host && strchr(cfg->host, ':') && cfg->family == AF_INET)
		cfg->family = AF_INET6;
	return cfg->host != NULL;
}

/* ------------------------------------------------------------------------------- choices */

struct choice {
	const char *word; /* in ups.conf, letter case and '-' aside */
	int number;
	const char *name; /* net-snmp's */
};

static const struct choice versions[] = {
	{"v1", AGENT_V1, NULL},  {"1", AGENT_V1, NULL},   {"v2c", AGENT_V2C, NULL},
	{"2c", AGENT_V2C, NULL}, {"v2", AGENT_V2C, NULL}, {"v3", AGENT_V3, NULL},
	{"3", AGENT_V3, NULL},   {NULL, 0, NULL},
};
static const struct choice levels[] = {
	{"noAuthNoPriv", AGENT_NOAUTH, NULL},
	{"authNoPriv", AGENT_AUTH_NOPRIV, NULL},
	{"authPriv", AGENT_AUTH_PRIV, NULL},
	{NULL, 0, NULL},
};
static const struct choice auths[] = {
	{"MD5", 0, "MD5"},        {"SHA", 0, "SHA"},        {"SHA1", 0, "SHA"},
	{"SHA224", 0, "SHA-224"}, {"SHA256", 0, "SHA-256"}, {"SHA384", 0, "SHA-384"},
	{"SHA512", 0, "SHA-512"}, {NULL, 0, NULL},
};
static const struct choice privs[] = {
	{"DES", 0, "DES"},        {"AES", 0, "AES"},        {"AES128", 0, "AES"},
	{"AES192", 0, "AES-192"}, {"AES256", 0, "AES-256"}, {NULL, 0, NULL},
};

/* "SHA-256" and "sha256" are the same. */
static bool is_word(const char *text, const char *word)
{
	char plain[16];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (n + 1 == sizeof(plain))
			return false;
		plain[n++] = *text;
	}
	plain[n] = '\0';
	return str_caseequal(plain, word);
}

static void list_words(const struct choice *rows, char *dst, size_t size)
{
	*dst = '\0';
	for (const struct choice *c = rows; c->word; c++) {
		size_t used = strlen(dst);

		str_format(dst + used, size - used, "%s%s", used ? ", " : "", c->word);
	}
}

/* NULL: the option has a word that is none of them. */
static const struct choice *choose(struct reading *r, const char *option, const struct choice *rows)
{
	const char *text = get(r, option);
	char words[128];

	if (!text)
		return rows;
	for (const struct choice *c = rows; c->word; c++)
		if (is_word(text, c->word))
			return c;
	list_words(rows, words, sizeof(words));
	str_format(r->why, r->size, "%s = \"%s\": it is one of %s", option, text, words);
	return NULL;
}

static bool read_number(struct reading *r, const char *option, long min, long otherwise, long *out)
{
	const char *text = get(r, option);

	*out = otherwise;
	if (!text || str_to_long(text, min, NUMBER_MAX, out))
		return true;
	str_format(r->why, r->size, "%s = \"%s\": it is a number from %ld to %d", option, text, min,
		   NUMBER_MAX);
	return false;
}

/* ------------------------------------------------------------------------------ SNMPv3 */

static bool read_password(struct reading *r, const char *option, char **out)
{
	const char *text = get(r, option);

	if (!text || strlen(text) < PASSWORD_MIN) {
		str_format(r->why, r->size,
			   "%s %s: secLevel = %s needs one of %d characters or more", option,
			   text ? "is too short" : "is missing", get(r, "secLevel"), PASSWORD_MIN);
		return false;
	}
	return str_replace(out, text);
}

static bool read_user(struct reading *r)
{
	const char *name = get(r, "secName");

	if (!name || !*name || strlen(name) > NAME_MAX_BYTES) {
		str_format(
			r->why, r->size,
			"secName %s: snmp_version = v3 needs the name of the agent's user, of at "
			"most %d bytes",
			name && *name ? "is too long" : "is missing", NAME_MAX_BYTES);
		return false;
	}
	return str_replace(&r->cfg->user, name);
}

static bool read_v3(struct reading *r)
{
	const struct choice *level = choose(r, "secLevel", levels);
	const struct choice *auth = choose(r, "authProtocol", auths);
	const struct choice *priv = choose(r, "privProtocol", privs);
	struct agent_config *cfg = r->cfg;

	if (!level || !auth || !priv || !read_user(r))
		return false;
	cfg->level = (enum agent_level)level->number;
	if (cfg->level >= AGENT_AUTH_NOPRIV) {
		cfg->auth_protocol = auth->name;
		if (!read_password(r, "authPassword", &cfg->auth_password))
			return false;
	}
	if (cfg->level == AGENT_AUTH_PRIV) {
		cfg->priv_protocol = priv->name;
		if (!read_password(r, "privPassword", &cfg->priv_password))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------------- the whole */

static bool read_all(struct reading *r, const char *port)
{
	const struct choice *version = choose(r, "snmp_version", versions);
	const char *community = get(r, "community");
	long retries, timeout_s;

	if (!version || !read_place(r, port) ||
	    !read_number(r, "snmp_retries", 0, RETRIES_USUAL, &retries) ||
	    !read_number(r, "snmp_timeout", 1, TIMEOUT_USUAL_S, &timeout_s))
		return false;
	r->cfg->version = (enum agent_version)version->number;
	r->cfg->retries = (unsigned)retries;
	r->cfg->timeout_ms = (int)timeout_s * 1000;
	if (r->cfg->version == AGENT_V3)
		return read_v3(r);
	return str_replace(&r->cfg->community, community ? community : "public");
}

bool agent_config_read(struct agent_config *out, const char *(*option)(void *arg, const char *name),
		       void *arg, const char *port, char *why, size_t size)
{
	struct reading r = {out, option, arg, why, size};

	memset(out, 0, sizeof(*out));
	str_copy(why, size, "no memory");
	if (read_all(&r, port))
		return true;
	agent_config_free(out);
	return false;
}

bool agent_config_copy(struct agent_config *out, const struct agent_config *from)
{
	*out = *from;
	out->host = str_dup(from->host);
	out->community = str_dup(from->community);
	out->user = str_dup(from->user);
	out->auth_password = str_dup(from->auth_password);
	out->priv_password = str_dup(from->priv_password);
	if (!out->host == !from->host && !out->community == !from->community &&
	    !out->user == !from->user && !out->auth_password == !from->auth_password &&
	    !out->priv_password == !from->priv_password)
		return true;
	agent_config_free(out);
	return false;
}

void agent_config_free(struct agent_config *c)
{
	free(c->host);
	free(c->user);
	secret_free(&c->community);
	secret_free(&c->auth_password);
	secret_free(&c->priv_password);
	memset(c, 0, sizeof(*c));
}
