/*
 * Modem lines for pseudo terminals, which have none.  What a program raises and drops is
 * written to its standard error, "lines: DTR" or "lines: -", and "lines: break"; which
 * inputs are high stands in the file that LINES names, "CTS DCD" (without it: none);
 * each look at them makes the file that LOOKS names longer by a byte.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int lines;

static int inputs(void)
{
	static const struct {
		const char *name;
		int bit;
	} names[] = {{"CTS", TIOCM_CTS}, {"DCD", TIOCM_CAR}, {"DSR", TIOCM_DSR}, {"RI", TIOCM_RNG}};
	const char *path = getenv("LINES");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, high = 0;
	char text[64];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(text, names[i].name))
			high |= names[i].bit;
	return high;
}

static void show(void)
{
	dprintf(2, "lines:%s%s%s%s\n", lines & TIOCM_DTR ? " DTR" : "",
		lines & TIOCM_RTS ? " RTS" : "", lines & TIOCM_ST ? " ST" : "",
		lines ? "" : " -");
}

static void count_look(void)
{
	const char *path = getenv("LOOKS");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;

	if (fd < 0)
		return;
	if (write(fd, ".", 1) != 1)
		dprintf(2, "lines: %s: not written\n", path);
	close(fd);
}

static int change(unsigned long request, int *arg)
{
	int before = lines;

	switch (request) {
	case TIOCMGET:
		*arg = lines | inputs();
		count_look();
		return 0;
	case TIOCSBRK:
		dprintf(2, "lines: break\n");
		return 0;
	case TIOCCBRK:
		return 0;
	case TIOCMSET:
		lines = *arg;
		break;
	case TIOCMBIS:
		lines |= *arg;
		break;
	default:
		lines &= ~*arg;
		break;
	}
	lines &= TIOCM_DTR | TIOCM_RTS | TIOCM_ST;
	if (lines != before)
		show();
	return 0;
}

int tcsendbreak(int fd, int duration)
{
	(void)duration;
	if (!isatty(fd))
		return -1;
	dprintf(2, "lines: break\n");
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!real)
		real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	if ((request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS ||
	     request == TIOCMBIC || request == TIOCSBRK || request == TIOCCBRK) &&
	    isatty(fd))
		return change(request, arg);
	return real(fd, request, arg);
}
