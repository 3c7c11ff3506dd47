#include "config.h"

#include "clients/nutconf/verbs.h"

int verb_trial(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}
