/* One system call by number, for tests of what a container may: callprobe NUMBER [ARG…] prints "ok" or errno. On x86-64
 * "x86:NUMBER" makes it by the 32-bit entry. Static, so that it runs in any root filesystem. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
/* The registers of int 0x80; what a 64-bit program gets by it is the 32-bit table. */
static long call32(long nr, const long *a)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}
#endif

int main(int argc, char **argv)
{
	long a[6] = { 0 }, r;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc && i < 8; i++)
		a[i - 2] = (long)strtoull(argv[i], NULL, 0);
#ifdef __x86_64__
	if (strncmp(argv[1], "x86:", 4) == 0) {
		r = call32(strtol(argv[1] + 4, NULL, 0), a);
		printf("%s\n", r < 0 ? strerrorname_np((int)-r) : "ok");
		return 0;
	}
#endif
	r = syscall(strtol(argv[1], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
	printf("%s\n", r < 0 ? strerrorname_np(errno) : "ok");
	return 0;
}
