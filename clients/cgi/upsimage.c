/*
 * upsimage.cgi: a value as a bar along its scale, as PNG (upsimage.cgi(8)).
 * What goes wrong is told by an image, too.
 */
#include "config.h"

#include <stdlib.h>

#include "clients/cgi/cgi.h"
#include "clients/cgi/hosts.h"
#include "clients/cgi/imageargs.h"
#include "clients/cgi/imagedraw.h"
#include "clients/cgi/imagekind.h"
#include "clients/cgi/upslink.h"
#include "common/base/str.h"

static const struct web_form_limits limits = {.max_fields = 64, .max_name = 64, .max_value = 64};

struct request {
	struct web_form form;
	struct hosts hosts;
	struct upslink *link;
	long args[IMAGEARG_COUNT];
	struct buffer png;
};

static int send_png(struct request *r, enum cgi_status status, bool drawn)
{
	if (!drawn)
		return cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
	return cgi_send(status, CGI_PNG, &r->png);
}

static int send_text(struct request *r, enum cgi_status status, const char *text)
{
	return send_png(r, status, imagedraw_text(&r->png, r->args, text));
}

/* What the UPS says of a bound, if there is such a variable. */
static void read_fact(struct request *r, const char *name, bool *has, double *fact)
{
	const char *text = name ? upslink_value(r->link, name) : NULL;

	*has = text && str_to_double(text, fact);
}

static int send_bar(struct request *r, const struct imagekind *kind)
{
	struct imagefacts facts = {.tempmin = r->args[IMAGEARG_TEMPMIN],
				   .tempmax = r->args[IMAGEARG_TEMPMAX]};
	struct imagescale scale;
	char summary[64];
	bool known;

	read_fact(r, kind->variable, &known, &facts.value);
	if (!known) {
		str_format(summary, sizeof(summary), "%s N/A", kind->variable);
		return send_text(r, CGI_OK, summary);
	}
	read_fact(r, kind->low, &facts.has_low, &facts.low);
	read_fact(r, kind->nominal, &facts.has_nominal, &facts.nominal);
	read_fact(r, kind->high, &facts.has_high, &facts.high);
	if (!imagescale_make(&scale, kind->rule, &facts))
		return send_text(r, CGI_OK, "Can't determine range");
	str_format(summary, sizeof(summary), "%.1f %s", facts.value, kind->unit);
	return send_png(r, CGI_OK, imagedraw_bar(&r->png, r->args, &scale, facts.value, summary));
}

static int answer(struct request *r)
{
	const char *host = web_form_value(&r->form, "host");
	const char *display = web_form_value(&r->form, "display");
	const struct imagekind *kind;

	imageargs_read(r->args, &r->form);
	if (!host || !display)
		return send_text(r, CGI_BAD_REQUEST, "No host or display");
	if (!hosts_find(&r->hosts, host))
		return send_text(r, CGI_FORBIDDEN, "Access denied");
	kind = imagekind_find(display);
	if (!kind)
		return send_text(r, CGI_NOT_FOUND, "Unknown display");
	if (!upslink_use(r->link, host))
		return send_text(r, CGI_OK, "Can't connect to UPS");
	return send_bar(r, kind);
}

int main(void)
{
	struct request r = {0};
	int result = EXIT_FAILURE;

	cgi_init("upsimage.cgi");
	r.link = upslink_new(true);
	if (!r.link)
		result = cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
	else if (cgi_read_query(&r.form, &limits) && cgi_read_hosts(&r.hosts))
		result = answer(&r);
	upslink_free(r.link);
	hosts_free(&r.hosts);
	web_form_free(&r.form);
	buffer_free(&r.png);
	return result;
}
