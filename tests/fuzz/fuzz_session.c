/*
 * Whole sessions of upsd: clients and a driver that say anything at all.
 *
 * The input is records separated by byte 0x1e.  The first byte of a record says
 * what it is: C what the client sends, D what the driver sends, N the client
 * hangs up and another one comes, T two seconds pass, R the other configuration
 * is loaded, L the driver ends and comes back.  Whatever happens, clients must
 * get whole lines of text.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/upsd_site.h"

enum { SEPARATOR = 0x1e };

static const char *const configurations[] = {
	"[ups]\ndriver = d\nport = x\nalias = rack qnapups\n[dead]\ndriver = d\nport = y\n",
	"[new]\ndriver = d\nport = z\n[ups]\ndriver = d\nport = x\ndesc = \"a \\\"b\\\"\"\n",
};
static const char users[] = "[u]\npassword = p\nupsmon primary\nactions = SET\ninstcmds = ALL\n";
static const char dump[] = "SETINFO battery.charge \"50\"\nSETFLAGS battery.charge RW STRING\n"
			   "SETAUX battery.charge 3\nSETINFO ups.delay \"1\"\n"
			   "ADDRANGE ups.delay 1 9\nSETFLAGS ups.delay RW\n"
			   "SETINFO ups.status \"OL\"\nADDCMD test.panel\nDATAOK\nDUMPDONE\n";

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct scene {
	struct upsd_site *site;
	int client;
	int driver;
	unsigned loaded;
};

static void no_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	log_set_sink(no_log, NULL);
	return 0;
}

/* Only whole lines of text, also when the connection ends in between. */
static void check_answer(const char *answer)
{
	size_t len = strlen(answer);

	if (len && answer[len - 1] != '\n')
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)answer[i] < ' ' && answer[i] != '\n')
			abort();
}

static void say(struct scene *s, int fd, const uint8_t *data, size_t len)
{
	if (len && send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* upsd has hung up */
	upsd_site_settle(s->site);
}

static void restart_driver(struct scene *s)
{
	close(s->driver);
	upsd_site_settle(s->site);
	s->driver = upsd_site_driver(s->site, "d-ups", dump);
}

static void play(struct scene *s, const uint8_t *record, size_t len)
{
	switch (record[0]) {
	case 'C':
		say(s, s->client, record + 1, len - 1);
		break;
	case 'D':
		say(s, s->driver, record + 1, len - 1);
		upsd_site_read(s->site, s->driver);
		break;
	case 'N':
		close(s->client);
		upsd_site_settle(s->site);
		s->client = upsd_site_client(s->site);
		break;
	case 'T':
		clock_fake_advance(2000);
		upses_tick(&s->site->upsd.upses, clock_ms(), 3);
		clients_tick(&s->site->upsd.clients, clock_ms());
		tracking_expire(s->site->upsd.tracking, clock_ms(), 10);
		upsd_site_settle(s->site);
		break;
	case 'R':
		s->loaded = !s->loaded;
		upsd_site_reload(s->site, configurations[s->loaded]);
		break;
	case 'L':
		restart_driver(s);
		break;
	default:
		break;
	}
	check_answer(upsd_site_read(s->site, s->client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene s = {0};

	clock_fake(true, 1000);
	s.site = upsd_site_new(configurations[0], users);
	s.driver = upsd_site_driver(s.site, "d-ups", dump);
	s.client = upsd_site_client(s.site);
	while (size) {
		const uint8_t *end = memchr(data, SEPARATOR, size);
		size_t len = end ? (size_t)(end - data) : size;

		if (len)
			play(&s, data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	close(s.client);
	close(s.driver);
	upsd_site_free(s.site);
	return 0;
}
