#pragma once
/* Key sequences that detach from a terminal: "ctrl-p,ctrl-q". Pure. */
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum { KEYS_MAX = 16 };
#define KEYS_DEFAULT "ctrl-p,ctrl-q"

struct keys {
	char seq[KEYS_MAX];
	size_t n; /* 0: none detaches */
	size_t matched; /* how many of seq came last */
};

/* keys_parse - a list of single characters and ctrl-X (X a letter or one of @ [ \ ] ^ _), separated
 * by commas; "" is none. ERR_USAGE. */
int keys_parse(const char *text, struct keys *ret, struct err *e) must_check;
/* keys_filter - @n bytes typed: those that go on are written to @dst, which has room for n +
 * KEYS_MAX; bytes that may begin the sequence are held back. True when it is complete: what follows
 * is dropped. */
bool keys_filter(struct keys *k, const char *typed, size_t n, char *dst, size_t *ret_n);
