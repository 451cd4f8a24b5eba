#include "sys/unixsock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "base/test.h"
#include "sys/path.h"

static char dir_name[] = "/tmp/tare-unixsock-XXXXXX";

/* A directory whose path alone is longer than sun_path, opened. */
static int deep_dir(void)
{
	static char part[] = "a-directory-with-a-rather-long-name-to-fill-the-path-up";

	CHECK(mkdtemp(dir_name), "mkdtemp");
	int fd = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		CHECK(mkdirat(fd, part, 0700) == 0, "mkdir");
		int next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	return fd;
}

static void drop_dir(void)
{
	struct err e = ERR_NONE;

	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(path_remove_tree(tmp, strrchr(dir_name, '/') + 1, &e) == 0, "%s", e.msg);
	memcpy(strrchr(dir_name, '-') + 1, "XXXXXX", 6);
}

TEST(long_paths_and_descriptors)
{
	struct err e = ERR_NONE;
	auto_fd int dir = deep_dir();
	auto_fd int listener = unix_listen_at(dir, "s", SOCK_SEQPACKET, 0600, &e);
	struct stat st;
	struct unix_peer peer;
	char long_path[PATH_MAX], got[16] = "";
	int fds[2];
	struct unix_fds got_fds = { fds, 2, 0 };

	CHECK(listener >= 0, "%s", e.msg);
	CHECK(fstatat(dir, "s", &st, 0) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600, "mode %o",
		st.st_mode);
	CHECK(path_readlink(AT_FDCWD, path_proc(dir).text, long_path, sizeof(long_path) - 3, &e) > 108, "short");
	strncat(long_path, "/s", 3);
	auto_fd int a = unix_connect(long_path, SOCK_SEQPACKET, &e);
	CHECK(a >= 0, "%s", e.msg);
	auto_fd int b = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(unix_peer_of(b, &peer, &e) == 0 && peer.pid == getpid() && peer.uid == geteuid(), "peer");
	CHECK(unix_send(a, "hello", 6, (int[]){ dir, a }, 2, &e) == 0, "%s", e.msg);
	CHECK(unix_receive(b, got, sizeof(got), &got_fds, &e) == 6, "%s", e.msg);
	CHECK(got_fds.n == 2 && strcmp(got, "hello") == 0, "%zu %s", got_fds.n, got);
	CHECK(fcntl(fds[0], F_GETFD) == FD_CLOEXEC && path_is_dir(fds[0]), "the directory came");
	close(fds[0]);
	close(fds[1]);
	fd_close(&a);
	CHECK(unix_receive(b, got, sizeof(got), &got_fds, &e) == 0 && got_fds.n == 0, "end");
	drop_dir();
}

TEST(too_much_is_refused_whole)
{
	struct err e = ERR_NONE;
	int s[2], fds[4];
	struct unix_fds got_fds = { fds, 2, 0 };
	char got[4];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) == 0, "socketpair");
	int next = dup(0); /* the lowest free number: where the first one received would land */
	close(next);
	CHECK(unix_send(s[0], "x", 1, (int[]){ 0, 1, 2 }, 3, &e) == 0, "%s", e.msg);
	CHECK(unix_receive(s[1], got, sizeof(got), &got_fds, &e) == -EMSGSIZE, "three for two");
	for (int i = 0; i < 3; i++)
		CHECK(fcntl(next + i, F_GETFD) < 0, "descriptor %d leaked", next + i);
	err_clear(&e);
	CHECK(unix_send(s[0], "too long", 8, NULL, 0, &e) == 0, "%s", e.msg);
	CHECK(unix_receive(s[1], got, sizeof(got), &got_fds, &e) == -EMSGSIZE, "cut message");
	err_clear(&e);
	CHECK(unix_send(s[0], "", 0, NULL, 0, &e) == -EINVAL, "empty message");
	close(s[0]);
	err_clear(&e);
	CHECK(unix_send(s[1], "x", 1, NULL, 0, &e) == -EPIPE, "no signal, an error");
	close(s[1]);
}

TEST(errors_name_the_socket)
{
	struct err e = ERR_NONE;
	auto_fd int dir = deep_dir();
	auto_fd int plain = openat(dir, "plain", O_CREAT | O_WRONLY, 0600);

	CHECK(unix_connect("/nonexistent/socket", SOCK_STREAM, &e) == -ENOENT && strstr(e.msg, "/nonexistent/socket"),
		"%s", e.msg);
	err_clear(&e);
	CHECK(unix_connect_at(dir, "plain", SOCK_STREAM, &e) == -ECONNREFUSED && strstr(e.msg, "plain"), "%s", e.msg);
	err_clear(&e);
	CHECK(unix_listen_at(dir, "plain", SOCK_STREAM, 0600, &e) == -EADDRINUSE, "%s", e.msg);
	drop_dir();
}

TEST_MAIN(T(long_paths_and_descriptors), T(too_much_is_refused_whole), T(errors_name_the_socket))
