/* Terminals. Guarantees: the slave is the other end of the master at hand, whatever lies in /dev/pts. */
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* The path may come from an image: only the real ptmx device counts, character 5:2, devices.txt. */
static int check_ptmx(int fd, const char *name, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", name);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(e, ERR_CONFIG, ENODEV, "%s is not the ptmx device", name);
	return 0;
}

int tty_open_master(int dirfd, const char *ptmx, struct err *e)
{
	int unlock = 0;
	auto_fd int fd = openat(dirfd, ptmx, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s for a new terminal", ptmx);
	int r = check_ptmx(fd, ptmx, e);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFL, 0) < 0 || ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "unlock the new terminal");
	return fd_steal(&fd);
}

int tty_open_slave(int master, struct err *e)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, "open the other end of the terminal");
}

int tty_number(int master, unsigned *ret, struct err *e)
{
	unsigned n;

	if (ioctl(master, TIOCGPTN, &n) < 0)
		return err_sys(e, "ask for the number of the terminal");
	*ret = n;
	return 0;
}

int tty_set_size(int fd, unsigned rows, unsigned cols, struct err *e)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	if (rows > USHRT_MAX || cols > USHRT_MAX)
		return err_set(e, ERR_CONFIG, ERANGE, "a terminal of %u by %u: at most %d each", rows, cols, USHRT_MAX);
	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? err_sys(e, "set the size of the terminal") : 0;
}

int tty_copy_size(int from, int to, struct err *e)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) < 0)
		return err_sys(e, "ask for the size of the terminal");
	return ioctl(to, TIOCSWINSZ, &size) < 0 ? err_sys(e, "set the size of the terminal") : 0;
}

int tty_take(int slave, struct err *e)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make the terminal the controlling one");
	for (int i = 0; i < 3; i++)
		if (dup3(slave, i, 0) < 0 && !(errno == EINVAL && slave == i))
			return err_sys(e, "put the terminal on descriptor %d", i);
	return 0;
}

int tty_raw(int fd, struct termios *ret_saved, struct err *e)
{
	struct termios now, raw;

	if (tcgetattr(fd, &now) < 0)
		return err_sys(e, "ask for the settings of the terminal");
	raw = now;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return err_sys(e, "set the terminal to raw mode");
	*ret_saved = now;
	return 0;
}

int tty_restore(int fd, const struct termios *saved, struct err *e)
{
	return tcsetattr(fd, TCSANOW, saved) < 0 ? err_sys(e, "restore the settings of the terminal") : 0;
}

bool tty_is(int fd)
{
	struct termios t;
	int saved = errno;
	bool is = ioctl(fd, TCGETS, &t) == 0;

	errno = saved;
	return is;
}
