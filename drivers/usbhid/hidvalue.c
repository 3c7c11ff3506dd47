#include "config.h"

#include <math.h>

#include "drivers/usbhid/hidvalue.h"

enum { UNIT_WATT = 0xd121, CGS_EXPONENT = 7, VALUE_BITS = 64, EXACT_BITS = 53 };

/* What arithmetic may leave of a logical 0, far below any step that means something. */
static const double hair = 1e-6;

static const uint32_t unit_volt = 0x00f0d121;

/* Powers of ten that are exact as doubles. */
static const double tens[] = {1.0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
			      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static int exponent_of(const struct hid_field *f)
{
	int base = f->unit == unit_volt || f->unit == UNIT_WATT ? CGS_EXPONENT : 0;

	return f->exponent - base;
}

/* Divides where it can: 123 / 10 is the nearest there is to 12.3, 123 * 0.1 is not. */
static double times_ten_to(double x, int exponent)
{
	int n = exponent < 0 ? -exponent : exponent;

	if (n >= (int)(sizeof(tens) / sizeof(tens[0])))
		n = (int)(sizeof(tens) / sizeof(tens[0])) - 1;
	return exponent < 0 ? x / tens[n] : x * tens[n];
}

static bool has_logical(const struct hid_field *f)
{
	return f->logical_min < f->logical_max;
}

static bool has_physical(const struct hid_field *f)
{
	return has_logical(f) && f->physical_min < f->physical_max;
}

/* The bits that it takes to write the bound that is farther from zero. */
static unsigned magnitude_bits(const struct hid_field *f)
{
	uint64_t low =
		f->logical_min < 0 ? (uint64_t) - (f->logical_min + 1) : (uint64_t)f->logical_min;
	uint64_t high = f->logical_max < 0 ? 0 : (uint64_t)f->logical_max;
	unsigned bits = 0;

	for (uint64_t rest = low > high ? low : high; rest; rest >>= 1)
		bits++;
	return bits;
}

/* A range that makes no sense is that of the bits, without a sign. */
static void logical_range(const struct hid_field *f, int64_t *min, int64_t *max)
{
	unsigned bits = f->bits <= EXACT_BITS ? f->bits : EXACT_BITS;

	*min = has_logical(f) ? f->logical_min : 0;
	*max = has_logical(f) ? f->logical_max : (int64_t)((UINT64_C(1) << bits) - 1);
}

static bool in_report(const struct hid_field *f, size_t len)
{
	return f->bits > 0 && f->bits <= VALUE_BITS && (uint64_t)f->bit + f->bits <= len * 8;
}

static uint64_t low_bits(unsigned bits)
{
	return bits >= VALUE_BITS ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t extract(const struct hid_field *f, const uint8_t *data)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < f->bits; i++) {
		uint32_t at = f->bit + i;

		v |= (uint64_t)(data[at / 8] >> (at % 8) & 1) << i;
	}
	return v;
}

/* Two's complement of so many bits, the sign's among them. */
static int64_t sign_extend(uint64_t v, unsigned bits)
{
	if (bits < VALUE_BITS && v >> (bits - 1))
		v |= ~low_bits(bits);
	return v >> 63 ? -(int64_t)~v - 1 : (int64_t)v;
}

bool hid_value_get_raw(const struct hid_field *f, const uint8_t *data, size_t len, int64_t *raw)
{
	int64_t min, max, v;
	uint64_t bits;

	if (!in_report(f, len))
		return false;
	bits = extract(f, data);
	logical_range(f, &min, &max);
	if (has_logical(f) && min < 0) {
		unsigned width = magnitude_bits(f) + 1;

		/* A field too narrow for its range still has its sign on top. */
		if (width > f->bits)
			width = f->bits;
		v = sign_extend(bits & low_bits(width), width);
	} else {
		v = (int64_t)(bits & (has_logical(f) ? low_bits(magnitude_bits(f)) : INT64_MAX));
	}
	*raw = v < min ? min : v > max ? max : v;
	return true;
}

static double to_physical(const struct hid_field *f, int64_t raw)
{
	double share;

	if (!has_physical(f))
		return (double)raw;
	share = (double)(raw - f->logical_min) / (double)(f->logical_max - f->logical_min);
	return share * (double)(f->physical_max - f->physical_min) + (double)f->physical_min;
}

static double to_logical(const struct hid_field *f, double v)
{
	double share;

	if (!has_physical(f))
		return v;
	share = (v - (double)f->physical_min) / (double)(f->physical_max - f->physical_min);
	return share * (double)(f->logical_max - f->logical_min) + (double)f->logical_min;
}

bool hid_value_get(const struct hid_field *f, const uint8_t *data, size_t len, double *value)
{
	int64_t raw;

	if (!hid_value_get_raw(f, data, len, &raw))
		return false;
	*value = times_ten_to(to_physical(f, raw), exponent_of(f));
	return true;
}

/* What the bits can hold cuts the range: a 16-bit field whose maximum takes 17 bits. */
static void writable_range(const struct hid_field *f, int64_t *min, int64_t *max)
{
	int64_t top;

	logical_range(f, min, max);
	if (f->bits >= VALUE_BITS || f->bits == 0)
		return;
	top = (int64_t)(*min < 0 ? low_bits(f->bits - 1) : low_bits(f->bits));
	if (*max > top)
		*max = top;
	if (*min < 0 && *min < -top - 1)
		*min = -top - 1;
}

/*
 * The nearest logical value.  Where one step of it is more than 1, as in fields that
 * count minutes, 0 stays special: 20 seconds are not "at once", and -1, which is
 * "never", is not either.
 */
static double nearest(const struct hid_field *f, double value)
{
	double exact = to_logical(f, times_ten_to(value, -exponent_of(f)));

	if (round(exact) == 0 && fabs(exact) > hair && fabs(value) >= 1)
		return exact < 0 ? -1 : 1;
	return round(exact);
}

static bool insert(const struct hid_field *f, uint8_t *data, size_t len, double value, int64_t min,
		   int64_t max)
{
	double raw = nearest(f, value);
	uint64_t bits;

	if (!in_report(f, len) || !isfinite(value) || raw < (double)min || raw > (double)max)
		return false;
	bits = raw < 0 ? ~(uint64_t)(-(raw + 1)) : (uint64_t)raw;
	for (uint32_t i = 0; i < f->bits; i++) {
		uint32_t at = f->bit + i;
		uint8_t mask = (uint8_t)(1u << (at % 8));

		data[at / 8] =
			(uint8_t)(bits >> i & 1 ? data[at / 8] | mask : data[at / 8] & ~mask);
	}
	return true;
}

bool hid_value_set(const struct hid_field *f, uint8_t *data, size_t len, double value)
{
	int64_t min, max;

	writable_range(f, &min, &max);
	return insert(f, data, len, value, min, max);
}

bool hid_value_force(const struct hid_field *f, uint8_t *data, size_t len, double value)
{
	unsigned bits = f->bits < EXACT_BITS ? f->bits : EXACT_BITS;
	int64_t min = bits ? -(int64_t)low_bits(bits - 1) - 1 : 0;

	return insert(f, data, len, value, min, (int64_t)low_bits(bits));
}

void hid_value_range(const struct hid_field *f, double *min, double *max)
{
	int64_t low, high;

	writable_range(f, &low, &high);
	*min = times_ten_to(to_physical(f, low), exponent_of(f));
	*max = times_ten_to(to_physical(f, high), exponent_of(f));
}

double hid_value_step(const struct hid_field *f)
{
	double step = 1;

	if (has_physical(f))
		step = (double)(f->physical_max - f->physical_min) /
		       (double)(f->logical_max - f->logical_min);
	return times_ten_to(step, exponent_of(f));
}
