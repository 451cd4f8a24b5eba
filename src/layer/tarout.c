/* Headers: ustar where it can say it, a PAX header before it where it cannot (long names, large numbers, attributes).
 */
#include "layer/tarout.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "layer/unpack_internal.h"

enum { BLOCK = 512, XATTR_LIST = 64 << 10, XATTR_VALUE = 64 << 10 };

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6],
		version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "tar(5)");

int tarout_data(struct tarout *t, const void *data, size_t n, struct err *e)
{
	t->written += n;
	return t->sink(t->ctx, data, n, e);
}

int tarout_pad(struct tarout *t, struct err *e)
{
	static const char zeros[BLOCK];
	size_t rest = t->written % BLOCK;

	return rest ? tarout_data(t, zeros, BLOCK - rest, e) : 0;
}

int tarout_end(struct tarout *t, struct err *e)
{
	static const char zeros[2 * BLOCK];

	return tarout_data(t, zeros, sizeof(zeros), e);
}

/* --- PAX records --------------------------------------------------------------------------------------------- */

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void pax(struct buf *b, const char *key, const void *value, size_t n)
{
	size_t rest = strlen(key) + n + 3, digits = 1;
	char text[24];

	for (size_t total = rest + 1; fmt_to(text, sizeof(text), "%zu", total) != digits; total = rest + digits)
		digits = fmt_to(text, sizeof(text), "%zu", rest + digits);
	buf_printf(b, "%zu %s=", rest + digits, key);
	buf_add(b, value, n);
	buf_str(b, "\n");
}

static void pax_text(struct buf *b, const char *key, const char *value)
{
	pax(b, key, value, strlen(value));
}

static void pax_number(struct buf *b, const char *key, uint64_t n)
{
	char text[24];

	fmt_to(text, sizeof(text), "%llu", (unsigned long long)n);
	pax_text(b, key, text);
}

static int pax_xattr(struct buf *b, int fd, const char *name, char *value, struct err *e)
{
	char key[300];
	ssize_t n = fgetxattr(fd, name, value, XATTR_VALUE);

	if (n < 0)
		return errno == ENODATA ? 0 : err_sys(e, "read the attribute %.64s", name);
	fmt_to(key, sizeof(key), "SCHILY.xattr.%s", name);
	pax(b, key, value, (size_t)n);
	return 0;
}

static int pax_xattrs(struct buf *b, int fd, struct err *e)
{
	auto_free char *list = malloc(XATTR_LIST), *value = malloc(XATTR_VALUE);
	auto_free char **names = NULL;
	ssize_t n = list ? flistxattr(fd, list, XATTR_LIST) : 0;
	size_t n_names = 0;

	if (!list || !value)
		return err_oom(e, "attributes");
	if (n <= 0)
		return n < 0 && errno != ENOTSUP && errno != EBADF ? err_sys(e, "list attributes") : 0;
	names = malloc((size_t)n * sizeof(*names));
	if (!names)
		return err_oom(e, "attributes");
	for (char *at = list; at < list + n; at += strlen(at) + 1)
		if (attr_wanted(at) && strlen(at) < 256)
			names[n_names++] = at;
	qsort(names, n_names, sizeof(*names), str_by_bytes);
	for (size_t i = 0; i < n_names; i++)
		if (pax_xattr(b, fd, names[i], value, e) < 0)
			return -e->num;
	return 0;
}

/* --- headers ------------------------------------------------------------------------------------------------- */

/* Zero when it does not fit: a PAX record says it then. */
static bool octal(char *dst, size_t size, uint64_t n)
{
	bool fits = n >> (3 * (size - 1)) == 0;

	for (size_t i = size - 1; i-- > 0; n >>= 3)
		dst[i] = (char)('0' + (fits ? n & 7 : 0));
	dst[size - 1] = '\0';
	return fits;
}

static char type_of(const struct tar_member *m)
{
	if (m->hardlink)
		return '1';
	switch (m->st.st_mode & S_IFMT) {
	case S_IFLNK: return '2';
	case S_IFCHR: return '3';
	case S_IFBLK: return '4';
	case S_IFDIR: return '5';
	case S_IFIFO: return '6';
	default: return '0';
	}
}

static void checksum(struct ustar *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	fmt_to(h->checksum, sizeof(h->checksum), "%06o", sum); /* six digits, NUL, and the blank that stands there */
}

static void put_name(char *dst, size_t size, const char *name, const char *key, struct buf *b)
{
	size_t n = strlen(name);

	if (n > size)
		pax_text(b, key, name);
	memcpy(dst, name, n > size ? size : n);
}

static void fill(struct ustar *h, const struct tar_member *m, struct buf *b)
{
	bool content = S_ISREG(m->st.st_mode) && !m->hardlink;
	uint64_t size = content ? (uint64_t)m->st.st_size : 0;
	uint64_t mtime = m->st.st_mtim.tv_sec > 0 ? (uint64_t)m->st.st_mtim.tv_sec : 0;

	put_name(h->name, sizeof(h->name), m->path, "path", b);
	if (m->link)
		put_name(h->link, sizeof(h->link), m->link, "linkpath", b);
	octal(h->mode, sizeof(h->mode), m->st.st_mode & 07777);
	if (!octal(h->uid, sizeof(h->uid), m->st.st_uid))
		pax_number(b, "uid", m->st.st_uid);
	if (!octal(h->gid, sizeof(h->gid), m->st.st_gid))
		pax_number(b, "gid", m->st.st_gid);
	if (!octal(h->size, sizeof(h->size), size))
		pax_number(b, "size", size);
	octal(h->mtime, sizeof(h->mtime), mtime);
	h->type = type_of(m);
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	bool device = S_ISCHR(m->st.st_mode) || S_ISBLK(m->st.st_mode);
	octal(h->major, sizeof(h->major), device ? major(m->st.st_rdev) : 0);
	octal(h->minor, sizeof(h->minor), device ? minor(m->st.st_rdev) : 0);
	checksum(h);
}

static int write_pax(struct tarout *t, const struct buf *records, struct err *e)
{
	struct ustar h = { .name = "PaxHeaders/x", .type = 'x', .magic = "ustar", .version = { '0', '0' } };

	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), records->len);
	octal(h.mtime, sizeof(h.mtime), 0);
	octal(h.major, sizeof(h.major), 0);
	octal(h.minor, sizeof(h.minor), 0);
	checksum(&h);
	if (tarout_data(t, &h, sizeof(h), e) < 0 || tarout_data(t, records->data, records->len, e) < 0)
		return -e->num;
	return tarout_pad(t, e);
}

int tarout_member(struct tarout *t, const struct tar_member *m, struct err *e)
{
	AUTO(buf) struct buf records = BUF_INIT;
	struct ustar h = { .name = "" };

	fill(&h, m, &records);
	if (m->xattr_fd >= 0 && pax_xattrs(&records, m->xattr_fd, e) < 0)
		return err_wrap(e, "%s", m->path);
	if (buf_err(&records, e) < 0 || (records.len && write_pax(t, &records, e) < 0))
		return -e->num;
	return tarout_data(t, &h, sizeof(h), e);
}
