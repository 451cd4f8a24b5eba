#pragma once
/* Protection of our own binary from the container (CVE-2019-5736): a process of ours inside a container is
 * reachable there as /proc/PID/exe, and may be opened for writing once it has executed something else. */
#include "base/err.h"

/* selfexe_protect - first thing in main() of a command that puts a process of ours into a container (create,
 * run, exec, restore). Returns 0 when the running binary cannot be written through /proc/self/exe: it lives on
 * a private read-only mount (the usual second round), or in a sealed memfd, or belongs to somebody else and we hold no
 * privilege. Otherwise executes the same binary again from a private read-only mount of it (or a sealed copy)
 * and does not return. @argv and @envp are handed on. -errno: no protection could be had; go no further. */
int selfexe_protect(char *const argv[], char *const envp[], struct err *e) must_check;
