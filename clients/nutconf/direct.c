#include "config.h"

#include "clients/nutconf/verbs.h"

void direct_print_options(FILE *out)
{
	(void)out;
}

int direct_run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}
