/* For tests: what mdnsscan finds, a line a server. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "drivers/scan/mdnsscan.h"

static void print(void *arg, const struct mdnsscan_server *s)
{
	(void)arg;
	printf("%s|%s|%s|%u\n", s->name, s->host, s->address, s->port);
}

int main(void)
{
	char why[200];

	if (mdnsscan_run(5000, print, NULL, why, sizeof(why)))
		return EXIT_SUCCESS;
	fprintf(stderr, "%s\n", why);
	return EXIT_FAILURE;
}
