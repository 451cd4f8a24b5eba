#include "sys/tty.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/test.h"

TEST(both_ends_talk)
{
	struct err e = ERR_NONE;
	unsigned number;
	char got[16] = "", path[32];
	struct stat a, b;
	struct termios saved;
	auto_fd int master = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);

	CHECK(master >= 0, "%s", e.msg);
	auto_fd int slave = tty_open_slave(master, &e);
	CHECK(slave >= 0, "%s", e.msg);
	CHECK(tty_number(master, &number, &e) == 0, "%s", e.msg);
	snprintf(path, sizeof(path), "/dev/pts/%u", number);
	CHECK(fstat(slave, &a) == 0 && (stat(path, &b) < 0 || a.st_rdev == b.st_rdev), "%s", path);
	CHECK(tty_is(slave) && tty_is(master), "terminals");
	CHECK(tty_raw(slave, &saved, &e) == 0, "%s", e.msg);
	CHECK(write(slave, "a\nb", 3) == 3 && read(master, got, 16) == 3 && strcmp(got, "a\nb") == 0, "raw: %s", got);
	CHECK(tty_restore(slave, &saved, &e) == 0, "%s", e.msg);
	memset(got, 0, sizeof(got));
	CHECK(write(slave, "\n", 1) == 1 && read(master, got, 16) == 2 && strcmp(got, "\r\n") == 0, "cooked");
}

TEST(sizes)
{
	struct err e = ERR_NONE;
	struct winsize w;
	auto_fd int a = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);
	auto_fd int b = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);

	CHECK(tty_set_size(a, 40, 100, &e) == 0 && tty_copy_size(a, b, &e) == 0, "%s", e.msg);
	CHECK(ioctl(b, TIOCGWINSZ, &w) == 0 && w.ws_row == 40 && w.ws_col == 100, "%u %u", w.ws_row, w.ws_col);
	CHECK(tty_set_size(a, 65536, 1, &e) == -ERANGE, "too large");
}

static void child(int slave)
{
	struct err e = ERR_NONE;

	setsid();
	if (tty_take(slave, &e) < 0)
		_exit(1);
	int tty = open("/dev/tty", O_RDWR);
	_exit(tty >= 0 && isatty(0) && isatty(2) && write(1, "mine", 4) == 4 ? 0 : 2);
}

TEST(taking_a_terminal)
{
	struct err e = ERR_NONE;
	auto_fd int master = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);
	auto_fd int slave = tty_open_slave(master, &e);
	char got[8] = "";
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child(slave);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", (unsigned)status);
	CHECK(read(master, got, 4) == 4 && strcmp(got, "mine") == 0, "%s", got);
}

TEST(impostors)
{
	struct err e = ERR_NONE;

	CHECK(tty_open_master(AT_FDCWD, "/dev/null", &e) == -ENODEV, "%s", e.msg);
	err_clear(&e);
	CHECK(tty_open_master(AT_FDCWD, "/nonexistent", &e) == -ENOENT, "%s", e.msg);
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct termios t;
	CHECK(!tty_is(null), "/dev/null is no terminal");
	err_clear(&e);
	CHECK(tty_raw(null, &t, &e) == -ENOTTY, "%s", e.msg);
}

TEST_MAIN(T(both_ends_talk), T(sizes), T(taking_a_terminal), T(impostors))
