#include "config.h"

#include "clients/nutconf/verbs.h"

int verb_check(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}
