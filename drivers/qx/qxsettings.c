#include "config.h"

#include "drivers/qx/qxsettings.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "qx";

static const struct {
	const char *option, *variable;
} settings[] = {
	{"pins_shutdown_mode", "experimental.pins.shutdown.mode"},
	{"battery_number", "experimental.battery.number"},
	{"output_phase_angle", "experimental.output.phase.angle"},
	{"work_range_type", "experimental.work.range.type"},
	{"max_bypass_volt", "experimental.bypass.voltage.high"},
	{"min_bypass_volt", "experimental.bypass.voltage.low"},
	{"max_bypass_freq", "experimental.bypass.frequency.high"},
	{"min_bypass_freq", "experimental.bypass.frequency.low"},
	{"alarm_control", "experimental.alarm.control"},
	{"bypass_alarm", "experimental.bypass.alarm"},
	{"battery_alarm", "experimental.battery.alarm"},
	{"bypass_when_off", "experimental.bypass.when.off"},
	{"bypass_forbidding", "experimental.bypass.forbidding"},
	{"converter_mode", "experimental.converter.mode"},
	{"eco_mode", "experimental.eco.mode"},
	{"advanced_eco_mode", "experimental.advanced.eco.mode"},
	{"battery_open_status_check", "experimental.battery.open.status.check"},
	{"site_fault_detection", "experimental.site.fault.detection"},
	{"constant_phase_angle", "experimental.constant.phase.angle"},
	{"limited_runtime_on_battery", "experimental.limited.runtime.on.battery"},
};

static bool is_so(const char *now, const char *wanted)
{
	double x, y;

	if (str_to_double(now, &x) && str_to_double(wanted, &y))
		return x == y;
	return str_caseequal(now, wanted);
}

static void apply(struct core *c, struct engine *e, const char *option, const char *variable)
{
	const char *wanted = core_option(c, option);
	const char *now = state_get(core_state(c), variable);

	if (!wanted || (now && is_so(now, wanted)))
		return;
	if (!now) {
		log_warn(token, "%s: this UPS has no setting for %s", core_ups(c), option);
		return;
	}
	switch (engine_setvar(e, variable, wanted)) {
	case DRIVERWIRE_HANDLED:
		log_notice(token, "%s: %s = %s was set", core_ups(c), option, wanted);
		return;
	case DRIVERWIRE_R_INVALID:
		log_error(token, "%s: %s = %s: not with this UPS; upsrw shows what %s may be",
			  core_ups(c), option, wanted, variable);
		return;
	default:
		log_error(token, "%s: %s = %s: the UPS did not take it", core_ups(c), option,
			  wanted);
	}
}

static void reset(struct core *c, struct engine *e)
{
	static const char command[] = "experimental.reset.to.default";
	const char *status = state_get(core_state(c), "ups.status");

	if (!core_flag(c, "reset_to_default"))
		return;
	if (!state_find_command(core_state(c), command))
		log_warn(token, "%s: this UPS has no reset_to_default", core_ups(c));
	else if (!status || !strstr(status, "OFF"))
		log_warn(token,
			 "%s: reset_to_default waits for a UPS on standby (OFF): nothing was done",
			 core_ups(c));
	else if (engine_instcmd(e, command, NULL) != DRIVERWIRE_HANDLED)
		log_error(token, "%s: reset_to_default: the UPS did not take it", core_ups(c));
}

void qx_settings_apply(struct core *c, struct engine *e)
{
	reset(c, e);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		apply(c, e, settings[i].option, settings[i].variable);
}
