#include "config.h"

#include "clients/cli/prompt.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/str.h"

enum { INTERRUPT = 3 }; /* ^C */

static void write_text(int fd, const char *text)
{
	/* A terminal that cannot be written to cannot be told so. */
	if (write(fd, text, strlen(text)) < 0)
		return;
}

/* Byte by byte, so that nothing behind the line is taken. False without any line, or after ^C. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	char c = '\0';
	ssize_t got;

	while ((got = read(fd, &c, 1)) == 1 && c != '\n') {
		if (c == INTERRUPT)
			return false;
		if (len + 1 < size)
			line[len++] = c;
	}
	line[len] = '\0';
	return got == 1 || len > 0;
}

bool prompt_password(const char *text, char *password, size_t size)
{
	struct termios old, quiet;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool is_tty = fd >= 0 && tcgetattr(fd, &old) == 0;
	bool ok;

	if (!is_tty) {
		if (fd >= 0)
			close(fd);
		write_text(STDERR_FILENO, text);
		return read_line(STDIN_FILENO, password, size);
	}
	quiet = old;
	/* ^C comes as a byte that ends the line, so that the echo is always switched on again. */
	quiet.c_lflag &= (tcflag_t) ~(ECHO | ISIG);
	quiet.c_cc[VEOL] = INTERRUPT;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	/* Only now: what is typed in answer must not be flushed, nor shown. */
	write_text(fd, text);
	ok = read_line(fd, password, size);
	tcsetattr(fd, TCSADRAIN, &old);
	write_text(fd, "\n");
	close(fd);
	if (!ok)
		secret_wipe(password, size);
	return ok;
}
