/* What start.c must have done by the time main() runs. A program of its own, begun by it: the tests' libraries are
 * shared ones. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int failures, constructed;
static thread_local int in_tls = 42;
static const char *const relocated[] = { "one", "two" };

#define CHECK(what) \
	do { \
		if (!(what)) { \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			failures++; \
		} \
	} while (0)

__attribute__((constructor)) static void construct(int argc, char **argv, char **envp)
{
	constructed = argc > 0 && argv[0] && envp == environ;
}

static void check_environment(int argc, char **argv, char **envp)
{
	CHECK(argc >= 1 && argv[0] && !argv[argc]);
	CHECK(envp == environ && getenv("PATH"));
	CHECK(strstr(program_invocation_name, program_invocation_short_name));
	CHECK(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE));
	CHECK(sysconf(_SC_MINSIGSTKSZ) >= (long)getauxval(AT_MINSIGSTKSZ));
	CHECK(!strcmp(relocated[0], "one") && !strcmp(relocated[1], "two"));
}

static void check_thread(void)
{
	uintptr_t canary, key;

	__asm__("mov %%fs:0x28, %0\n\tmov %%fs:0x30, %1" : "=r"(canary), "=r"(key));
	CHECK(canary && !(canary & 0xff) && key && key != canary);
	CHECK(!memcmp((char *)getauxval(AT_RANDOM) + 1, (char *)&canary + 1, 7));
	CHECK(in_tls == 42 && ++in_tls == 43);
	errno = 0;
	CHECK(open("/nonexistent/file", O_RDONLY) < 0 && errno == ENOENT);
	CHECK(raise(0) == 0);
}

static void check_locale(void)
{
	CHECK(isalpha('a') && !isalpha('1') && toupper('a') == 'A' && isspace('\t'));
	CHECK(!strcmp(setlocale(LC_ALL, NULL), "C"));
	char mixed[] = "TaRe";

	CHECK(strtod("2.5", NULL) == 2.5 && !strcasecmp(mixed, "tArE"));
}

/* The string functions that were chosen, below and above every size at which they change their method. */
static void check_strings(void)
{
	static const size_t sizes[] = { 1, 15, 16, 33, 64, 129, 1000, 4096, 70000, 0xc0000, 0xc0001, 3 << 20,
		17 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];
		unsigned char *a = malloc(n + 64), *b = malloc(n + 64);

		if (!a || !b)
			abort();
		for (size_t j = 0; j < n + 64; j++)
			a[j] = (unsigned char)(j * 31 % 251 + 1);
		memset(b, 0xee, n + 64);
		memcpy(b + 3, a + 1, n);
		CHECK(!memcmp(b + 3, a + 1, n) && b[2] == 0xee && b[3 + n] == 0xee);
		memmove(a + 5, a, n);
		for (size_t j = 0; j < n; j++)
			if (a[5 + j] != j * 31 % 251 + 1) {
				CHECK(!"memmove");
				break;
			}
		memset(a, 7, n);
		a[n] = '\0';
		CHECK(strlen((char *)a) == n && memchr(a, 0, n + 1) == a + n && !strchr((char *)a, 8));
		free(a);
		free(b);
	}
}

static void check_kernel(void)
{
	struct timespec t;
	int status;
	pid_t child = fork();

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec > 0);
	if (child == 0)
		_exit(in_tls);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 43);
}

/* By exit(): the test that runs this looks for the line, which nothing else flushes. */
static void at_exit(void)
{
	printf("exit handlers run\n");
}

int main(int argc, char **argv, char **envp)
{
	CHECK(constructed);
	check_environment(argc, argv, envp);
	check_thread();
	check_locale();
	check_strings();
	check_kernel();
	if (atexit(at_exit) != 0)
		return 1;
	return failures != 0;
}
