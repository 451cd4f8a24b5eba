/* How our static programs begin on x86-64: what glibc's own start does, without asking the processor about itself.
 *
 * glibc's start executes CPUID some 70 times, to choose among string functions and to learn the sizes of caches. In a
 * virtual machine each is a trap to the hypervisor (1 to 30 us), which together cost more than all the rest of starting
 * a program: `tare version` took 1.2 ms and takes 0.2. Our programs move little memory and begin often, so they take
 * the variants of the string functions that every x86-64 processor runs, which is what glibc chooses on a processor
 * without features.
 *
 * The steps are those of __libc_start_main() in glibc's csu/libc-start.c, in its order, by its internal functions: they
 * are hidden, which static linking sees through, and may change with a release. So meson.build takes this start only
 * for releases that it was tried with, and tests/oci/start.bats looks at what it must have done; anything else begins
 * at _start.
 *
 * Until start_libc() has relocated the program nothing may be used that needs relocation or the TLS (so no stack
 * protector); every name below is in the program itself. */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OURS __attribute__((visibility("hidden")))
#define OURS_IF_ANY __attribute__((weak, visibility("hidden")))

extern char **__environ;
extern void *__libc_stack_end OURS_IF_ANY;
extern void *_dl_random OURS;
extern void _dl_aux_init(Elf64_auxv_t *auxv) OURS;
extern void __libc_init_secure(void) OURS_IF_ANY; /* since glibc 2.37 */
extern void __tunables_init(char **envp) OURS;
extern void _dl_relocate_static_pie(void) OURS;
extern void __libc_setup_tls(void) OURS;
extern void __libc_early_init(_Bool initial) OURS;
extern void __libc_init_first(int argc, char **argv, char **envp) OURS;
extern int __cxa_atexit(void (*function)(void *arg), void *arg, void *dso);

/* Programs at a fixed address (bench-floor) have the choices among string functions here, others among their
 * relocations. */
extern const Elf64_Rela __rela_iplt_start[] OURS_IF_ANY, __rela_iplt_end[] OURS_IF_ANY;

/* Where copying large blocks changes its method. glibc computes these from the sizes of caches; zero would send every
 * copy through the method for the largest. */
extern long __x86_shared_non_temporal_threshold OURS;
extern long __x86_memset_non_temporal_threshold OURS_IF_ANY; /* since glibc 2.40 */
extern long __x86_rep_movsb_stop_threshold OURS_IF_ANY;
#define NON_TEMPORAL_BYTES 0xc0000 /* three quarters of a cache of 1 MiB, glibc's value when it knows none */

typedef void init_function(int argc, char **argv, char **envp);
extern init_function *__preinit_array_start[] OURS, *__preinit_array_end[] OURS;
extern init_function *__init_array_start[] OURS, *__init_array_end[] OURS;
extern void (*__fini_array_start[])(void) OURS, (*__fini_array_end[])(void)OURS;
extern void _init(void) OURS, _fini(void) OURS;

int main(int argc, char **argv, char **envp);
_Noreturn void start_libc(uintptr_t *stack);

static void call_fini(void *unused)
{
	for (size_t n = (size_t)(__fini_array_end - __fini_array_start); n-- > 0;)
		__fini_array_start[n]();
	_fini();
}

/* elf(5): what the program and libraries registered to be called before main(). */
static void call_init(int argc, char **argv, char **envp)
{
	for (init_function **f = __preinit_array_start; f < __preinit_array_end; f++)
		(*f)(argc, argv, envp);
	_init();
	for (init_function **f = __init_array_start; f < __init_array_end; f++)
		(*f)(argc, argv, envp);
}

/* The canary of the stack protector and the key for stored pointers, at their places in the thread's header
 * (x86-64 psABI, "TCB"; glibc's tcbhead_t), of the 16 random bytes that the kernel gives. */
static inline __attribute__((always_inline)) void set_guards(void)
{
	uintptr_t guards[2] __attribute__((uninitialized));

	__builtin_memcpy(guards, _dl_random, sizeof(guards));
	guards[0] &= ~(uintptr_t)0xff; /* ends what runs over a string's end */
	__asm__ volatile("mov %0, %%fs:0x28\n\tmov %1, %%fs:0x30" : : "r"(guards[0]), "r"(guards[1]));
}

/* @stack: as the kernel left it, argc first (x86-64 psABI, "Process Initialization"). */
__attribute__((used, noinline, visibility("hidden"), no_stack_protector)) void start_libc(uintptr_t *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1), **aux = argv + argc + 1;

	__environ = aux;
	__libc_stack_end = stack;
	while (*aux)
		aux++;
	_dl_aux_init((Elf64_auxv_t *)(aux + 1));
	if (__libc_init_secure)
		__libc_init_secure();
	__tunables_init(__environ);
	__x86_shared_non_temporal_threshold = NON_TEMPORAL_BYTES;
	if (&__x86_memset_non_temporal_threshold)
		__x86_memset_non_temporal_threshold = NON_TEMPORAL_BYTES;
	if (&__x86_rep_movsb_stop_threshold)
		__x86_rep_movsb_stop_threshold = NON_TEMPORAL_BYTES;
	_dl_relocate_static_pie();
	/* cppcheck-suppress comparePointers ; the two bound one array of the linker's */
	for (const Elf64_Rela *r = __rela_iplt_start; r < __rela_iplt_end; r++)
		*(Elf64_Addr *)r->r_offset = ((Elf64_Addr(*)(void))r->r_addend)();
	__libc_setup_tls();
	set_guards();
	__libc_early_init(1);
	__libc_init_first(argc, argv, __environ);
	__cxa_atexit(call_fini, NULL, NULL);
	call_init(argc, argv, __environ);
	exit(main(argc, argv, __environ));
}

/* The kernel enters a static program with rdx zero: there is no loader whose end would have to be registered. */
__asm__(".text\n.globl tare_start\n.hidden tare_start\n.type tare_start,@function\n"
	"tare_start:\n\tendbr64\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start_libc\n\tud2\n");
