/* Recipes read. They are our own files, but made in a jail by the parsers of hostile archives: a record is checked
 * before it is believed, and a name is resolved inside the layer only. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "base/cleanup.h"
#include "base/str.h"
#include "fetch/recipe.h"
#include "fetch/recipe_internal.h"
#include "sys/path.h"

enum { IN = 64 << 10, OUT = 128 << 10 };

struct retar {
	int fd, layer_fd;
	ZSTD_DStream *zstd;
	char *in, *out;
	size_t n_in, at_in, n_out, at_out;
	uint64_t literal, content; /* bytes of the present record that are still to come */
	int file_fd;
	char path[PATH_MAX];
	bool ended, zstd_ended;
};

static int broken(const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, EUCLEAN, "the recipe of the layer's archive is damaged: %s", why);
}

/* --- the stream of records ----------------------------------------------------------------------------------- */

static int refill(struct retar *t, struct err *e)
{
	ssize_t n;

	do
		n = read(t->fd, t->in, IN);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read the recipe of a layer");
	if (n == 0)
		return broken("it ends too early", e);
	t->n_in = (size_t)n;
	t->at_in = 0;
	return 0;
}

/* More of the records in t->out, when all of it was used. */
static int inflate_more(struct retar *t, struct err *e)
{
	while (t->at_out == t->n_out) {
		ZSTD_outBuffer out = { t->out, OUT, 0 };
		ZSTD_inBuffer in = { t->in, t->n_in, t->at_in };

		if (t->zstd_ended)
			return broken("it ends too early", e);
		if (t->at_in == t->n_in && refill(t, e) < 0)
			return -e->num;
		in.size = t->n_in;
		in.pos = t->at_in;
		size_t r = ZSTD_decompressStream(t->zstd, &out, &in);
		if (ZSTD_isError(r))
			return broken(ZSTD_getErrorName(r), e);
		t->at_in = in.pos;
		t->at_out = 0;
		t->n_out = out.pos;
		t->zstd_ended = r == 0;
	}
	return 0;
}

static int take(struct retar *t, void *dst, size_t n, struct err *e)
{
	char *to = dst;

	while (n > 0) {
		if (inflate_more(t, e) < 0)
			return -e->num;
		size_t part = t->n_out - t->at_out < n ? t->n_out - t->at_out : n;
		memcpy(to, t->out + t->at_out, part);
		t->at_out += part;
		to += part;
		n -= part;
	}
	return 0;
}

static int take_number(struct retar *t, int bytes, uint64_t *ret, struct err *e)
{
	uint8_t raw[8];

	if (take(t, raw, (size_t)bytes, e) < 0)
		return -e->num;
	*ret = 0;
	for (int i = bytes; i-- > 0;)
		*ret = *ret << 8 | raw[i];
	return 0;
}

/* --- records ------------------------------------------------------------------------------------------------- */

static int open_file(struct retar *t, struct err *e)
{
	struct stat st;
	/* O_NONBLOCK: nothing but a regular file is to be found there, and a FIFO would hold us up. */
	int fd = path_open_in(t->layer_fd, t->path, O_RDONLY | O_NONBLOCK, e);

	if (fd < 0) {
		e->kind = ERR_CORRUPT;
		return err_wrap(e, "a file of the layer is missing");
	}
	t->file_fd = fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", t->path);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == t->content)
		return 0;
	return err_set(e, ERR_CORRUPT, EUCLEAN, "%.256s of the layer was changed: it had %llu bytes", t->path,
		(unsigned long long)t->content);
}

static int next_file(struct retar *t, struct err *e)
{
	uint64_t len;

	if (take_number(t, 8, &t->content, e) < 0 || take_number(t, 2, &len, e) < 0)
		return -e->num;
	if (t->content == 0 || t->content > INT64_MAX || len == 0 || len >= sizeof(t->path))
		return broken("a file without a size or a name", e);
	if (take(t, t->path, (size_t)len, e) < 0)
		return -e->num;
	t->path[len] = '\0';
	return strlen(t->path) == len ? open_file(t, e) : broken("a name with a NUL", e);
}

static int next_record(struct retar *t, struct err *e)
{
	char kind;

	if (take(t, &kind, 1, e) < 0)
		return -e->num;
	switch (kind) {
	case 'E': t->ended = true; return 0;
	case 'F': return next_file(t, e);
	case 'L':
		if (take_number(t, 4, &t->literal, e) < 0)
			return -e->num;
		return t->literal > 0 && t->literal <= RECIPE_LITERAL ? 0 : broken("a piece of no length", e);
	default: return broken("a record of unknown kind", e);
	}
}

static ssize_t read_content(struct retar *t, void *dst, size_t n, struct err *e)
{
	ssize_t got;

	do
		got = read(t->file_fd, dst, n < t->content ? n : (size_t)t->content);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read %s", t->path);
	if (got == 0)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "%.256s of the layer was cut", t->path);
	t->content -= (uint64_t)got;
	if (t->content == 0)
		fd_close(&t->file_fd);
	return got;
}

ssize_t retar_read(struct retar *t, void *dst, size_t n, struct err *e)
{
	while (!t->ended && !t->literal && !t->content)
		if (next_record(t, e) < 0)
			return -e->num;
	if (t->ended || n == 0)
		return 0;
	if (t->content)
		return read_content(t, dst, n, e);
	if (inflate_more(t, e) < 0)
		return -e->num;
	if (n > t->literal)
		n = (size_t)t->literal;
	if (n > t->n_out - t->at_out)
		n = t->n_out - t->at_out;
	t->literal -= n;
	return take(t, dst, n, e) < 0 ? -e->num : (ssize_t)n;
}

int retar_new(int fd, int layer_fd, struct retar **ret, struct err *e)
{
	auto_retar struct retar *t = calloc(1, sizeof(*t));
	char magic[sizeof(RECIPE_MAGIC)] = "";

	if (!t)
		return err_oom(e, "the recipe of a layer");
	t->fd = fd;
	t->layer_fd = layer_fd;
	t->file_fd = FD_NONE;
	t->in = malloc(IN);
	t->out = malloc(OUT);
	t->zstd = ZSTD_createDStream();
	if (!t->in || !t->out || !t->zstd)
		return err_oom(e, "the recipe of a layer");
	if (take(t, magic, sizeof(magic) - 1, e) < 0)
		return -e->num;
	if (!str_eq(magic, RECIPE_MAGIC))
		return broken("it does not begin as one", e);
	*ret = ptr_steal(t);
	return 0;
}

void retar_free(struct retar *t)
{
	if (!t)
		return;
	fd_close(&t->file_fd);
	ZSTD_freeDStream(t->zstd);
	free(t->in);
	free(t->out);
	free(t);
}
