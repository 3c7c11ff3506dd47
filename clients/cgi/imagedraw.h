/*
 * imagedraw: the bars of upsimage.cgi, and their errors, as PNG by libgd.
 */
#ifndef CLIENTS_CGI_IMAGEDRAW_H
#define CLIENTS_CGI_IMAGEDRAW_H

#include <stdbool.h>

#include "clients/cgi/imageargs.h"
#include "clients/cgi/imagekind.h"
#include "common/base/buffer.h"

/* A bar that stands for `value`, with `summary` below it.  False: no memory. */
bool imagedraw_bar(struct buffer *png, const long args[IMAGEARG_COUNT],
		   const struct imagescale *scale, double value, const char *summary);

/* A text alone. */
bool imagedraw_text(struct buffer *png, const long args[IMAGEARG_COUNT], const char *text);

#endif
