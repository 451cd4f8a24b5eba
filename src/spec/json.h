#pragma once
/* Strict JSON (RFC 8259) into an arena. One pass over a private copy of the text: strings are
 * decoded in place and end in NUL, so a document costs its own size once plus one node a value, and
 * no other allocation.
 *
 * Refused beyond what the grammar refuses: duplicate keys, bytes after the document, NUL in a
 * string (raw or escaped), a byte order mark, UTF-16, invalid UTF-8, lone surrogates, more than
 * JSON_MAX_DEPTH nested lists and objects, more than JSON_MAX_BYTES. Numbers stay text, so that
 * 18446744073709551615 (RLIM_INFINITY, which callers do send) keeps its value and an error can
 * quote what was written.
 *
 * Duplicates are found by comparison in small objects and by sorting in large ones: there is no
 * hash table, so neither a seed has to be read on the start path nor can keys be chosen to collide.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_BYTES = 16 << 20 };

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_FALSE,
	JSON_KIND_TRUE,
	JSON_KIND_NUMBER,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

struct json {
	char *key; /* NUL-terminated if a member of an object, else NULL */
	union {
		char *text; /* string: NUL-terminated; number: as written, not terminated */
		struct json *first; /* array, object: the first member or NULL */
	};
	struct json *next; /* the next member of the same array or object */
	uint32_t key_len;
	uint32_t n; /* bytes of a string or number, members of an array or object */
	enum json_kind kind;
};

/* json_parse - @len bytes of @text, which the caller keeps; the result lives in @arena. -EINVAL
 * with "line L, column C: cause" (columns count bytes), -EFBIG, -ENOMEM. */
int json_parse(const char *text, size_t len, struct arena *arena, struct json **ret, struct err *e) must_check;

/* A member of an object, and what is kept of it if it is an object itself; NULL: all. Tables end with a NULL key. */
struct json_kept {
	const char *key;
	const struct json_kept *below;
};
/* json_parse_kept - the same, but of the outermost object only the members in @kept. What is left out is passed over by
 * its quotes and brackets, neither checked nor decoded: for documents of our own that are read whole elsewhere. Strings
 * live in @arena, numbers in @text, which is rewritten. */
int json_parse_kept(struct buf *text, const struct json_kept *kept, struct arena *arena, struct json **ret,
	struct err *e) must_check;
/* json_kind_name - "an object", "a string", … for messages. */
const char *json_kind_name(const struct json *v);
/* json_member - of object @v by @key, or NULL; also NULL when @v is no object. */
struct json *json_member(const struct json *v, const char *key);

enum json_int { JSON_INT_OK, JSON_INT_NOT_A_NUMBER, JSON_INT_FRACTION, JSON_INT_RANGE };

/* json_u64, json_i64 - a number without fraction, exponent or (for u64) sign within [@min, @max].
 */
enum json_int json_u64(const struct json *v, uint64_t min, uint64_t max, uint64_t *ret) must_check;
enum json_int json_i64(const struct json *v, int64_t min, int64_t max, int64_t *ret) must_check;
