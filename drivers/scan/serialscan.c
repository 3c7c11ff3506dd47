#include "config.h"

#include "drivers/scan/serialscan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/str.h"
#include "drivers/transport/holder.h"

enum { ROOM = 256, PATH_SIZE = 128, OBSTACLE_SIZE = 300, ANSWER_MS = 1000, LEAVE_MS = 200 };

/*
 * What is sent, and what of the answer makes it one.  The order matters: `Y` alone is nothing
 * to a device of the Megatec kind, which waits for CR; its questions have letters that
 * are orders to a Smart-UPS, which therefore is asked first.
 */
static const struct probe {
	const char *driver; /* NULL: only to end what was begun before */
	const char *text;
	const char *begin, *or_begin; /* of the answer */
	size_t least;                 /* bytes of it */
	int wait_ms;
} probes[] = {
	{"apcsmart", "Y", "SM", NULL, 2, 1500},
	{NULL, "\r", NULL, NULL, 0, 300},
	{"nutdrv_qx", "Q1\r", "(", NULL, 30, ANSWER_MS},
	{"nutdrv_qx", "QS\r", "(", "#", 20, ANSWER_MS},
	{"nutdrv_qx", "QPI\r", "(P", NULL, 5, ANSWER_MS},
	{"nutdrv_qx", "QPI\xbe\xac\r", "(P", NULL, 5, ANSWER_MS}, /* with its check, of inverters */
	{"nutdrv_qx", "D\r", "(", NULL, 30, ANSWER_MS},
	{"nutdrv_qx", "WH\r", "(", NULL, 30, ANSWER_MS},
	{"nutdrv_qx", "Q4\r", "(", NULL, 30, ANSWER_MS},
	{"nutdrv_qx", "Q6\r", "(", NULL, 30, ANSWER_MS},
};

enum { PROBES = sizeof(probes) / sizeof(probes[0]) };

struct port {
	struct serialscan *scan;
	char path[PATH_SIZE];
	char obstacle[OBSTACLE_SIZE];
	int fd;
	struct termios before;
	struct loop_watch *watch;
	struct loop_timer *limit;
	size_t probe;
	char room[ROOM];
	size_t got;
	const char *driver;
	bool over, told;
};

struct serialscan {
	struct loop *loop;
	serialscan_found_fn *found;
	loop_fn *end;
	void *arg;
	struct loop_deferred turn;
	size_t count;
	struct port ports[];
};

static void serve(void *arg);

/* ------------------------------------------------------------------------------- opening */

static bool refuse(struct port *p, const char *why, const char *what)
{
	str_format(p->obstacle, sizeof(p->obstacle), "%s%s", why, what);
	return false;
}

/* Where the kernel, or its debugger, speaks. */
static bool is_console(const char *path)
{
	const char *name = strrchr(path, '/');
	char text[256] = "", *rest = NULL;
	int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	bool found = false;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (char *word = strtok_r(text, " \n", &rest); word && !found;
	     word = strtok_r(NULL, " \n", &rest))
		found = name && str_equal(word, name + 1);
	return found;
}

/* UUCP's lock files, which many programs that use modems still write. */
static pid_t lock_file_holder(const char *path)
{
	const char *name = strrchr(path, '/');
	char file[PATH_SIZE + 32], text[32] = "";
	long pid = 0;
	ssize_t n;
	int fd;

	str_format(file, sizeof(file), "/var/lock/LCK..%s", name ? name + 1 : path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM) ? (pid_t)pid : 0;
}

static bool is_held(struct port *p)
{
	pid_t pid = lock_file_holder(p->path);
	char who[128];

	if (!pid)
		pid = holder_find(p->path);
	if (!pid)
		return false;
	holder_name(pid, who, sizeof(who));
	refuse(p, "it is in use by ", who);
	return true;
}

/* Its drivers' lock, and the one of other programs. */
static bool take(struct port *p)
{
	char who[128];
	pid_t pid;

	if (!holder_lock(p->fd, &pid)) {
		holder_name(pid, who, sizeof(who));
		return refuse(p, "it is in use by ", who);
	}
	if (flock(p->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return refuse(p, "it is in use by ", "another program, which has locked it");
	return true;
}

static bool set_up(struct port *p)
{
	const int dtr = TIOCM_DTR, rts = TIOCM_RTS;
	struct termios t;

	if (tcgetattr(p->fd, &p->before) != 0)
		return false;
	t = p->before;
	t.c_iflag = IGNBRK | IGNPAR;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cflag = CLOCAL | CREAD | CS8;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (cfsetispeed(&t, B2400) != 0 || cfsetospeed(&t, B2400) != 0 ||
	    tcsetattr(p->fd, TCSANOW, &t) != 0 || tcflush(p->fd, TCIOFLUSH) != 0)
		return false;
	/* What powers most cables; a port without such lines has none to set. */
	ioctl(p->fd, TIOCMBIS, &dtr);
	ioctl(p->fd, TIOCMBIC, &rts);
	return true;
}

/* To open it changes nothing for a program that has it open, too; the rest might. */
static bool open_port(struct port *p)
{
	if (is_console(p->path))
		return refuse(p, "it is ", "the system's console");
	p->fd = open(p->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0 && errno == EACCES)
		return refuse(p, "no permission: ",
			      "run this as root, or as a member of the group that owns it, mostly "
			      "dialout");
	if (p->fd < 0 && errno == EBUSY)
		return refuse(p, "it is in use by ", "another program");
	if (p->fd < 0)
		return refuse(p, "it cannot be opened: ", strerror(errno));
	if (!isatty(p->fd))
		return refuse(p, "it is ", "no serial port");
	if (is_held(p) || !take(p))
		return false;
	return set_up(p) || refuse(p, "it cannot be set to 2400 baud: ", strerror(errno));
}

static void close_port(struct port *p)
{
	loop_watch_free(p->watch);
	p->watch = NULL;
	if (p->fd < 0)
		return;
	if (!*p->obstacle) {
		tcflush(p->fd, TCIOFLUSH);
		tcsetattr(p->fd, TCSANOW, &p->before);
	}
	close(p->fd);
	p->fd = -1;
}

/* ------------------------------------------------------------------------------- asking */

static void finish(struct port *p, const char *driver)
{
	p->driver = driver;
	p->over = true;
	loop_timer_cancel(p->limit);
	if (p->watch)
		loop_watch_set(p->watch, 0);
	loop_defer(p->scan->loop, &p->scan->turn, serve, p->scan);
}

static void ask(struct port *p)
{
	const struct probe *probe = &probes[p->probe];
	size_t len = strlen(probe->text);

	p->got = 0;
	tcflush(p->fd, TCIFLUSH);
	if (write(p->fd, probe->text, len) == (ssize_t)len)
		loop_timer_set(p->limit, probe->wait_ms);
	else
		finish(p, NULL);
}

/* A Smart-UPS was made to listen to more than before: it is told to be as it was. */
static void settle(struct port *p, const char *driver)
{
	p->driver = driver;
	if (str_equal(driver, probes[0].driver) && write(p->fd, "R", 1) == 1)
		loop_timer_set(p->limit, LEAVE_MS);
	else
		finish(p, driver);
}

static void on_limit(void *arg)
{
	struct port *p = arg;

	if (p->driver)
		finish(p, p->driver);
	else if (++p->probe < PROBES)
		ask(p);
	else
		finish(p, NULL);
}

/* The answer may stand behind a NUL or the like that the line made of being opened. */
static bool has_answer(const struct port *p, const char *begin, size_t least)
{
	size_t len = strlen(begin);

	for (size_t i = 0; i + len <= p->got; i++)
		if (memcmp(p->room + i, begin, len) == 0)
			return p->got - i >= least;
	return false;
}

static bool is_answer(const struct port *p)
{
	const struct probe *probe = &probes[p->probe];

	return probe->driver && (has_answer(p, probe->begin, probe->least) ||
				 (probe->or_begin && has_answer(p, probe->or_begin, probe->least)));
}

static void on_bytes(void *arg, int events)
{
	struct port *p = arg;
	ssize_t n;

	(void)events;
	if (p->got == sizeof(p->room))
		p->got = 0;
	n = read(p->fd, p->room + p->got, sizeof(p->room) - p->got);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		finish(p, p->driver);
		return;
	}
	p->got += n > 0 ? (size_t)n : 0;
	if (!p->driver && is_answer(p))
		settle(p, probes[p->probe].driver);
}

static void begin(struct port *p)
{
	p->watch =
		open_port(p) ? loop_watch_new(p->scan->loop, p->fd, LOOP_READ, on_bytes, p) : NULL;
	if (p->watch)
		ask(p);
	else
		finish(p, NULL);
}

/* ---------------------------------------------------------------------------------- turns */

static void serialscan_free(struct serialscan *s)
{
	loop_defer_cancel(&s->turn);
	for (size_t i = 0; i < s->count; i++) {
		close_port(&s->ports[i]);
		loop_timer_free(s->ports[i].limit);
	}
	free(s);
}

static void tell(struct port *p)
{
	const struct serialscan_port found = {p->path, p->driver,
					      *p->obstacle ? p->obstacle : NULL};

	p->told = true;
	close_port(p);
	p->scan->found(p->scan->arg, &found);
}

static void serve(void *arg)
{
	struct serialscan *s = arg;
	loop_fn *end = s->end;
	void *end_arg = s->arg;
	bool busy = false;

	for (size_t i = 0; i < s->count; i++) {
		struct port *p = &s->ports[i];

		if (p->over && !p->told)
			tell(p);
		busy = busy || !p->told;
	}
	if (busy)
		return;
	serialscan_free(s);
	end(end_arg);
}

static void start_all(void *arg)
{
	struct serialscan *s = arg;

	for (size_t i = 0; i < s->count; i++)
		begin(&s->ports[i]);
	if (s->count == 0)
		serve(s);
}

struct serialscan *serialscan_start(struct loop *l, const char *const *paths, size_t count,
				    serialscan_found_fn *found, loop_fn *end, void *arg)
{
	struct serialscan *s = calloc(1, sizeof(*s) + count * sizeof(s->ports[0]));
	bool ok = s != NULL;

	if (!s)
		return NULL;
	s->loop = l;
	s->found = found;
	s->end = end;
	s->arg = arg;
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		struct port *p = &s->ports[i];

		p->scan = s;
		p->fd = -1;
		p->limit = loop_timer_new(l, on_limit, p);
		ok = ok && p->limit && str_copy(p->path, sizeof(p->path), paths[i]);
	}
	if (!ok) {
		serialscan_free(s);
		return NULL;
	}
	loop_defer(l, &s->turn, start_all, s);
	return s;
}
