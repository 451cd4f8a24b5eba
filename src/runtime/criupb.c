/* protobuf, encoding version 2/3: varints and length-delimited fields; the fixed-width kinds are only skipped. */
#include "runtime/criupb.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static void put_varint(struct buf *b, uint64_t v)
{
	unsigned char out[10];
	size_t n = 0;

	do {
		out[n] = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v);
	buf_add(b, out, n);
}

void pb_int(struct buf *b, unsigned n, int64_t v)
{
	put_varint(b, (uint64_t)n << 3 | WIRE_VARINT);
	put_varint(b, (uint64_t)v);
}

void pb_bytes(struct buf *b, unsigned n, const void *data, size_t len)
{
	put_varint(b, (uint64_t)n << 3 | WIRE_BYTES);
	put_varint(b, len);
	buf_add(b, data, len);
}

void pb_str(struct buf *b, unsigned n, const char *s)
{
	pb_bytes(b, n, s, strlen(s));
}

void pb_pair(struct buf *b, unsigned n, const char *one, const char *two)
{
	AUTO(buf) struct buf inner = BUF_INIT;

	pb_str(&inner, 1, one);
	pb_str(&inner, 2, two);
	if (inner.failed)
		b->failed = true;
	else
		pb_bytes(b, n, inner.data, inner.len);
}

struct cursor {
	const unsigned char *p, *end;
};

struct field {
	unsigned number;
	enum wire wire;
	uint64_t v; /* VARINT */
	const unsigned char *data; /* BYTES */
	size_t len;
};

static bool get_varint(struct cursor *c, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		unsigned char byte = *c->p++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool skip(struct cursor *c, size_t n)
{
	if ((size_t)(c->end - c->p) < n)
		return false;
	c->p += n;
	return true;
}

static bool next(struct cursor *c, struct field *f)
{
	uint64_t key, len;

	if (!get_varint(c, &key) || key >> 3 == 0 || key >> 3 > 536870911)
		return false;
	*f = (struct field){ .number = (unsigned)(key >> 3), .wire = (enum wire)(key & 7) };
	switch (f->wire) {
	case WIRE_VARINT: return get_varint(c, &f->v);
	case WIRE_64: return skip(c, 8);
	case WIRE_32: return skip(c, 4);
	case WIRE_BYTES:
		if (!get_varint(c, &len) || (size_t)(c->end - c->p) < len)
			return false;
		f->data = c->p;
		f->len = (size_t)len;
		c->p += len;
		return true;
	}
	return false;
}

static void copy_text(const struct field *f, char *dst, size_t size)
{
	size_t n = f->len < size - 1 ? f->len : size - 1;

	memcpy(dst, f->data, n);
	while (n > 0 && dst[n - 1] == '\n')
		n--;
	dst[n] = '\0';
}

static bool parse_notify(const struct field *of, struct criu_answer *ret)
{
	struct cursor c = { of->data, of->data + of->len };
	struct field f;

	while (c.p < c.end) {
		if (!next(&c, &f))
			return false;
		if (f.number == 1 && f.wire == WIRE_BYTES)
			copy_text(&f, ret->script, sizeof(ret->script));
		else if (f.number == 2 && f.wire == WIRE_VARINT)
			ret->pid = (pid_t)f.v;
	}
	return true;
}

static bool parse_numbers(const struct field *of, uint64_t *v, size_t n)
{
	struct cursor c = { of->data, of->data + of->len };
	struct field f;

	while (c.p < c.end) {
		if (!next(&c, &f))
			return false;
		if (f.wire == WIRE_VARINT && f.number <= n)
			v[f.number - 1] = f.v;
	}
	return true;
}

/* Messages inside the answer. */
static bool parse_inner(const struct field *f, struct criu_answer *ret)
{
	enum { RESTORE = 4, NOTIFY = 5, FEATURES = 8, MESSAGE = 9, VERSION = 10 };
	uint64_t v[4] = { 0 };

	if (f->number == MESSAGE)
		copy_text(f, ret->message, sizeof(ret->message));
	if (f->number == NOTIFY)
		return parse_notify(f, ret);
	if (f->number != RESTORE && f->number != FEATURES && f->number != VERSION)
		return true;
	if (!parse_numbers(f, v, 4))
		return false;
	if (f->number == RESTORE)
		ret->pid = (pid_t)v[0];
	if (f->number == FEATURES) {
		ret->mem_track = v[0];
		ret->lazy_pages = v[1];
	}
	if (f->number == VERSION)
		ret->version = (int)((v[0] & 0xff) * 10000 + (v[1] & 0xff) * 100 + (v[3] & 0xff));
	return true;
}

bool criu_answer_parse(const void *data, size_t len, struct criu_answer *ret)
{
	enum { TYPE = 1, SUCCESS = 2, CR_ERRNO = 7 };
	struct cursor c = { data, (const unsigned char *)data + len };
	struct field f;

	*ret = (struct criu_answer){ .type = 0 };
	while (c.p < c.end) {
		if (!next(&c, &f))
			return false;
		if (f.wire == WIRE_BYTES && !parse_inner(&f, ret))
			return false;
		if (f.wire != WIRE_VARINT)
			continue;
		if (f.number == TYPE)
			ret->type = f.v;
		else if (f.number == SUCCESS)
			ret->success = f.v;
		else if (f.number == CR_ERRNO)
			ret->cr_errno = (int)f.v;
	}
	return ret->type != 0;
}
