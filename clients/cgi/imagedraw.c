#include "config.h"

#include "clients/cgi/imagedraw.h"

#include <gd.h>
#include <gdfontmb.h>
#include <string.h>

#include "common/base/str.h"

enum {
	SEMI_INSET = 5,
	MINOR_INSET = 10,
	BAR_INSET = 25,
};

struct drawing {
	const long *args;
	gdImagePtr image;
	gdFontPtr font;
};

static int colour(struct drawing *d, enum imagearg which)
{
	long rgb = d->args[which];

	return gdImageColorResolve(d->image, (int)(rgb >> 16 & 0xFF), (int)(rgb >> 8 & 0xFF),
				   (int)(rgb & 0xFF));
}

/* The background is the first colour of an image, and transparent. */
static bool begin(struct drawing *d, const long *args)
{
	d->args = args;
	d->font = gdFontGetMediumBold();
	d->image = gdImageCreate((int)args[IMAGEARG_WIDTH], (int)args[IMAGEARG_HEIGHT]);
	if (!d->image || !d->font)
		return false;
	gdImageColorTransparent(d->image, colour(d, IMAGEARG_BACK_COL));
	return true;
}

static bool end(struct drawing *d, struct buffer *png)
{
	int size = 0;
	void *data = d->image ? gdImagePngPtr(d->image, &size) : NULL;
	bool ok = data && buffer_append(png, data, (size_t)size);

	if (data)
		gdFree(data);
	if (d->image)
		gdImageDestroy(d->image);
	return ok;
}

/* libgd takes no const text, and changes none. */
static void put_text(struct drawing *d, int x, int y, const char *text, enum imagearg which)
{
	unsigned char copy[128];

	str_copy((char *)copy, sizeof(copy), text);
	gdImageString(d->image, d->font, x, y, copy, colour(d, which));
}

static int width_of(const struct drawing *d, const char *text)
{
	return (int)strlen(text) * d->font->w;
}

/* The row of pixels for a level, within the scale. */
static int row_of(const struct drawing *d, const struct imagescale *s, double ticks)
{
	if (ticks > (double)s->high)
		ticks = (double)s->high;
	if (ticks < (double)s->low)
		ticks = (double)s->low;
	return (int)(((double)s->high - ticks) * (double)d->args[IMAGEARG_SCALE_HEIGHT] /
		     (double)(s->high - s->low));
}

/* Those where numbers stand are the longest, and of the stronger colour. */
static void draw_lines(struct drawing *d, const struct imagescale *s)
{
	static const enum imagearg strong[] = {IMAGEARG_NEUTRAL_ZONE_MAJ_COL,
					       IMAGEARG_OK_ZONE_MAJ_COL,
					       IMAGEARG_WARN_ZONE_MAJ_COL};
	static const enum imagearg weak[] = {IMAGEARG_NEUTRAL_ZONE_MIN_COL,
					     IMAGEARG_OK_ZONE_MIN_COL, IMAGEARG_WARN_ZONE_MIN_COL};
	int width = (int)d->args[IMAGEARG_WIDTH];

	for (long level = s->low; level <= s->high; level += s->minor) {
		enum imagezone zone = imagescale_zone(s, (double)level / (double)s->per_unit);
		int inset = level % s->major == 0  ? 0
			    : level % s->semi == 0 ? SEMI_INSET
						   : MINOR_INSET;
		int row = row_of(d, s, (double)level);

		gdImageLine(d->image, inset, row, width - inset, row,
			    colour(d, inset ? weak[zone] : strong[zone]));
	}
}

static void draw_numbers(struct drawing *d, const struct imagescale *s)
{
	int width = (int)d->args[IMAGEARG_WIDTH];
	char text[32];

	for (long level = s->low; level <= s->high; level += s->minor) {
		int row = row_of(d, s, (double)level);

		if (level % s->major != 0)
			continue;
		str_format(text, sizeof(text), "%ld", level / s->per_unit);
		put_text(d, width - width_of(d, text), row, text, IMAGEARG_SCALE_NUM_COL);
	}
}

static void draw_bar(struct drawing *d, const struct imagescale *s, double value)
{
	int right = (int)d->args[IMAGEARG_WIDTH] - BAR_INSET;

	gdImageFilledRectangle(d->image, BAR_INSET, row_of(d, s, value * (double)s->per_unit),
			       right, (int)d->args[IMAGEARG_SCALE_HEIGHT],
			       colour(d, IMAGEARG_BAR_COL));
}

bool imagedraw_bar(struct buffer *png, const long args[IMAGEARG_COUNT],
		   const struct imagescale *scale, double value, const char *summary)
{
	struct drawing d = {0};

	if (begin(&d, args)) {
		draw_lines(&d, scale);
		draw_bar(&d, scale, value);
		draw_numbers(&d, scale);
		put_text(&d, ((int)args[IMAGEARG_WIDTH] - width_of(&d, summary)) / 2,
			 (int)args[IMAGEARG_HEIGHT] - d.font->h, summary, IMAGEARG_SUMMARY_COL);
	}
	return end(&d, png);
}

/* Upright only where it is wider than high. */
static void draw_message(struct drawing *d, const char *text)
{
	int width = (int)d->args[IMAGEARG_WIDTH], height = (int)d->args[IMAGEARG_HEIGHT];
	unsigned char copy[128];

	if (width > height) {
		put_text(d, (width - width_of(d, text)) / 2, (height - d->font->h) / 2, text,
			 IMAGEARG_SUMMARY_COL);
		return;
	}
	str_copy((char *)copy, sizeof(copy), text);
	gdImageStringUp(d->image, d->font, (width - d->font->h) / 2,
			(height + width_of(d, text)) / 2, copy, colour(d, IMAGEARG_SUMMARY_COL));
}

bool imagedraw_text(struct buffer *png, const long args[IMAGEARG_COUNT], const char *text)
{
	struct drawing d = {0};

	if (begin(&d, args))
		draw_message(&d, text);
	return end(&d, png);
}
