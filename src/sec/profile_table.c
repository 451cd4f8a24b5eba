/* The default seccomp profile: which system calls a container has. check-size: table
 *
 * docker's and podman's defaults are the upper bound (profile_test.c compares), with less where
 * that costs no program we know: the mount calls, user namespaces and setns only with CAP_SYS_ADMIN
 * (CVE-2022-0185, 2022-0492); the keyrings never, they are no namespace; no io_uring, whose
 * operations no filter sees; no userfaultfd, a tool of kernel exploits. Conditions on arguments are
 * in profile.c. Names an architecture lacks mean nothing there. */
#include "sec/profile_table.h"

#include "base/cleanup.h"

/* linux/capability.h */
enum {
	DAC_READ_SEARCH = 2,
	NET_RAW = 13,
	SYS_MODULE = 16,
	SYS_RAWIO = 17,
	SYS_CHROOT = 18,
	SYS_PTRACE = 19,
	SYS_PACCT = 20,
	SYS_ADMIN = 21,
	SYS_BOOT = 22,
	SYS_NICE = 23,
	SYS_TIME = 25,
	SYS_TTY_CONFIG = 26,
	SYSLOG = 34,
	PERFMON = 38,
	BPF = 39
};

const struct profile_group profile_groups[] = {
	/* files */
	{ 0,
		"_llseek access cachestat chdir chmod chown chown32 close close_range "
		"copy_file_range creat dup dup2 dup3 faccessat "
		"faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 "
		"fchown fchown32 fchownat fcntl fcntl64 "
		"fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 "
		"fstatat64 fstatfs fstatfs64 fsync "
		"ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat "
		"lchown lchown32 lgetxattr link "
		"linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat "
		"lstat64 mkdir mkdirat mknod mknodat "
		"name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 "
		"pwritev pwritev2 read readahead "
		"readdir readlink readlinkat readv removexattr removexattrat rename renameat "
		"renameat2 rmdir sendfile sendfile64 "
		"setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink symlinkat "
		"sync sync_file_range "
		"sync_file_range2 arm_sync_file_range arm_fadvise64_64 syncfs tee truncate "
		"truncate64 umask unlink unlinkat utime "
		"utimensat utimensat_time64 utimes write writev" },
	/* waiting and events */
	{ 0,
		"_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
		"epoll_pwait2 epoll_wait epoll_wait_old "
		"eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 "
		"inotify_rm_watch io_cancel io_destroy "
		"io_getevents io_setup io_submit pipe pipe2 poll ppoll ppoll_time64 pselect6 "
		"pselect6_time64 select signalfd "
		"signalfd4" },
	/* memory */
	{ 0,
		"brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock "
		"mlock2 mlockall mmap mmap2 mprotect "
		"mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect "
		"process_mrelease process_vm_readv "
		"process_vm_writev remap_file_pages" },
	/* processes, threads, signals */
	{ 0,
		"alarm arch_prctl breakpoint cacheflush capget capset execve execveat exit "
		"exit_group fork futex futex_requeue "
		"futex_time64 futex_wait futex_waitv futex_wake get_robust_list get_thread_area "
		"getcpu getegid getegid32 geteuid "
		"geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpgid getpgrp getpid "
		"getppid getpriority getresgid "
		"getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid "
		"getuid32 ioprio_get ioprio_set kill "
		"landlock_add_rule landlock_create_ruleset landlock_restrict_self "
		"lsm_get_self_attr lsm_list_modules "
		"lsm_set_self_attr modify_ldt pause pidfd_open pidfd_send_signal prctl prlimit64 "
		"ptrace restart_syscall "
		"riscv_flush_icache riscv_hwprobe rseq rt_sigaction rt_sigpending rt_sigprocmask "
		"rt_sigqueueinfo rt_sigreturn "
		"rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
		"sched_get_priority_max "
		"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
		"sched_getscheduler sched_rr_get_interval "
		"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
		"sched_setscheduler sched_yield seccomp "
		"set_robust_list set_thread_area set_tid_address set_tls setfsgid setfsgid32 "
		"setfsuid setfsuid32 setgid setgid32 "
		"setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid "
		"setresgid32 setresuid "
		"setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 sigaction "
		"sigaltstack signal sigpending "
		"sigprocmask sigreturn sigsuspend syscall tgkill times tkill ugetrlimit uprobe "
		"uretprobe vfork wait4 waitid waitpid" },
	/* time, and what the machine is */
	{ 0,
		"adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 "
		"clock_gettime clock_gettime64 "
		"clock_nanosleep clock_nanosleep_time64 getrandom gettimeofday nanosleep sysinfo "
		"time timer_create timer_delete "
		"timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
		"timerfd timerfd_create "
		"timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 uname" },
	/* sockets that are there; making one: profile.c */
	{ 0,
		"accept accept4 bind connect getpeername getsockname getsockopt listen recv "
		"recvfrom recvmmsg recvmmsg_time64 recvmsg "
		"send sendmmsg sendmsg sendto setsockopt shutdown socketpair" },
	/* System V and POSIX message queues, semaphores, shared memory */
	{ 0,
		"ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
		"mq_timedsend mq_timedsend_time64 "
		"mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
		"semtimedop_time64 shmat shmctl shmdt shmget" },
	{ CAP(DAC_READ_SEARCH), "open_by_handle_at" },
	{ CAP(SYS_ADMIN),
		"clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount listns "
		"lookup_dcookie mount "
		"mount_setattr move_mount open_tree open_tree_attr pivot_root quotactl quotactl_fd "
		"setdomainname "
		"sethostname setns statmount umount umount2 unshare" },
	{ CAP(SYS_ADMIN) | CAP(BPF), "bpf" },
	{ CAP(SYS_ADMIN) | CAP(PERFMON), "perf_event_open" },
	{ CAP(SYS_ADMIN) | CAP(SYSLOG), "syslog" },
	{ CAP(SYS_BOOT), "reboot" },
	{ CAP(SYS_CHROOT), "chroot" },
	{ CAP(SYS_MODULE), "delete_module finit_module init_module query_module" },
	{ CAP(SYS_NICE), "get_mempolicy mbind set_mempolicy set_mempolicy_home_node" },
	{ CAP(SYS_PACCT), "acct" },
	{ CAP(SYS_PTRACE), "kcmp pidfd_getfd process_madvise" },
	{ CAP(SYS_RAWIO), "ioperm iopl" },
	{ CAP(SYS_TIME), "clock_settime clock_settime64 settimeofday stime" },
	{ CAP(SYS_TTY_CONFIG), "vhangup" },
};
const size_t profile_n_groups = ARRAY_SIZE(profile_groups);

const struct profile_refusal profile_refusals[] = {
	/* glibc then uses clone(2), whose flags a filter can see. */
	{ CAP(SYS_ADMIN), ENOSYS, "clone3" },
	/* Too new to be anybody's only way. */
	{ CAP(SYS_ADMIN), ENOSYS, "listmount listns open_tree_attr statmount" },
	{ 0, ENOSYS, "file_getattr file_setattr" },
	{ 0, EPERM,
		"add_key bdflush create_module get_kernel_syms io_pgetevents io_pgetevents_time64 "
		"io_uring_enter "
		"io_uring_register io_uring_setup kexec_file_load kexec_load keyctl migrate_pages "
		"move_pages nfsservctl "
		"request_key swapoff swapon sysfs _sysctl uselib userfaultfd ustat vm86 vm86old "
		"vmsplice" },
};
const size_t profile_n_refusals = ARRAY_SIZE(profile_refusals);
