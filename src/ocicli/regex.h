#pragma once
/* Extended regular expressions for `kill -r` and `delete -r`: regex(7) without back references and collation. libc's
 * is a twentieth of the whole program, can take exponential time, and reads the locale; this one takes time in
 * proportion to pattern times text, whatever they are. */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum { REGEX_MAX = 1000 /* steps of a compiled pattern */, REGEX_MAX_CLASSES = 32 };

enum regex_op { RE_CHAR, RE_ANY, RE_CLASS, RE_BEGIN, RE_END, RE_SPLIT, RE_JUMP, RE_MATCH };

struct regex_step {
	uint8_t op, c;	 /* RE_CHAR: the byte; RE_CLASS: which class */
	int16_t to[2];	 /* relative; RE_JUMP: to[0]; RE_SPLIT: both */
};

struct regex {
	struct regex_step v[REGEX_MAX + 1];
	int n;
	uint32_t class[REGEX_MAX_CLASSES][8]; /* a bit for each byte */
	int n_classes;
};

/* regex_compile - ERR_USAGE says what is wrong with @pattern. */
int regex_compile(const char *pattern, struct regex *ret, struct err *e) must_check;
/* regex_matches - does any part of @text match. */
bool regex_matches(const struct regex *r, const char *text);
