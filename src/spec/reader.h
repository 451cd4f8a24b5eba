#pragma once
/* From JSON values to typed structs, by tables of fields. What the tables give every document for
 * free: kinds and ranges are checked, the error names the JSON path, the cause and what is allowed,
 * required members are demanded, unknown ones become warnings, null counts as absent (Go's encoders
 * write it for empty lists), and with a collector reading goes on behind an error so that all of
 * them can be shown. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "spec/json.h"
#include "spec/runtime_config.h"

/* Where the reader is; frames live on the C stack while their value is read. */
struct rd_path {
	const struct rd_path *up;
	const char *key; /* NULL: @index of a list */
	size_t index;
};

struct rd {
	struct arena *arena;
	const char *doc; /* "config.json": how the messages call the document */
	struct rc_problems *problems;
	bool collect; /* errors too: a failed check returns 0 and reading goes on */
	size_t n_errors;
	const struct rd_path *at;
	struct err *e; /* the first error */
};

struct rd_field;
typedef int rd_reader(struct rd *r, const struct json *v, const struct rd_field *f, void *dst);
typedef rd_reader *rd_fn;

/* A word of an enumeration and the constant it stands for; tables end with a NULL word. */
struct rd_word {
	const char *word;
	int64_t value;
};

struct rd_field {
	const char *name;
	size_t name_len;
	rd_fn read;
	size_t offset; /* of the destination in the struct; its type is the one @read names */
	bool required;
	int64_t min; /* numbers */
	uint64_t max;
	const struct rd_word *words;
};

#define RD(json_name, reader, type, member, ...) \
	{ \
		.name = json_name, .name_len = sizeof(json_name) - 1, .read = reader, \
		.offset = offsetof(type, member), ##__VA_ARGS__ \
	}
/* RD_ALL - the destination is the whole struct: the reader fills several of its members. */
#define RD_ALL(json_name, reader, ...) \
	{ \
		.name = json_name, .name_len = sizeof(json_name) - 1, .read = reader, ##__VA_ARGS__ \
	}
#define RD_IGNORED(json_name) \
	{ \
		.name = json_name, .name_len = sizeof(json_name) - 1, .read = rd_ignore \
	}
#define RD_MUST .required = true

/* How much of a foreign string a message quotes; for "%.*s". */
#define RD_Q(s) rd_quoted_len(s), (s)
int rd_quoted_len(const char *s);

/* rd_fail - an error at the present path, or at @sub below it (NULL: none). 0 when collecting, else
 * -EINVAL.
 * @remedy is a whole phrase or NULL. */
int rd_fail(struct rd *r, const char *sub, const char *remedy, const char *format, ...) printf_like(4, 5);
void rd_warn(struct rd *r, const char *sub, const char *format, ...) printf_like(3, 4);
int rd_oom(struct rd *r);
/* rd_end - the final word of a reader: @rc and what was collected on the way. */
int rd_end(struct rd *r, int rc);

void rd_enter(struct rd *r, struct rd_path *frame, const char *key, size_t index);
void rd_leave(struct rd *r, const struct rd_path *frame);

/* rd_object - read the members of @v by @fields into @obj. rd_kind - demand a kind: sets *ret_ok.
 */
int rd_object(struct rd *r, const struct json *v, const struct rd_field *fields, size_t n_fields, void *obj);
int rd_kind(struct rd *r, const struct json *v, enum json_kind kind, bool *ret_ok);

/* rd_list - a list of @size-byte elements, each read by @each (its field argument is @f). *ret is
 * NULL for an empty list. */
struct rd_elements {
	rd_fn each;
	size_t size;
	const struct rd_field *f;
};
int rd_list(struct rd *r, const struct json *v, const struct rd_elements *how, void **ret, size_t *ret_n);

/* rd_lookup - the constant of the word @v; false if it is none of @words. rd_unknown_word - the
 * error for that. */
bool rd_lookup(const struct json *v, const struct rd_word *words, int64_t *ret);
int rd_unknown_word(struct rd *r, const struct json *v, const struct rd_word *words);

/* Readers of single values; the comment names the destination type. */
rd_reader rd_ignore;
rd_reader rd_bool; /* bool */
rd_reader rd_opt_bool; /* struct rc_opt_bool */
rd_reader rd_u32; /* uint32_t, min..max */
rd_reader rd_u64; /* uint64_t, min..max */
rd_reader rd_i32; /* int32_t, min..max */
rd_reader rd_i64; /* int64_t, min..max */
rd_reader rd_opt_u64; /* struct rc_opt_u64 */
rd_reader rd_opt_i64; /* struct rc_opt_i64 */
rd_reader rd_id; /* uint32_t, a uid or gid */
rd_reader rd_word; /* int, by f->words */
rd_reader rd_string; /* char *; "" is kept */
rd_reader rd_name; /* char *; "" is refused */
rd_reader rd_opt_string; /* char *; "" is absent */
rd_reader rd_str_list; /* struct rc_str_list */
rd_reader rd_kv_list; /* struct rc_kv_list */
rd_reader rd_env; /* struct rc_str_list */
/* char *: "0-3,7" with numbers up to f->max; "" is absent. */
rd_reader rd_cpu_list;

/* rd_path_climbs - does @path have a ".." component? */
bool rd_path_climbs(const char *path);
