/* tare-fetch import, export, commit: root filesystems to images and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/str.h"
#include "fetch/fetch.h"
#include "layer/tarout.h"
#include "spec/image_config.h"
#include "sys/io.h"
#include "sys/path.h"

enum { COPY = 256 << 10 };

static int to_fd(void *ctx, const void *data, size_t n, struct err *e)
{
	return io_write_all(*(int *)ctx, data, n, e);
}

static int write_tree(int tree_fd, bool overlay, bool user_xattr, int out_fd, struct err *e)
{
	struct tarout t = { .sink = to_fd, .ctx = &out_fd, .overlay = overlay, .user_xattr = user_xattr };
	int r = tarout_tree(&t, tree_fd, e);

	if (r == 0)
		r = tarout_end(&t, e);
	tarout_done(&t);
	return r;
}

static int unnamed_file(const struct store_op *op, struct err *e)
{
	int fd = openat(op->dir_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "make a temporary file in the store") : fd;
}

static int copy_all(int from, int to, uint64_t max, struct err *e)
{
	auto_free char *block = malloc(COPY);
	uint64_t total = 0;
	ssize_t n;

	if (!block)
		return err_oom(e, "a buffer");
	while ((n = read(from, block, COPY)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read the archive");
		total += (uint64_t)n;
		if (total > max)
			return err_set(e, ERR_CONFIG, EFBIG, "the archive is larger than %llu MiB",
				(unsigned long long)max >> 20);
		if (io_write_all(to, block, (size_t)n, e) < 0)
			return err_wrap(e, "copy the archive to a temporary file");
	}
	return 0;
}

/* @fd as something that can be read at any offset; a new descriptor. */
static int seekable(struct fetch *f, const struct store_op *op, int fd, struct span *ret, struct err *e)
{
	struct stat st;
	auto_fd int own = FD_NONE;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at the archive");
	if (S_ISREG(st.st_mode)) {
		own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (own < 0)
			return err_sys(e, "duplicate a descriptor");
	} else {
		own = unnamed_file(op, e);
		if (own < 0)
			return own;
		if (S_ISDIR(st.st_mode) ? write_tree(fd, false, f->rootless, own, e) < 0
					: copy_all(fd, own, f->source_limits.max_bytes, e) < 0)
			return -e->num;
		if (fstat(own, &st) < 0)
			return err_sys(e, "look at the archive");
	}
	if (st.st_size == 0)
		return err_set(e, ERR_CONFIG, EINVAL, "the archive is empty");
	*ret = (struct span){ fd_steal(&own), 0, (uint64_t)st.st_size };
	return 0;
}

static int add_diff_id(struct image_config *c, char *diff_id, struct err *e)
{
	char **v = arena_array(&c->arena, char *, c->diff_ids.n + 2);

	if (!v)
		return err_oom(e, "an image");
	for (size_t i = 0; i < c->diff_ids.n; i++)
		v[i] = c->diff_ids.v[i];
	v[c->diff_ids.n] = diff_id;
	c->diff_ids.v = v;
	c->diff_ids.n++;
	return 0;
}

/* The layer of @span on top of what @text, a configuration, has already. */
static int make_image(struct fetch *f, struct store_op *op, const struct span *span, const char *text, struct err *e)
{
	struct layer_job job = { .span = *span };
	struct incoming in = { .jobs = &job, .n_jobs = 1 };
	AUTO(buf) struct buf config = BUF_INIT;
	struct image_config c;
	struct image_ref ref;
	char full[IMAGE_REF_MAX + 1], *name = full;

	if (f->name) {
		if (image_ref_parse(f->name, &ref, e) < 0)
			return -e->num;
		image_ref_full(&ref, full);
		in.names = &name;
		in.n_names = 1;
	}
	if (image_config_read(text, strlen(text), &c, e) < 0)
		return -e->num;
	in.base = c.diff_ids;
	int r = incoming_layers(f, op, &in, e);
	if (r == 0)
		r = add_diff_id(&c, job.found_diff_id, e);
	if (r == 0) {
		image_config_write(&c, &config);
		in.config = config.data;
		in.config_len = config.len;
		r = buf_err(&config, e);
	}
	if (r == 0)
		r = incoming_publish(f, op, &in, e);
	image_config_done(&c);
	return r;
}

int fetch_import(struct fetch *f, struct err *e)
{
	struct store_op op = STORE_OP_NONE;
	struct span span = { .fd = FD_NONE };
	int r;

	if (!f->document)
		return err_set(e, ERR_USAGE, EINVAL, "import needs --config");
	r = store_op_begin(f->data_fd, &op, e);
	if (r == 0)
		r = seekable(f, &op, f->file_fd, &span, e);
	if (r == 0)
		r = make_image(f, &op, &span, f->document, e);
	fd_close(&span.fd);
	store_op_done(&op);
	return r;
}

/* The tree is an overlay's upper directory, the configuration comes on descriptor 0. */
int fetch_commit(struct fetch *f, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct store_op op = STORE_OP_NONE;
	struct span span = { .fd = FD_NONE };
	struct stat st;
	int r;

	if (io_read_all(f->file_fd, IMAGE_CONFIG_MAX, &text, e) < 0)
		return err_wrap(e, "the new image's config");
	r = store_op_begin(f->data_fd, &op, e);
	if (r == 0)
		r = span.fd = unnamed_file(&op, e);
	if (r >= 0)
		r = write_tree(f->tree_fd, true, f->rootless, span.fd, e);
	if (r == 0 && fstat(span.fd, &st) < 0)
		r = err_sys(e, "look at the archive");
	span.size = r == 0 ? (uint64_t)st.st_size : 0;
	if (r == 0)
		r = make_image(f, &op, &span, text.data ? text.data : "", e);
	fd_close(&span.fd);
	store_op_done(&op);
	return r;
}

int fetch_export(struct fetch *f, struct err *e)
{
	return write_tree(f->tree_fd, false, f->rootless, f->file_fd, e);
}
