/*
 * The engine with a HID device that lies in everything (tests/lib/hidliar.h), and
 * each of our maps: those of NUT_DATAPATH, else of data/ here.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "tests/lib/hidliar.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mapset maps;
static struct hid_liar_counts counts;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (char[]){"map"}};

	(void)argc;
	(void)argv;
	log_to_stderr(false);
	setenv("NUT_DATAPATH", "data", 0);
	if (!mapset_load(&maps, "usbhid-ups", &report) || maps.count == 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hid_liar_run(&maps, data, size, &counts);
	return 0;
}
