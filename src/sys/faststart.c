/* The start of our static programs on x86-64 in place of glibc's. glibc asks the processor for its features and caches
 * by 68 CPUID instructions. In a virtual machine each is a trap of some 8 us: 0.6 ms of the 1.0 ms that a start took,
 * twice and more in one `run`. What the answers are for is the choice between variants of memcpy(3) and kin; without
 * them libc's resolvers take the baseline of x86-64, SSE2, which is as good for the sizes met here.
 *
 * The steps are those of glibc's own start for a static program, without CPUID and without GLIBC_TUNABLES. They call
 * internal functions of libc.a, so meson.build takes this file only for a version of glibc that it was checked with,
 * and only when a program with it links and runs; else the usual start is linked, and all works the same. */
#include <elf.h>
#include <features.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if !defined(__x86_64__) || !defined(__GLIBC__) || __GLIBC__ != 2 || __GLIBC_MINOR__ != 36
#error "only for what it was checked with"
#endif

#define LIBC(declaration) extern declaration __attribute__((visibility("hidden")))
typedef void hook(int argc, char **argv, char **envp);

LIBC(void _dl_aux_init(const uintptr_t *auxv));
LIBC(void _dl_relocate_static_pie(void));
LIBC(void __libc_setup_tls(void));
LIBC(void __libc_early_init(_Bool initial));
LIBC(void __libc_init_first(int argc, char **argv, char **envp));
LIBC(void _init(void));
LIBC(void _fini(void));
LIBC(const uintptr_t *_dl_random);
LIBC(const Elf64_Rela __rela_iplt_start[]) __attribute__((weak));
LIBC(const Elf64_Rela __rela_iplt_end[]) __attribute__((weak));
LIBC(hook *__preinit_array_start[]);
LIBC(hook *__preinit_array_end[]);
LIBC(hook *__init_array_start[]);
LIBC(hook *__init_array_end[]);
LIBC(hook *__fini_array_start[]);
LIBC(hook *__fini_array_end[]);
extern char **__environ;
extern void *__libc_stack_end;
extern int __cxa_atexit(void (*function)(void *), void *argument, void *dso);

/* What the file of libc.a defines that this one stands for: sizes above which copies go another way. */
long __x86_data_cache_size_half = 16 << 10, __x86_data_cache_size = 32 << 10;
long __x86_shared_cache_size_half = 512 << 10, __x86_shared_cache_size = 1 << 20;
long __x86_shared_non_temporal_threshold = 768 << 10;
long __x86_rep_movsb_threshold = 2048, __x86_rep_stosb_threshold = 2048, __x86_rep_movsb_stop_threshold = 768 << 10;
int __x86_string_control;

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv);

static void run_hooks(hook **from, hook **to, int argc, char **argv)
{
	while (from < to)
		(*from++)(argc, argv, __environ);
}

static void end(void *unused)
{
	for (hook **f = __fini_array_end; f-- > __fini_array_start;)
		((void (*)(void)) * f)();
	_fini();
}

/* IFUNC: each resolver names the function for its slot. */
static void resolve(void)
{
	for (const Elf64_Rela *r = __rela_iplt_start; r < __rela_iplt_end; r++)
		*(uintptr_t *)r->r_offset = ((uintptr_t(*)(void))r->r_addend)();
}

/* Before the TLS there is no stack protector, and what it compares with is set here. The four parameters that _start
 * passes besides are for dynamic and for old programs, or follow from these. */
__attribute__((no_stack_protector, noreturn)) int __libc_start_main(
	int (*program)(int, char **, char **), int argc, char **argv)
{
	char **envp = argv + argc + 1;

	__environ = envp;
	__libc_stack_end = argv - 1; /* where the kernel put argc */
	while (*envp)
		envp++;
	_dl_aux_init((const uintptr_t *)(envp + 1));
	_dl_relocate_static_pie();
	resolve();
	__libc_setup_tls();
	/* The random bytes from the kernel; a canary begins with NUL, so that no string runs over it. */
	__asm__ volatile("mov %0, %%fs:0x28" : : "r"(_dl_random[0] & ~(uintptr_t)0xff));
	__asm__ volatile("mov %0, %%fs:0x30" : : "r"(_dl_random[1]));
	__libc_early_init(1);
	__libc_init_first(argc, argv, __environ);
	__cxa_atexit(end, NULL, NULL);
	run_hooks(__preinit_array_start, __preinit_array_end, argc, argv);
	_init();
	run_hooks(__init_array_start, __init_array_end, argc, argv);
	exit(program(argc, argv, __environ));
}
