/* Folders and archives as places to find members in. */
#include "fetch/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/str.h"
#include "fetch/inflate.h"
#include "fetch/tarfile.h"
#include "sys/io.h"
#include "sys/path.h"

enum { BLOCK = 256 << 10, MAX_LINKS = 8, HEAD = 512 };

/* --- spans --------------------------------------------------------------------------------------------------- */

ssize_t span_read(struct span *s, void *dst, size_t n, struct err *e)
{
	ssize_t got;

	if (n > s->size)
		n = (size_t)s->size;
	if (n == 0)
		return 0;
	do
		got = pread(s->fd, dst, n, (off_t)s->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read");
	if (got == 0)
		return err_set(
			e, ERR_CORRUPT, EUCLEAN, "the file ends %llu bytes too early", (unsigned long long)s->size);
	s->offset += (uint64_t)got;
	s->size -= (uint64_t)got;
	return got;
}

int span_text(const struct span *span, const char *name, size_t max, struct buf *ret, struct err *e)
{
	struct span s = *span;

	if (s.size > max)
		return err_set(e, ERR_CONFIG, EFBIG, "%.*s: %llu bytes, at most %zu are read", 256, name,
			(unsigned long long)s.size, max);
	while (s.size > 0) {
		size_t want = (size_t)s.size;
		char *room = buf_reserve(ret, want + 1);

		if (!room)
			return err_oom(e, name);
		ssize_t n = span_read(&s, room, want, e);
		if (n < 0)
			return err_wrap(e, "%.*s", 256, name);
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
	}
	return 0;
}

int source_text(struct source *s, const char *name, size_t max, struct buf *ret, bool *ret_found, struct err *e)
{
	struct span span;
	int r = source_find(s, name, &span, ret_found, e);

	if (r < 0 || !*ret_found)
		return r;
	r = span_text(&span, name, max, ret, e);
	span_done(s, &span);
	return r;
}

void span_done(struct source *s, struct span *span)
{
	if (s->is_dir)
		fd_close(&span->fd);
}

/* --- the index of an archive --------------------------------------------------------------------------------- */

static const char *plain_name(const char *name)
{
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name += name[0] == '/' ? 1 : 2;
	return name;
}

static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->offset < y->offset ? -1 : x->offset > y->offset);
}

static int add_member(struct source *s, struct archive_entry *entry, uint64_t offset, struct err *e)
{
	const char *name = archive_entry_pathname(entry), *hard = archive_entry_hardlink(entry);
	const char *link = hard ? hard : archive_entry_symlink(entry);
	struct member m = { .offset = offset, .size = (uint64_t)archive_entry_size(entry) };

	if (!name || (archive_entry_filetype(entry) != AE_IFREG && !link))
		return 0; /* folders and the like hold nothing */
	if (s->n >= SOURCE_MAX_MEMBERS)
		return err_set(
			e, ERR_CONFIG, EFBIG, "more than %d members in the archive of an image", SOURCE_MAX_MEMBERS);
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct member *v = realloc(s->members, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "the index of the archive");
		s->members = v;
		s->cap = cap;
	}
	m.name = arena_dup(&s->arena, plain_name(name));
	m.link = link ? arena_dup(&s->arena, hard ? plain_name(link) : link) : NULL;
	if (!m.name || (link && !m.link))
		return err_oom(e, "the index of the archive");
	s->members[s->n++] = m;
	return 0;
}

static int index_archive(struct source *s, struct err *e)
{
	struct tarfile t;
	struct archive_entry *entry;
	int r = tarfile_open_fd(&t, s->fd, e);

	while (r == 0 && (r = tarfile_next(&t, &entry, e)) > 0) {
		if (archive_entry_sparse_count(entry) > 0)
			r = err_set(e, ERR_CONFIG, EINVAL, "%.*s: a sparse member of an image archive", 256,
				archive_entry_pathname(entry));
		else
			r = add_member(s, entry, tarfile_data_offset(&t), e);
	}
	tarfile_close(&t);
	if (r == 0 && s->n > 0)
		qsort(s->members, s->n, sizeof(*s->members), by_name);
	return r;
}

/* --- opening ------------------------------------------------------------------------------------------------- */

struct spool {
	int fd;
	char *in;
	const struct source_limits *max;
	const char *head; /* bytes read to look at them */
	size_t n_head;
};

static ssize_t spool_input(void *ctx, const void **ret, struct err *e)
{
	struct spool *p = ctx;
	ssize_t n = (ssize_t)p->n_head;

	if (n > 0) {
		*ret = p->head;
		p->n_head = 0;
		return n;
	}
	do
		n = read(p->fd, p->in, BLOCK);
	while (n < 0 && errno == EINTR);
	*ret = p->in;
	return n < 0 ? err_sys(e, "read the archive") : n;
}

/* The archive, uncompressed, in a file that has no name and so needs no cleaning up. */
static int spool(struct spool *p, enum image_pack pack, int tmp_fd, struct err *e)
{
	auto_inflate struct inflate *z = NULL;
	auto_free char *out = malloc(BLOCK);
	auto_fd int fd = openat(tmp_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	uint64_t total = 0;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "make a temporary file in the store");
	p->in = malloc(BLOCK);
	if (!out || !p->in || inflate_new(pack, spool_input, p, &z, e) < 0) {
		free(p->in);
		return e->num ? -e->num : err_oom(e, "buffers");
	}
	inflate_ratio(z, p->max->max_ratio);
	while ((n = inflate_read(z, out, BLOCK, e)) > 0) {
		total += (uint64_t)n;
		if (total > p->max->max_bytes) {
			n = err_set(e, ERR_CONFIG, EFBIG, "the archive is larger than %llu MiB",
				(unsigned long long)p->max->max_bytes >> 20);
			break;
		}
		if (io_write_all(fd, out, (size_t)n, e) < 0) {
			n = err_wrap(e, "copy the archive to a temporary file");
			break;
		}
	}
	free(p->in);
	return n < 0 ? (int)n : fd_steal(&fd);
}

static int open_archive(struct source *s, int fd, int tmp_fd, const struct source_limits *max, struct err *e)
{
	char head[HEAD];
	struct stat st;
	size_t got = 0;
	ssize_t n = 1;
	enum image_pack pack;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at the archive");
	while (got < sizeof(head) && n > 0) {
		n = read(fd, head + got, sizeof(head) - got);
		if (n < 0 && errno != EINTR)
			return err_sys(e, "read the archive");
		got += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	if (got == 0)
		return err_set(e, ERR_CONFIG, EINVAL, "the archive is empty");
	if (inflate_detect(head, got, &pack, e) < 0)
		return -e->num;
	/* In place, when it can be read at any offset from its very beginning. */
	if (pack == IMAGE_PACK_NONE && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == (off_t)got) {
		s->fd = fd;
	} else {
		struct spool p = { .fd = fd, .max = max, .head = head, .n_head = got };

		s->fd = spool(&p, pack, tmp_fd, e);
		if (s->fd < 0)
			return -e->num;
		s->owned = true;
	}
	return index_archive(s, e);
}

int source_open(int fd, int tmp_fd, const struct source_limits *max, struct source *ret, struct err *e)
{
	struct source s = SOURCE_INIT;

	s.is_dir = path_is_dir(fd);
	if (s.is_dir)
		s.fd = fd;
	else if (open_archive(&s, fd, tmp_fd, max, e) < 0)
		source_done(&s);
	if (e->num == 0)
		*ret = s;
	return -e->num;
}

void source_done(struct source *s)
{
	if (s->owned)
		fd_close(&s->fd);
	free(s->members);
	arena_done(&s->arena);
	*s = (struct source)SOURCE_INIT;
}

/* --- finding ------------------------------------------------------------------------------------------------- */

/* The last one of its name counts, as when it had been unpacked. */
static const struct member *lookup(const struct source *s, const char *name)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(s->members[mid].name, name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && str_eq(s->members[low - 1].name, name) ? &s->members[low - 1] : NULL;
}

/* Where the link of member @m leads: docker save writes "../OTHER/layer.tar" for a layer that came before. */
static const char *follow(struct source *s, const struct member *m)
{
	const char *link = m->link, *slash = strrchr(m->name, '/');
	size_t dir = slash ? (size_t)(slash - m->name) : 0;

	while (str_starts(link, "../")) {
		link += 3;
		while (dir > 0 && m->name[dir - 1] != '/')
			dir--;
		dir -= dir > 0;
	}
	if (link == m->link) /* hard links count from the top, and so do symlinks that exist there */
		return lookup(s, link) || !slash ? link : arena_printf(&s->arena, "%.*s/%s", (int)dir, m->name, link);
	return dir ? arena_printf(&s->arena, "%.*s/%s", (int)dir, m->name, link) : link;
}

static int find_in_dir(struct source *s, const char *name, struct span *ret, bool *ret_found, struct err *e)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hold us up. */
	auto_fd int fd = path_open_below(s->fd, name, O_RDONLY | O_NONBLOCK, e);

	if (fd == -ENOENT) {
		err_clear(e);
		return 0;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s is no regular file", 256, name);
	*ret = (struct span){ fd_steal(&fd), 0, (uint64_t)st.st_size };
	*ret_found = true;
	return 0;
}

int source_find(struct source *s, const char *name, struct span *ret, bool *ret_found, struct err *e)
{
	const struct member *m;
	int links = 0;

	*ret_found = false;
	name = plain_name(name);
	if (s->is_dir)
		return find_in_dir(s, name, ret, ret_found, e);
	for (m = lookup(s, name); m && m->link; m = lookup(s, name)) {
		name = follow(s, m);
		if (!name)
			return err_oom(e, "a link");
		if (++links > MAX_LINKS)
			return err_set(e, ERR_CONFIG, ELOOP, "%.*s: a chain of links in the archive", 256, m->name);
	}
	if (!m)
		return 0;
	*ret = (struct span){ s->fd, m->offset, m->size };
	*ret_found = true;
	return 0;
}
