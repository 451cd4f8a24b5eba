#include "sys/lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "base/test.h"
#include "sys/path.h"

TEST(one_at_a_time)
{
	struct err e = ERR_NONE;
	auto_fd int a = memfd_create("lock", MFD_CLOEXEC);
	auto_fd int b = open(path_proc(a).text, O_RDWR | O_CLOEXEC);

	CHECK(lock_file(a, true, 0, "the file", &e) == 0, "%s", e.msg);
	CHECK(lock_file(b, true, 0, "the file", &e) == -ETIMEDOUT && e.kind == ERR_CONFLICT, "%s", e.msg);
	CHECK(strcmp(e.msg, "the file is in use by another process") == 0, "%s", e.msg);
	err_clear(&e);
	CHECK(lock_file(b, false, 5, "the file", &e) == -ETIMEDOUT, "shared waits for exclusive");
	err_clear(&e);
	fd_close(&a);
	CHECK(lock_file(b, true, 0, "the file", &e) == 0, "%s", e.msg);
}

TEST(shared_by_many)
{
	struct err e = ERR_NONE;
	auto_fd int a = memfd_create("lock", MFD_CLOEXEC);
	auto_fd int b = open(path_proc(a).text, O_RDWR | O_CLOEXEC);

	CHECK(lock_file(a, false, -1, "f", &e) == 0 && lock_file(b, false, 0, "f", &e) == 0, "%s", e.msg);
	CHECK(lock_file(a, true, 0, "f", &e) == -ETIMEDOUT, "exclusive beside shared");
}

TEST(waits_until_free)
{
	struct err e = ERR_NONE;
	int ready[2];
	char c;
	auto_fd int a = memfd_create("lock", MFD_CLOEXEC);

	CHECK(pipe(ready) == 0, "pipe");
	pid_t pid = fork();
	if (pid == 0) {
		int mine = open(path_proc(a).text, O_RDWR);

		if (lock_file(mine, true, 0, "f", &e) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[1]);
		(void)!read(ready[0], &c, 0);
		_exit(0); /* unlocks */
	}
	CHECK(read(ready[0], &c, 1) == 1, "the child has it");
	CHECK(lock_file(a, true, 10000, "f", &e) == 0, "%s", e.msg);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

TEST_MAIN(T(one_at_a_time), T(shared_by_many), T(waits_until_free))
