#include "cg/dbus_msg.h"

#include <errno.h>
#include <string.h>

/* --- writing ------------------------------------------------------------------------------------------- */

void dbus_align(struct buf *b, size_t to)
{
	static const char zeros[8];

	if (b->len % to)
		buf_add(b, zeros, to - b->len % to);
}

void dbus_put_byte(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void dbus_put_u16(struct buf *b, uint16_t v)
{
	const uint8_t le[] = { (uint8_t)v, (uint8_t)(v >> 8) };

	dbus_align(b, 2);
	buf_add(b, le, sizeof(le));
}

static void le32(uint8_t dst[static 4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		dst[i] = (uint8_t)(v >> 8 * i);
}

void dbus_put_u32(struct buf *b, uint32_t v)
{
	uint8_t le[4];

	le32(le, v);
	dbus_align(b, 4);
	buf_add(b, le, sizeof(le));
}

void dbus_put_u64(struct buf *b, uint64_t v)
{
	uint8_t le[8];

	le32(le, (uint32_t)v);
	le32(le + 4, (uint32_t)(v >> 32));
	dbus_align(b, 8);
	buf_add(b, le, sizeof(le));
}

void dbus_put_str_n(struct buf *b, const char *s, size_t n)
{
	dbus_put_u32(b, (uint32_t)n);
	buf_add(b, s, n);
	dbus_put_byte(b, 0);
}

void dbus_put_str(struct buf *b, const char *s)
{
	dbus_put_str_n(b, s, strlen(s));
}

void dbus_put_sig(struct buf *b, const char *sig)
{
	dbus_put_byte(b, (uint8_t)strlen(sig));
	buf_add(b, sig, strlen(sig) + 1);
}

size_t dbus_array_begin(struct buf *b, size_t align, size_t *ret_start)
{
	dbus_put_u32(b, 0);
	size_t len_at = b->len - 4;

	dbus_align(b, align); /* this padding does not count as the array's */
	*ret_start = b->len;
	return len_at;
}

void dbus_array_end(struct buf *b, size_t len_at, size_t start)
{
	if (!b->failed)
		le32((uint8_t *)b->data + len_at, (uint32_t)(b->len - start));
}

static void put_field(struct buf *b, uint8_t code, const char *sig, const char *value)
{
	if (!value)
		return;
	dbus_align(b, 8);
	dbus_put_byte(b, code);
	dbus_put_sig(b, sig);
	if (sig[0] == 'g')
		dbus_put_sig(b, value);
	else
		dbus_put_str(b, value);
}

int dbus_message(const struct dbus_head *h, const struct buf *body, struct buf *ret, struct err *e)
{
	struct buf b = BUF_INIT;
	size_t start;

	dbus_put_byte(&b, 'l');
	dbus_put_byte(&b, h->type);
	dbus_put_byte(&b, h->flags);
	dbus_put_byte(&b, 1); /* protocol version */
	dbus_put_u32(&b, (uint32_t)(body ? body->len : 0));
	dbus_put_u32(&b, h->serial);
	size_t len_at = dbus_array_begin(&b, 8, &start);
	put_field(&b, 1, "o", h->path);
	put_field(&b, 2, "s", h->interface);
	put_field(&b, 3, "s", h->member);
	put_field(&b, 4, "s", h->error_name);
	if (h->reply_serial) {
		dbus_align(&b, 8);
		dbus_put_byte(&b, 5);
		dbus_put_sig(&b, "u");
		dbus_put_u32(&b, h->reply_serial);
	}
	put_field(&b, 6, "s", h->destination);
	put_field(&b, 8, "g", h->signature);
	dbus_array_end(&b, len_at, start);
	dbus_align(&b, 8);
	if (body && body->len)
		buf_add(&b, body->data, body->len);
	if ((body && body->failed) || b.failed)
		ret->failed = true;
	else
		buf_add(ret, b.data, b.len);
	buf_done(&b);
	return buf_err(ret, e);
}

/* --- reading ------------------------------------------------------------------------------------------- */

static uint32_t from_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int broken(struct err *e, const char *what)
{
	return err_set(e, ERR_SYSTEM, EPROTO, "broken D-Bus message: %s", what);
}

size_t dbus_size(const uint8_t fixed[DBUS_FIXED_SIZE], struct err *e)
{
	uint64_t body = from_le32(fixed + 4), fields = from_le32(fixed + 12);
	uint64_t total = DBUS_FIXED_SIZE + (fields + 7) / 8 * 8 + body;

	if (fixed[0] != 'l' || fixed[3] != 1)
		broken(e, "byte order or version");
	else if (total > DBUS_MAX_MSG)
		broken(e, "too long");
	else
		return (size_t)total;
	return 0;
}

/* A place of @n bytes aligned to @to, NULL and bad if there is none. */
static const uint8_t *take(struct dbus_in *in, size_t to, size_t n)
{
	size_t at = (in->at + to - 1) / to * to;

	if (in->bad || at > in->len || n > in->len - at) {
		in->bad = true;
		return NULL;
	}
	in->at = at + n;
	return in->data + at;
}

uint32_t dbus_get_u32(struct dbus_in *in)
{
	const uint8_t *p = take(in, 4, 4);

	return p ? from_le32(p) : 0;
}

uint64_t dbus_get_u64(struct dbus_in *in)
{
	const uint8_t *p = take(in, 8, 8);

	return p ? from_le32(p) | (uint64_t)from_le32(p + 4) << 32 : 0;
}

/* @n bytes and a NUL, with no other NUL among them. */
static const char *take_text(struct dbus_in *in, size_t n)
{
	const uint8_t *p = take(in, 1, n + 1);

	if (p && (p[n] != 0 || memchr(p, 0, n)))
		in->bad = true;
	return p && !in->bad ? (const char *)p : "";
}

const char *dbus_get_str(struct dbus_in *in)
{
	uint32_t n = dbus_get_u32(in);

	if (n >= DBUS_MAX_MSG)
		in->bad = true;
	return in->bad ? "" : take_text(in, n);
}

const char *dbus_get_sig(struct dbus_in *in)
{
	const uint8_t *p = take(in, 1, 1);

	return p ? take_text(in, *p) : "";
}

static size_t alignment(char type)
{
	switch (type) {
	case 'n':
	case 'q': return 2;
	case 'b':
	case 'i':
	case 'u':
	case 'h':
	case 's':
	case 'o':
	case 'a': return 4;
	case 'x':
	case 't':
	case 'd':
	case '(':
	case '{': return 8;
	default: return 1;
	}
}

/* The first complete type of @sig: its end, NULL if there is none. */
static const char *type_end(const char *sig, int depth)
{
	if (depth > DBUS_MAX_DEPTH || !*sig)
		return NULL;
	if (*sig == 'a')
		return type_end(sig + 1, depth + 1);
	if (*sig != '(' && *sig != '{')
		return strchr("ybnqiuxtdsoghv", *sig) ? sig + 1 : NULL;
	char close = *sig == '(' ? ')' : '}';
	if (sig[1] == close)
		return NULL; /* an empty one is not allowed, and would never end an array */
	for (sig++; sig && *sig != close;)
		sig = type_end(sig, depth + 1);
	return sig ? sig + 1 : NULL;
}

bool dbus_is_type(const char *sig)
{
	const char *end = type_end(sig, 0);

	return end && !*end;
}

static void skip_one(struct dbus_in *in, const char *sig, const char *end, int depth);

static void skip_array(struct dbus_in *in, const char *element, const char *end, int depth)
{
	uint32_t n = dbus_get_u32(in);

	take(in, alignment(*element), 0);
	if (in->bad || n > in->len - in->at) {
		in->bad = true;
		return;
	}
	for (size_t stop = in->at + n; !in->bad && in->at < stop;) {
		skip_one(in, element, end, depth + 1);
		if (in->at > stop)
			in->bad = true;
	}
}

static void skip_variant(struct dbus_in *in, int depth)
{
	const char *sig = dbus_get_sig(in);

	if (!dbus_is_type(sig))
		in->bad = true;
	else
		skip_one(in, sig, sig + strlen(sig), depth + 1);
}

static void skip_one(struct dbus_in *in, const char *sig, const char *end, int depth)
{
	if (depth > DBUS_MAX_DEPTH) {
		in->bad = true;
		return;
	}
	switch (*sig) {
	case 's':
	case 'o': (void)dbus_get_str(in); break;
	case 'g': (void)dbus_get_sig(in); break;
	case 'v': skip_variant(in, depth); break;
	case 'a': skip_array(in, sig + 1, end, depth); break;
	case '(':
	case '{':
		take(in, 8, 0);
		for (const char *p = sig + 1; p < end - 1 && !in->bad; p = type_end(p, 0))
			skip_one(in, p, type_end(p, 0), depth + 1);
		break;
	default: take(in, alignment(*sig), alignment(*sig));
	}
}

void dbus_skip(struct dbus_in *in, const char *sig)
{
	while (*sig && !in->bad) {
		const char *end = type_end(sig, 0);

		if (!end) {
			in->bad = true;
			return;
		}
		skip_one(in, sig, end, 0);
		sig = end;
	}
}

struct dbus_in dbus_in_body(const struct dbus_msg *m)
{
	return (struct dbus_in){ .data = m->body, .len = m->body_len };
}

/* One header field: a byte that says which, and a variant. */
static void parse_field(struct dbus_in *in, struct dbus_msg *m)
{
	const char **const strings[] = {
		[1] = &m->path, [2] = &m->interface, [3] = &m->member, [4] = &m->error_name, [7] = &m->sender
	};
	const uint8_t *p = take(in, 8, 1);
	uint8_t code = p ? *p : 0;
	size_t sig_at = in->at;
	const char *sig = dbus_get_sig(in);

	if (in->bad)
		return;
	if (code < sizeof(strings) / sizeof(strings[0]) && strings[code] && (sig[0] == 's' || sig[0] == 'o') &&
		!sig[1]) {
		*strings[code] = dbus_get_str(in);
	} else if (code == 5 && sig[0] == 'u' && !sig[1]) {
		m->reply_serial = dbus_get_u32(in);
	} else if (code == 8 && sig[0] == 'g' && !sig[1]) {
		m->signature = dbus_get_sig(in);
	} else {
		in->at = sig_at;
		dbus_skip(in, "v");
	}
}

int dbus_parse(const uint8_t *data, size_t len, struct dbus_msg *ret, struct err *e)
{
	struct dbus_msg m = {
		.path = "", .interface = "", .member = "", .error_name = "", .sender = "", .signature = ""
	};

	if (len < DBUS_FIXED_SIZE)
		return broken(e, "too short");
	size_t total = dbus_size(data, e);
	if (total == 0)
		return -e->num;
	if (total != len)
		return broken(e, "its length is wrong");
	m.type = data[1];
	m.flags = data[2];
	m.body_len = from_le32(data + 4);
	m.serial = from_le32(data + 8);
	m.body = data + len - m.body_len;
	struct dbus_in in = { .data = data, .len = DBUS_FIXED_SIZE + from_le32(data + 12), .at = DBUS_FIXED_SIZE };
	while (!in.bad && in.at < in.len)
		parse_field(&in, &m);
	if (in.bad)
		return broken(e, "header fields");
	if (m.type < DBUS_CALL || m.type > DBUS_SIGNAL || m.serial == 0)
		return broken(e, "type or serial");
	*ret = m;
	return 0;
}
