/* The first instructions of tare-oci, before libc begins. Protecting our own executable (sec/selfexe.h) means executing
 * it a second time; libc's start and relocation cost time (start/start.c), so the first round is done here, by system
 * calls alone, and only the second one sees libc. What cannot be done here is left to selfexe_protect() in main(),
 * which also speaks about errors.
 *
 * Nothing may be used that needs relocation, the TLS (so no stack protector) or libc, memset included. Only in
 * static programs: a dynamic one is entered through its loader. */
#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

#if defined(__clang__)
#define entry_code __attribute__((used, noinline, visibility("hidden"), no_stack_protector, no_builtin))
#else
#define entry_code \
	__attribute__((used, noinline, visibility("hidden"), no_stack_protector, \
		optimize("no-tree-loop-distribute-patterns")))
#endif

#if defined(__x86_64__)
static inline long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return r;
}
/* Where libc begins: start/start.c, or the C library's own. */
#ifdef TARE_START
#define LIBC_START "tare_start"
#else
#define LIBC_START "_start"
#endif
/* rdx holds what _start wants to register with atexit(3); rsp points at argc. */
__asm__(".text\n.globl tare_entry\n.hidden tare_entry\n.type tare_entry,@function\n"
	"tare_entry:\n\tendbr64\n\tmov %rsp, %rdi\n\tpush %rdx\n\tpush %rbp\n\tmov %rsp, %rbp\n\tand $-16, %rsp\n"
	"\tcall selfexe_entry\n\tmov %rbp, %rsp\n\tpop %rbp\n\tpop %rdx\n\tjmp " LIBC_START "\n");
#elif defined(__aarch64__)
static inline long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
__asm__(".text\n.globl tare_entry\n.hidden tare_entry\n.type tare_entry,%function\n"
	"tare_entry:\n\tbti j\n\tmov x19, x0\n\tmov x0, sp\n\tbl selfexe_entry\n\tmov x0, x19\n\tb _start\n");
#else
#error "tare supports x86-64 and arm64"
#endif

static inline bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Any word that could be a command which puts a process of ours into a container: better once too often. */
static inline bool enters_container(char **argv)
{
	for (char **a = argv + 1; *a; a++)
		if (same(*a, "run") || same(*a, "create") || same(*a, "exec") || same(*a, "restore"))
			return true;
	return false;
}

/* The second round: executed by descriptor. The auxiliary vector follows the environment; getauxval(3). */
static inline bool by_descriptor(char **envp)
{
	while (*envp)
		envp++;
	for (const uintptr_t *aux = (const uintptr_t *)(envp + 1); aux[0] != AT_NULL; aux += 2) {
		const char *name = (const char *)aux[1], *prefix = "/dev/fd/";

		if (aux[0] != AT_EXECFN)
			continue;
		while (*prefix && *name == *prefix) {
			name++;
			prefix++;
		}
		return *prefix == '\0';
	}
	return false;
}

void selfexe_entry(uintptr_t *stack);

entry_code void selfexe_entry(uintptr_t *stack)
{
	long argc = (long)stack[0];
	char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
	struct mount_attr attr __attribute__((uninitialized));

	if (argc < 2 || !enters_container(argv))
		return;
	if (by_descriptor(envp))
		return; /* main() looks whether it is what it should be */
	attr.attr_set = MOUNT_ATTR_RDONLY;
	attr.attr_clr = attr.propagation = attr.userns_fd = 0;
	const char *exe = "/proc/self/exe";
	long flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	long fd = call(SYS_open_tree_attr, AT_FDCWD, (long)exe, flags, (long)&attr, sizeof(attr));
	long r = fd;
	if (fd < 0) { /* before Linux 6.15 */
		fd = call(SYS_open_tree, AT_FDCWD, (long)exe, flags, 0, 0);
		r = fd < 0 ? fd : call(SYS_mount_setattr, fd, (long)"", AT_EMPTY_PATH, (long)&attr, sizeof(attr));
	}
	if (r >= 0)
		call(SYS_execveat, fd, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
	if (fd >= 0)
		call(SYS_close, fd, 0, 0, 0, 0);
}
