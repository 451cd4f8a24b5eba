#include "sys/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/str.h"
#include "base/test.h"
#include "sys/path.h"

enum { MAX = 1 << 20, LONG = 9000 };

static char place[] = "tare-smallfile.XXXXXX";

static int scratch(void)
{
	char path[64];

	memcpy(place + sizeof(place) - 7, "XXXXXX", 6);
	snprintf(path, sizeof(path), "/tmp/%s", place);
	CHECK(mkdtemp(path), "mkdtemp %s", path);
	memcpy(place, path + strlen("/tmp/"), sizeof(place) - 1);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0, "%s", path);
	return fd;
}

static void clean(int dir)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(path_remove_tree(tmp, place, &e) == 0, "%s", e.msg);
	close(dir);
}

static char *letters(char c, size_t n)
{
	char *s = malloc(n + 1);

	CHECK(s, "malloc");
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

static mode_t kind(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & S_IFMT : 0;
}

static void check(int dir, const char *text, mode_t wanted)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err e = ERR_NONE;

	CHECK(smallfile_read(dir, "x", MAX, &b, &e) == 0, "%s", e.msg);
	CHECK(str_eq(b.data, text), "\"%.20s\"", b.data);
	CHECK(kind(dir, "x") == wanted, "mode %o", kind(dir, "x"));
	CHECK(smallfile_exists(dir, "x") && !kind(dir, "x.new"), "names");
}

/* Every way from one form to the other. */
TEST(what_is_written_is_read)
{
	auto_free char *s = letters('a', 300), *t = letters('b', 200), *l = letters('c', LONG),
		       *m = letters('d', LONG + 1);
	const char *const texts[] = { s, t, l, m, s, l, t };
	int dir = scratch();
	struct err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CHECK(smallfile_write(dir, "x", texts[i], i & 1 ? ATOMIC_DURABLE : ATOMIC_VOLATILE, &e) == 0, "%s",
			e.msg);
		check(dir, texts[i], strlen(texts[i]) < LONG ? S_IFLNK : S_IFREG);
	}
	clean(dir);
}

TEST(a_killed_writer_is_no_obstacle)
{
	int dir = scratch();
	struct err e = ERR_NONE;

	CHECK(smallfile_write(dir, "x", "old", ATOMIC_VOLATILE, &e) == 0 && symlinkat("half", dir, "x.new") == 0, "%s",
		e.msg);
	CHECK(smallfile_write(dir, "x", "new", ATOMIC_VOLATILE, &e) == 0, "%s", e.msg);
	check(dir, "new", S_IFLNK);
	clean(dir);
}

TEST(nothing_there_and_too_much)
{
	auto_free char *l = letters('c', LONG);
	AUTO(buf) struct buf b = BUF_INIT;
	int dir = scratch();
	struct err e = ERR_NONE;

	CHECK(smallfile_read(dir, "x", MAX, &b, &e) == -ENOENT && !smallfile_exists(dir, "x"), "%s", e.msg);
	err_clear(&e);
	CHECK(smallfile_write(dir, "x", "12345", ATOMIC_VOLATILE, &e) == 0, "%s", e.msg);
	CHECK(smallfile_read(dir, "x", 4, &b, &e) == -EFBIG, "%s", e.msg);
	err_clear(&e);
	CHECK(smallfile_write(dir, "x", l, ATOMIC_VOLATILE, &e) == 0, "%s", e.msg);
	CHECK(smallfile_read(dir, "x", LONG - 1, &b, &e) == -EFBIG, "%s", e.msg);
	clean(dir);
}

/* A reader never sees none, a part or a mixture, whichever way it is kept. */
TEST(a_reader_sees_one_or_the_other)
{
	auto_free char *s = letters('a', 300), *l = letters('c', LONG);
	int dir = scratch();
	struct err e = ERR_NONE;

	CHECK(smallfile_write(dir, "x", s, ATOMIC_VOLATILE, &e) == 0, "%s", e.msg);
	pid_t writer = fork();
	if (writer == 0)
		for (int i = 0;; i++)
			if (smallfile_write(dir, "x", i & 1 ? s : l, ATOMIC_VOLATILE, &e) < 0)
				_exit(1);
	for (int i = 0; i < 3000; i++) {
		AUTO(buf) struct buf b = BUF_INIT;

		CHECK(smallfile_read(dir, "x", MAX, &b, &e) == 0, "%s", e.msg);
		CHECK(str_eq(b.data, s) || str_eq(b.data, l), "%zu bytes", b.len);
	}
	CHECK(waitpid(writer, NULL, WNOHANG) == 0, "the writer failed");
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	clean(dir);
}

TEST_MAIN(T(what_is_written_is_read), T(a_killed_writer_is_no_obstacle), T(nothing_there_and_too_much),
	T(a_reader_sees_one_or_the_other))
