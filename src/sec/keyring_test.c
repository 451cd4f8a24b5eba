#include "base/test.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sec/keyring.h"
#include "sys/call.h"

static long session(void)
{
	return sys_keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
}

/* 0: joined a keyring of that name, another than before; 77: no keys here. */
static int join(bool begins)
{
	char name[KEYRING_NAME_SIZE], id[32], text[256];
	struct err e = ERR_NONE;
	long before = session();

	if (before < 0 && (errno == ENOSYS || errno == EPERM))
		return 77;
	fmt_to(id, sizeof(id), "test.%d", (int)getpid());
	keyring_name(id, name);
	if (keyring_join(FD_NONE, name, NULL, begins, &e) < 0) {
		print_error("%s\n", e.msg);
		return 1;
	}
	if (session() == before)
		return 2;
	if (sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)session(), (unsigned long)text, sizeof(text), 0) < 0)
		return 3;
	/* 3f3f0000 without what the kernel leaves out, and the owner's search bit in any case */
	return strstr(text, name) && (strtoul(strstr(text, ";3f") + 1, NULL, 16) & 0x00080000) ? 0 : 4;
}

static uint32_t perm(void)
{
	char text[256] = "";

	(void)sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)session(), (unsigned long)text, sizeof(text) - 1, 0);
	return (uint32_t)strtoul(strstr(text, ";3f") ? strstr(text, ";3f") + 1 : "0", NULL, 16);
}

/* What begins gets the same permissions whether the name was in use or not; who joins leaves them, but for the search.
 */
static int permissions(void)
{
	char name[KEYRING_NAME_SIZE], id[32];
	struct err e = ERR_NONE;

	if (session() < 0 && (errno == ENOSYS || errno == EPERM))
		return 77;
	fmt_to(id, sizeof(id), "perm.%d", (int)getpid());
	keyring_name(id, name);
	if (keyring_join(FD_NONE, name, NULL, true, &e) < 0)
		return 1;
	uint32_t first = perm();
	if (sys_keyctl(KEYCTL_SETPERM, (unsigned long)session(), 0x3f3b0000, 0, 0) < 0)
		return 2;
	if (keyring_join(FD_NONE, name, NULL, false, &e) < 0 || perm() != 0x3f3b0000)
		return 3;
	if (keyring_join(FD_NONE, name, NULL, true, &e) < 0 || perm() != first)
		return 4;
	return first == 0x3f1b0000 ? 0 : 5;
}

TEST(permissions_of_an_earlier_one_do_not_count)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(permissions());
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		SKIP("no keys in this kernel");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", WEXITSTATUS(status));
}

TEST(joins_a_keyring_of_its_own)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(join(true));
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		SKIP("no keys in this kernel");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", WEXITSTATUS(status));
}

TEST(name_is_cut_not_overrun)
{
	char id[400], name[KEYRING_NAME_SIZE];

	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	keyring_name(id, name);
	CHECK(strlen(name) == KEYRING_NAME_SIZE - 1 && str_starts(name, "_ses.a"), "%zu", strlen(name));
}

TEST_MAIN(T(joins_a_keyring_of_its_own), T(permissions_of_an_earlier_one_do_not_count), T(name_is_cut_not_overrun))
