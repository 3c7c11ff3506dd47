#include "config.h"

#include "clients/libupsclient/fault.h"

#include <stddef.h>

#include "clients/libupsclient/upsclient.h"

static const struct {
	const char *text;
	enum fault_reason reason;
} faults[UPSCLI_ERR_MAX + 1] = {
	[UPSCLI_ERR_UNKNOWN] = {"Unknown error", FAULT_NO_REASON},
	[UPSCLI_ERR_VARNOTSUPP] = {"Variable not supported by UPS", FAULT_NO_REASON},
	[UPSCLI_ERR_NOSUCHHOST] = {"No such host", FAULT_NO_REASON},
	[UPSCLI_ERR_INVRESP] = {"Invalid response from server", FAULT_NO_REASON},
	[UPSCLI_ERR_UNKNOWNUPS] = {"Unknown UPS", FAULT_NO_REASON},
	[UPSCLI_ERR_INVLISTTYPE] = {"Invalid list type", FAULT_NO_REASON},
	[UPSCLI_ERR_ACCESSDENIED] = {"Access denied", FAULT_NO_REASON},
	[UPSCLI_ERR_PWDREQUIRED] = {"Password required", FAULT_NO_REASON},
	[UPSCLI_ERR_PWDINCORRECT] = {"Password incorrect", FAULT_NO_REASON},
	[UPSCLI_ERR_MISSINGARG] = {"Missing argument", FAULT_NO_REASON},
	[UPSCLI_ERR_DATASTALE] = {"Data stale", FAULT_NO_REASON},
	[UPSCLI_ERR_VARUNKNOWN] = {"Variable unknown", FAULT_NO_REASON},
	[UPSCLI_ERR_LOGINTWICE] = {"Already logged in", FAULT_NO_REASON},
	[UPSCLI_ERR_PWDSETTWICE] = {"Already set password", FAULT_NO_REASON},
	[UPSCLI_ERR_UNKNOWNTYPE] = {"Unknown variable type", FAULT_NO_REASON},
	[UPSCLI_ERR_UNKNOWNVAR] = {"Unknown variable", FAULT_NO_REASON},
	[UPSCLI_ERR_VARREADONLY] = {"Read-only variable", FAULT_NO_REASON},
	[UPSCLI_ERR_TOOLONG] = {"New value is too long", FAULT_NO_REASON},
	[UPSCLI_ERR_INVALIDVALUE] = {"Invalid value for variable", FAULT_NO_REASON},
	[UPSCLI_ERR_SETFAILED] = {"Set command failed", FAULT_NO_REASON},
	[UPSCLI_ERR_UNKINSTCMD] = {"Unknown instant command", FAULT_NO_REASON},
	[UPSCLI_ERR_CMDFAILED] = {"Instant command failed", FAULT_NO_REASON},
	[UPSCLI_ERR_CMDNOTSUPP] = {"Instant command not supported", FAULT_NO_REASON},
	[UPSCLI_ERR_INVUSERNAME] = {"Invalid username", FAULT_NO_REASON},
	[UPSCLI_ERR_USERSETTWICE] = {"Already set username", FAULT_NO_REASON},
	[UPSCLI_ERR_UNKCOMMAND] = {"Unknown command", FAULT_NO_REASON},
	[UPSCLI_ERR_INVALIDARG] = {"Invalid argument", FAULT_NO_REASON},
	[UPSCLI_ERR_SENDFAILURE] = {"Send failure", FAULT_ERRNO},
	[UPSCLI_ERR_RECVFAILURE] = {"Receive failure", FAULT_ERRNO},
	[UPSCLI_ERR_SOCKFAILURE] = {"socket failure", FAULT_ERRNO},
	[UPSCLI_ERR_BINDFAILURE] = {"bind failure", FAULT_ERRNO},
	[UPSCLI_ERR_CONNFAILURE] = {"Connection failure", FAULT_ERRNO},
	[UPSCLI_ERR_WRITE] = {"Write error", FAULT_ERRNO},
	[UPSCLI_ERR_READ] = {"Read error", FAULT_ERRNO},
	[UPSCLI_ERR_INVPASSWORD] = {"Invalid password", FAULT_NO_REASON},
	[UPSCLI_ERR_USERREQUIRED] = {"Username required", FAULT_NO_REASON},
	[UPSCLI_ERR_SSLFAIL] = {"SSL is not available", FAULT_NO_REASON},
	[UPSCLI_ERR_SSLERR] = {"SSL error", FAULT_NOTED},
	[UPSCLI_ERR_SRVDISC] = {"Server disconnected", FAULT_NO_REASON},
	[UPSCLI_ERR_DRVNOTCONN] = {"Driver not connected", FAULT_NO_REASON},
	[UPSCLI_ERR_NOMEM] = {"Memory allocation failure", FAULT_NO_REASON},
	[UPSCLI_ERR_PARSE] = {"Parse error", FAULT_NOTED},
	[UPSCLI_ERR_PROTOCOL] = {"Protocol error", FAULT_NO_REASON},
};

/* Replies that have a number of their own; all others are UNKNOWN. */
static const struct {
	enum netwire_error reply;
	int number;
} replies[] = {
	{NETWIRE_VAR_NOT_SUPPORTED, UPSCLI_ERR_VARNOTSUPP},
	{NETWIRE_UNKNOWN_UPS, UPSCLI_ERR_UNKNOWNUPS},
	{NETWIRE_ACCESS_DENIED, UPSCLI_ERR_ACCESSDENIED},
	{NETWIRE_PASSWORD_REQUIRED, UPSCLI_ERR_PWDREQUIRED},
	{NETWIRE_PASSWORD_INCORRECT, UPSCLI_ERR_PWDINCORRECT},
	{NETWIRE_MISSING_ARGUMENT, UPSCLI_ERR_MISSINGARG},
	{NETWIRE_DATA_STALE, UPSCLI_ERR_DATASTALE},
	{NETWIRE_VAR_UNKNOWN, UPSCLI_ERR_VARUNKNOWN},
	{NETWIRE_ALREADY_LOGGED_IN, UPSCLI_ERR_LOGINTWICE},
	{NETWIRE_ALREADY_SET_PASSWORD, UPSCLI_ERR_PWDSETTWICE},
	{NETWIRE_UNKNOWN_TYPE, UPSCLI_ERR_UNKNOWNTYPE},
	{NETWIRE_UNKNOWN_VAR, UPSCLI_ERR_UNKNOWNVAR},
	{NETWIRE_READONLY, UPSCLI_ERR_VARREADONLY},
	{NETWIRE_TOO_LONG, UPSCLI_ERR_TOOLONG},
	{NETWIRE_INVALID_VALUE, UPSCLI_ERR_INVALIDVALUE},
	{NETWIRE_SET_FAILED, UPSCLI_ERR_SETFAILED},
	{NETWIRE_UNKNOWN_INSTCMD, UPSCLI_ERR_UNKINSTCMD},
	{NETWIRE_INSTCMD_FAILED, UPSCLI_ERR_CMDFAILED},
	{NETWIRE_CMD_NOT_SUPPORTED, UPSCLI_ERR_CMDNOTSUPP},
	{NETWIRE_INVALID_USERNAME, UPSCLI_ERR_INVUSERNAME},
	{NETWIRE_ALREADY_SET_USERNAME, UPSCLI_ERR_USERSETTWICE},
	{NETWIRE_UNKNOWN_COMMAND, UPSCLI_ERR_UNKCOMMAND},
	{NETWIRE_INVALID_PASSWORD, UPSCLI_ERR_INVPASSWORD},
	{NETWIRE_USERNAME_REQUIRED, UPSCLI_ERR_USERREQUIRED},
	{NETWIRE_DRIVER_NOT_CONNECTED, UPSCLI_ERR_DRVNOTCONN},
};

struct fault fault_of_reply(enum netwire_error error)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (replies[i].reply == error)
			return fault_make(replies[i].number, 0);
	return fault_make(UPSCLI_ERR_UNKNOWN, 0);
}

const char *fault_text(int number)
{
	return number < 0 || number > UPSCLI_ERR_MAX ? NULL : faults[number].text;
}

enum fault_reason fault_reason(int number)
{
	return fault_text(number) ? faults[number].reason : FAULT_NO_REASON;
}
