#pragma once
/* D-Bus messages as bytes: writing ours, reading a peer's. Pure. D-Bus Specification "Message Protocol". Only
 * little-endian: both ends are on one machine. */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

enum { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };
enum { DBUS_NO_REPLY = 1 };
enum {
	DBUS_FIXED_SIZE = 16,
	DBUS_MAX_MSG = 1 << 20, /* what we take; the specification allows 128 MiB */
	DBUS_MAX_NAME = 255,
	DBUS_MAX_DEPTH = 16,
};

/* --- writing ------------------------------------------------------------------------------------------- */

/* A body under construction; alignment counts from its start. */
void dbus_align(struct buf *b, size_t to);
void dbus_put_byte(struct buf *b, uint8_t v);
void dbus_put_u16(struct buf *b, uint16_t v);
void dbus_put_u32(struct buf *b, uint32_t v); /* also int32, boolean */
void dbus_put_u64(struct buf *b, uint64_t v); /* also int64, double */
void dbus_put_str(struct buf *b, const char *s); /* also object path */
void dbus_put_str_n(struct buf *b, const char *s, size_t n);
void dbus_put_sig(struct buf *b, const char *sig);
/* dbus_array_begin - returns what dbus_array_end() takes; @align is that of an element. */
size_t dbus_array_begin(struct buf *b, size_t align, size_t *ret_start);
void dbus_array_end(struct buf *b, size_t len_at, size_t start);

struct dbus_head {
	uint8_t type, flags;
	uint32_t serial;
	const char *destination, *path, *interface, *member; /* NULL: left out */
	const char *signature; /* of the body, NULL: none */
	const char *error_name; /* of an error reply */
	uint32_t reply_serial; /* of a reply, else 0 */
};

/* dbus_message - header and @body into @ret (appended). */
int dbus_message(const struct dbus_head *h, const struct buf *body, struct buf *ret, struct err *e) must_check;

/* --- reading ------------------------------------------------------------------------------------------- */

/* A parsed message; the pointers lead into the bytes given to dbus_parse(). Absent strings are "". */
struct dbus_msg {
	uint8_t type, flags;
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error_name, *sender, *signature;
	const uint8_t *body;
	size_t body_len;
};

/* dbus_size - total bytes of the message that begins with these 16: 0 and -EPROTO in @e if they cannot be one. */
size_t dbus_size(const uint8_t fixed[DBUS_FIXED_SIZE], struct err *e);
/* dbus_parse - @len bytes as told by dbus_size(). */
int dbus_parse(const uint8_t *data, size_t len, struct dbus_msg *ret, struct err *e) must_check;

/* Reading a body from its front. After the first wrong turn every read fails and gives 0 or "". */
struct dbus_in {
	const uint8_t *data;
	size_t len, at;
	bool bad;
};

struct dbus_in dbus_in_body(const struct dbus_msg *m);
uint32_t dbus_get_u32(struct dbus_in *in);
uint64_t dbus_get_u64(struct dbus_in *in);
const char *dbus_get_str(struct dbus_in *in);
const char *dbus_get_sig(struct dbus_in *in);
/* dbus_is_type - is @sig exactly one complete type. */
bool dbus_is_type(const char *sig);
/* dbus_skip - one value of each type in @sig. */
void dbus_skip(struct dbus_in *in, const char *sig);
