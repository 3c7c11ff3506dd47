/*
 * Any bytes may stand in nutauth.conf: a look-up comes to its end, leaks
 * nothing, and gives out nothing after an error.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/ups/nutauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void ignore_log(void *arg, enum log_level level, const char *token, const char *line)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)line;
}

static void look_up(int fd, const char *user)
{
	struct nutauth found;
	struct tlspolicy_source demands;

	if (!nutauth_find_fd(fd, "fuzz.conf", user, "there", 4000, &found)) {
		expect(!found.user && !found.password && !found.ident_password);
		return;
	}
	demands = nutauth_demands(&found, true);
	expect(demands.plain == (found.forcessl == 0));
	expect(found.certverify >= -1 && found.certverify <= 1);
	nutauth_free(&found);
	expect(!found.user && !found.password && !found.cert_path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("nutauth", MFD_CLOEXEC);
		log_set_sink(ignore_log, NULL);
		/* Names that INCLUDE makes up lead nowhere. */
		setenv("NUT_CONFPATH", "/nonexistent", 1);
	}
	expect(fd >= 0);
	expect(ftruncate(fd, 0) == 0);
	expect(pwrite(fd, data, size, 0) == (ssize_t)size);
	look_up(fd, NULL);
	look_up(fd, "bob");
	return 0;
}
