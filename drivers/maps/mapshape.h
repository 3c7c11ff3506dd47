/*
 * mapshape: what the answer to a query looks like, character by character: shape() of
 * a map's QUERY.  Most of these devices put no check behind their answers; where a
 * line loses or doubles bytes, a 2 of a voltage comes to stand where a status bit was.
 *
 * A shape is made of these letters, each with a number behind it if there are more:
 *
 *	.  any character	_  a blank		b  0 or 1
 *	t  the same, or - where the device does not tell
 *	d  a digit		h  a hexadecimal digit
 *	A  a capital letter	a  the same, or a blank
 *	*  what the last letter says, to the end of the answer
 *	$  the end of the answer, or a blank
 *
 * What comes behind the shape may be anything.
 */
#ifndef DRIVERS_MAPS_MAPSHAPE_H
#define DRIVERS_MAPS_MAPSHAPE_H

#include <stdbool.h>
#include <stddef.h>

bool mapshape_valid(const char *shape);

/* An answer's CR and LF at its end are no part of it. */
bool mapshape_fits(const char *shape, const char *answer, size_t len);

#endif
