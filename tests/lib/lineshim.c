/*
 * Modem lines for pseudo terminals, which have none: what a program raises and drops is
 * written to its standard error, "lines: DTR" or "lines: -".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int lines;

static int change(unsigned long request, int *arg)
{
	int before = lines;

	switch (request) {
	case TIOCMGET:
		*arg = lines;
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
	lines &= TIOCM_DTR | TIOCM_RTS;
	if (lines != before)
		dprintf(2, "lines:%s%s%s\n", lines & TIOCM_DTR ? " DTR" : "",
			lines & TIOCM_RTS ? " RTS" : "", lines ? "" : " -");
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
	     request == TIOCMBIC) &&
	    isatty(fd))
		return change(request, arg);
	return real(fd, request, arg);
}
