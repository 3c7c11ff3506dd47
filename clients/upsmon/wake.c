#include "config.h"

#include "clients/upsmon/wake.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/ups/netwire.h"

enum { MAC_BYTES = 6, MAC_TEXT = 17, REPEATS = 16, WAKE_PORT = 9 };

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool parse_mac(const char *text, uint8_t *mac)
{
	for (int i = 0; i < MAC_BYTES; i++, text += 3) {
		int high = nibble(text[0]), low = high < 0 ? -1 : nibble(text[1]);

		if (low < 0 || (i < MAC_BYTES - 1 && text[2] != ':' && text[2] != '-'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool parse_address(const char *text, struct netaddr *to)
{
	char host[256], with_port[300];
	unsigned port;
	const char *why;

	/* netwire's default port is upsd's: say ours where none is said. */
	if (netaddr_from_numeric(text, WAKE_PORT, to))
		return true;
	str_copy(with_port, sizeof(with_port), text);
	if (!strchr(text, ':') || !netwire_parse_host(with_port, host, sizeof(host), &port, &why))
		return false;
	return netaddr_from_numeric(host, text[strlen(text) - 1] == ']' ? WAKE_PORT : port, to);
}

bool wake_parse(const char *text, struct wake_target *t, const char **why)
{
	size_t len = strcspn(text, " \t");
	const char *rest = text + len + strspn(text + len, " \t");

	*why = "a card's address is six bytes, 52:54:00:12:34:56";
	if (len != MAC_TEXT || !parse_mac(text, t->mac))
		return false;
	*why = "where to send it has to be a numeric address, 192.0.2.255 or 192.0.2.255:9";
	return parse_address(*rest ? rest : "255.255.255.255", &t->to);
}

int wake_send(const struct wake_target *t)
{
	uint8_t packet[MAC_BYTES * (REPEATS + 1)];
	const int yes = 1;
	int fd = socket(t->to.ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return errno;
	memset(packet, 0xff, MAC_BYTES);
	for (int i = 1; i <= REPEATS; i++)
		memcpy(packet + (size_t)i * MAC_BYTES, t->mac, MAC_BYTES);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes));
	if (sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)&t->to.ss, t->to.len) !=
	    (ssize_t)sizeof(packet))
		err = errno ? errno : EIO;
	close(fd);
	return err;
}
