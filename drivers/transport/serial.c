#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/holder.h"
#include "drivers/transport/serial.h"

static const char token[] = "serial";

enum {
	ROOM = 512,              /* bytes that came and were not asked for yet */
	WRITE_TIMEOUT_MS = 5000, /* the line is full for longer: nobody takes it */
};

struct serial {
	struct core *core;
	int fd;
	struct loop_watch *watch;
	bool ready; /* the watch fired */
	bool waiting;
	void (*listener)(void *arg); /* of what comes unasked; NULL: nobody */
	void *listener_arg;
	unsigned char room[ROOM];
	size_t start, count; /* in room */
	char path[256];
};

static const struct {
	long baud;
	speed_t speed;
} speeds[] = {
	{300, B300},   {600, B600},     {1200, B1200},   {2400, B2400},   {4800, B4800},
	{9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
};

const char *serial_result_name(enum serial_result r)
{
	static const char *const names[] = {
		[SERIAL_OK] = "ok",     [SERIAL_TIMEOUT] = "timeout", [SERIAL_FAILED] = "failure",
		[SERIAL_GONE] = "gone", [SERIAL_ENDING] = "ending",
	};

	return names[r];
}

enum driver_result serial_driver_result(enum serial_result r)
{
	if (r == SERIAL_OK)
		return DRIVER_OK;
	return r == SERIAL_GONE ? DRIVER_LOST : DRIVER_FAILED;
}

/* ------------------------------------------------------------------------------- setting */

static bool find_speed(long baud, speed_t *speed)
{
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		if (speeds[i].baud == baud) {
			*speed = speeds[i].speed;
			return true;
		}
	}
	return false;
}

static tcflag_t control_flags(const struct serial_settings *how)
{
	static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
	unsigned bits = how->bits >= 5 && how->bits <= 8 ? how->bits : 8;
	tcflag_t flags = CLOCAL | CREAD | sizes[bits - 5];

	if (how->parity != SERIAL_NONE)
		flags |= PARENB;
	if (how->parity == SERIAL_ODD)
		flags |= PARODD;
	if (how->stops == 2)
		flags |= CSTOPB;
	return flags;
}

static bool set_up(int fd, const struct serial_settings *how, speed_t speed)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return false;
	t.c_iflag = IGNBRK | IGNPAR;
	t.c_oflag = 0;
	t.c_lflag = 0;
	/* Without HUPCL: modem lines stay as they are when we end, since some devices are powered,
	 * or told to shut down, by them. */
	t.c_cflag = control_flags(how);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return cfsetispeed(&t, speed) == 0 && cfsetospeed(&t, speed) == 0 &&
	       tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

/* ------------------------------------------------------------------------------- opening */

static void on_ready(void *arg, int events)
{
	struct serial *s = arg;

	(void)events;
	s->ready = true;
	loop_watch_set(s->watch, 0);
	if (!s->waiting && s->listener)
		s->listener(s->listener_arg);
}

/* A record lock of the node itself, which tells its holder; and for programs which know no such
 * locks the terminal's own. */
static bool take(struct core *c, int fd, const char *path)
{
	pid_t holder;
	char who[128];

	if (holder_lock(fd, &holder)) {
		ioctl(fd, TIOCEXCL);
		return true;
	}
	holder_name(holder, who, sizeof(who));
	log_error(token, "%s: %s is in use by %s; end that, or set nolock", core_ups(c), path, who);
	return false;
}

static enum driver_result refuse(struct core *c, const char *path, int error)
{
	switch (error) {
	case EACCES:
		log_error(token,
			  "%s: no permission for %s: the driver's user has to be in the group that "
			  "owns it, mostly dialout",
			  core_ups(c), path);
		return DRIVER_FAILED;
	case EBUSY:
		log_error(token, "%s: %s is held by another program", core_ups(c), path);
		return DRIVER_FAILED;
	default:
		log_error(token, "%s: %s cannot be opened: %s", core_ups(c), path, strerror(error));
		return DRIVER_FAILED;
	}
}

static enum driver_result open_port(struct core *c, const char *path,
				    const struct serial_settings *how, int *fd)
{
	speed_t speed = B0;

	if (!find_speed(how->baud, &speed)) {
		log_error(token, "%s: there is no speed of %ld baud", core_ups(c), how->baud);
		return DRIVER_FATAL;
	}
	*fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return refuse(c, path, errno);
	if (!isatty(*fd)) {
		log_error(token, "%s: port = %s is no serial port", core_ups(c), path);
		return DRIVER_FATAL;
	}
	if (!how->no_lock && !take(c, *fd, path))
		return DRIVER_FAILED;
	if (set_up(*fd, how, speed))
		return DRIVER_OK;
	log_error(token, "%s: %s cannot be set to %ld baud: %s", core_ups(c), path, how->baud,
		  strerror(errno));
	return DRIVER_FAILED;
}

enum driver_result serial_open(struct core *c, const char *path, const struct serial_settings *how,
			       struct serial **out)
{
	int fd = -1;
	enum driver_result r = open_port(c, path, how, &fd);
	struct serial *s = r == DRIVER_OK ? calloc(1, sizeof(*s)) : NULL;

	if (s) {
		s->core = c;
		s->fd = fd;
		str_copy(s->path, sizeof(s->path), path);
		s->watch = loop_watch_new(core_loop(c), fd, 0, on_ready, s);
	}
	if (s && s->watch) {
		*out = s;
		return DRIVER_OK;
	}
	if (r == DRIVER_OK)
		log_error(token, "out of memory");
	free(s);
	if (fd >= 0)
		close(fd);
	return r == DRIVER_OK ? DRIVER_FAILED : r;
}

void serial_close(struct serial *s)
{
	if (!s)
		return;
	loop_watch_free(s->watch);
	/* Else close() waits until the device takes it. */
	tcflush(s->fd, TCIOFLUSH);
	ioctl(s->fd, TIOCNXCL);
	close(s->fd);
	free(s);
}

enum serial_result serial_speed(struct serial *s, long baud)
{
	struct termios t;
	speed_t speed = B0;

	if (!find_speed(baud, &speed) || tcgetattr(s->fd, &t) != 0 || cfsetispeed(&t, speed) != 0 ||
	    cfsetospeed(&t, speed) != 0 || tcsetattr(s->fd, TCSANOW, &t) != 0)
		return SERIAL_FAILED;
	return serial_flush(s);
}

/* ---------------------------------------------------------------------------- modem lines */

static enum serial_result system_result(int error)
{
	if (error == EIO || error == ENXIO || error == ENODEV)
		return SERIAL_GONE;
	return SERIAL_FAILED;
}

static const struct {
	unsigned line;
	int bit;
} modem[] = {
	{SERIAL_DTR, TIOCM_DTR}, {SERIAL_RTS, TIOCM_RTS}, {SERIAL_ST, TIOCM_ST},
	{SERIAL_CTS, TIOCM_CTS}, {SERIAL_DCD, TIOCM_CAR}, {SERIAL_DSR, TIOCM_DSR},
	{SERIAL_RI, TIOCM_RNG},
};

enum { OUR_LINES = 3 };

enum serial_result serial_get_lines(struct serial *s, unsigned *lines)
{
	int bits;

	*lines = 0;
	if (ioctl(s->fd, TIOCMGET, &bits) != 0)
		return system_result(errno);
	for (size_t i = 0; i < sizeof(modem) / sizeof(modem[0]); i++) {
		if (bits & modem[i].bit)
			*lines |= modem[i].line;
	}
	return SERIAL_OK;
}

enum serial_result serial_set_lines(struct serial *s, unsigned lines)
{
	int up = 0, down = 0;

	for (size_t i = 0; i < OUR_LINES; i++)
		*(lines & modem[i].line ? &up : &down) |= modem[i].bit;
	if ((up && ioctl(s->fd, TIOCMBIS, &up) != 0) ||
	    (down && ioctl(s->fd, TIOCMBIC, &down) != 0))
		return system_result(errno);
	return SERIAL_OK;
}

enum serial_result serial_break(struct serial *s, int ms)
{
	enum serial_result r = SERIAL_OK;

	if (ioctl(s->fd, TIOCSBRK) != 0)
		return system_result(errno);
	if (!core_wait(s->core, ms))
		r = SERIAL_ENDING;
	if (ioctl(s->fd, TIOCCBRK) != 0 && r == SERIAL_OK)
		r = system_result(errno);
	return r;
}

/* --------------------------------------------------------------------------------- bytes */

/* Waits until the port can be read or written. */
static enum serial_result wait_for(struct serial *s, int events, long long until_ms)
{
	long long left = until_ms - clock_ms();
	bool goes_on;

	if (left <= 0)
		return SERIAL_TIMEOUT;
	s->ready = false;
	if (!loop_watch_set(s->watch, events))
		return SERIAL_FAILED;
	s->waiting = true;
	goes_on = core_wait_for(s->core, &s->ready, (int)left);
	s->waiting = false;
	loop_watch_set(s->watch, 0);
	if (!goes_on)
		return SERIAL_ENDING;
	return s->ready ? SERIAL_OK : SERIAL_TIMEOUT;
}

static enum serial_result write_some(struct serial *s, const unsigned char *data, size_t size,
				     long long until_ms)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = write(s->fd, data + sent, size - sent);
		enum serial_result r = SERIAL_OK;

		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return system_result(errno);
		else
			r = wait_for(s, LOOP_WRITE, until_ms);
		if (r != SERIAL_OK)
			return r;
	}
	return SERIAL_OK;
}

enum serial_result serial_write(struct serial *s, const void *data, size_t size, int pace_ms)
{
	const unsigned char *bytes = data;
	size_t step = pace_ms > 0 ? 1 : size;
	long long until = clock_ms() + WRITE_TIMEOUT_MS + (long long)size * pace_ms;

	for (size_t i = 0; i < size; i += step) {
		enum serial_result r = write_some(s, bytes + i, step, until);

		if (r != SERIAL_OK)
			return r;
		if (pace_ms > 0 && !core_wait(s->core, pace_ms))
			return SERIAL_ENDING;
	}
	return SERIAL_OK;
}

/* Brings at least one byte into the room. */
static enum serial_result fill(struct serial *s, long long until_ms)
{
	for (;;) {
		ssize_t n = read(s->fd, s->room, sizeof(s->room));
		enum serial_result r;

		if (n > 0) {
			s->start = 0;
			s->count = (size_t)n;
			return SERIAL_OK;
		}
		/* A terminal that hung up reads as its end. */
		if (n == 0)
			return SERIAL_GONE;
		if (errno != EAGAIN && errno != EINTR)
			return system_result(errno);
		r = wait_for(s, LOOP_READ, until_ms);
		if (r != SERIAL_OK)
			return r;
	}
}

enum serial_result serial_read_until(struct serial *s, int end, void *dst, size_t size, size_t *got,
				     int timeout_ms)
{
	long long until = clock_ms() + timeout_ms;
	unsigned char *bytes = dst;

	*got = 0;
	while (*got < size) {
		enum serial_result r = s->count > 0 ? SERIAL_OK : fill(s, until);
		unsigned char byte;

		if (r != SERIAL_OK)
			return r;
		byte = s->room[s->start++];
		s->count--;
		bytes[(*got)++] = byte;
		if (byte == end)
			break;
	}
	return SERIAL_OK;
}

enum serial_result serial_read(struct serial *s, void *dst, size_t size, size_t *got,
			       int timeout_ms)
{
	return serial_read_until(s, -1, dst, size, got, timeout_ms);
}

enum serial_result serial_listen(struct serial *s, void (*fn)(void *arg), void *arg)
{
	s->listener = fn;
	s->listener_arg = arg;
	return loop_watch_set(s->watch, fn ? LOOP_READ : 0) ? SERIAL_OK : SERIAL_FAILED;
}

enum serial_result serial_flush(struct serial *s)
{
	s->count = 0;
	return tcflush(s->fd, TCIFLUSH) == 0 ? SERIAL_OK : system_result(errno);
}
