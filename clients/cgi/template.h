/*
 * template: the page templates of upsstats.cgi (upsstats.html(5), spec/web.md
 * section 4): commands between `@` and `@` on one line, all else as it is.
 *
 * The flow (loops and conditions) is done here; what the other commands put
 * into a page, and whether conditions hold, is the page's business.  Any
 * text is a template: what is no command prints nothing, an `@` without a
 * partner on its line stands for itself.
 *
 * Conditions do not nest.  One that follows another that failed is passed
 * over, so that several are ANDed; ELSE tries again, and the first ENDIF ends
 * them all.  Loops do not nest either, so that every template comes to its end.
 */
#ifndef CLIENTS_CGI_TEMPLATE_H
#define CLIENTS_CGI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

struct template_page {
	void *arg;
	/* Text for the page as it is. */
	void (*text)(void *arg, const char *text, size_t len);
	/* A command; `rest` is what follows its first word and a space, NULL if nothing does. */
	void (*command)(void *arg, const char *verb, const char *rest);
	/* Whether IFSUPP, IFEQ or IFBETWEEN holds. */
	bool (*holds)(void *arg, const char *verb, const char *rest);
	/* Goes to the first UPS of a loop, and to the next; false when there is none. */
	bool (*first)(void *arg);
	bool (*next)(void *arg);
};

void template_run(const char *text, size_t len, const struct template_page *page);

/* Whether the first line begins with the command that marks a file as a template. */
bool template_is_marked(const char *text, size_t len);

#endif
