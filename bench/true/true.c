/* true: the program inside the measured containers. It exits. With "wait" it waits to be killed, as the first process
 * of a container that `exec` enters; with "serve" it ends on SIGTERM, as services do; with "flood MIB" it writes that
 * much text in lines of 100 bytes. No libc: it costs an execve, an exit and nothing else.
 */
#include <sys/syscall.h>

#define LINE_BYTES 100
#define FLOOD_BYTES (LINE_BYTES * 640L)

void start_c(long *stack);
void _start(void);

static long call4(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "true is not written for this machine"
#endif
}

static void serve(void)
{
	unsigned long term = 1UL << (15 - 1);

	/* The first process of a pid namespace gets only signals that it asks for: pid_namespaces(7). */
	call4(SYS_rt_sigprocmask, 0, (long)&term, 0, sizeof(term));
	call4(SYS_rt_sigtimedwait, (long)&term, 0, 0, sizeof(term));
}

static void flood(const char *mib)
{
	static char text[FLOOD_BYTES];
	long left = 0;

	for (; *mib >= '0' && *mib <= '9'; mib++)
		left = left * 10 + (*mib - '0');
	left = left * 1024 * 1024 / LINE_BYTES * LINE_BYTES;
	for (long i = 0; i < FLOOD_BYTES; i++)
		text[i] = i % LINE_BYTES == LINE_BYTES - 1 ? '\n' : 'x';
	while (left > 0) {
		long at = left % FLOOD_BYTES, n = call4(SYS_write, 1, (long)text, at ? at : FLOOD_BYTES, 0);

		if (n <= 0)
			return;
		left -= n;
	}
}

__attribute__((used)) void start_c(long *stack)
{
	char **argv = (char **)(stack + 1);
	char mode = stack[0] > 1 ? argv[1][0] : 0;

	while (mode == 'w')
		call4(SYS_ppoll, 0, 0, 0, 0); /* no descriptor, no timeout: until a signal */
	if (mode == 's')
		serve();
	if (mode == 'f' && stack[0] > 2)
		flood(argv[2]);
	for (;;)
		call4(SYS_exit_group, 0, 0, 0, 0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start_c\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start_c\n");
#endif
