/* Theory of operation. A worker takes the next layer and is its producer: it reads the archive, hashes it, keeps it as
 * a blob, decompresses and hashes the tar. A second thread of the worker takes the tar from a ring and makes files. A
 * layer that the store has is read and hashed all the same, so that a false one is never taken for it. */
#include "fetch/layer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "fetch/hash.h"
#include "fetch/inflate.h"
#include "fetch/recipe.h"
#include "fetch/untar.h"
#include "sys/io.h"

enum { IN_BLOCK = 256 << 10 };

struct layer_names layer_names(const struct layer_job *job)
{
	struct layer_names n = { .dir = "" };

	fmt_to(n.dir, sizeof(n.dir), "layer-%d", job->index);
	fmt_to(n.blob, sizeof(n.blob), "blob-%d", job->index);
	fmt_to(n.recipe, sizeof(n.recipe), "recipe-%d", job->index);
	return n;
}

/* --- the producer -------------------------------------------------------------------------------------------- */

struct producer {
	struct layer_job *job;
	const struct layer_run *run;
	struct span at;
	char *in;
	struct hash *raw; /* of the archive; NULL: the same as of the tar */
	struct hash *tar;
	int blob_fd;
};

static ssize_t input(void *ctx, const void **ret, struct err *e)
{
	struct producer *p = ctx;
	ssize_t n = span_read(&p->at, p->in, IN_BLOCK, e);

	if (n <= 0)
		return n;
	*ret = p->in;
	if (p->raw)
		hash_add(p->raw, p->in, (size_t)n);
	if (p->blob_fd >= 0 && io_write_all(p->blob_fd, p->in, (size_t)n, e) < 0)
		return err_wrap(e, "keep the layer's archive");
	atomic_fetch_add(p->run->progress, (uint64_t)n);
	return n;
}

static int detect(struct layer_job *job, struct err *e)
{
	char head[8];
	struct span at = job->span;
	size_t got = 0;

	while (got < sizeof(head) && at.size > 0) {
		ssize_t n = span_read(&at, head + got, sizeof(head) - got, e);

		if (n < 0)
			return (int)n;
		got += (size_t)n;
	}
	if (inflate_detect(head, got, &job->found_pack, e) < 0)
		return -e->num;
	if (job->pack == IMAGE_PACK_ANY || job->pack == job->found_pack)
		return 0;
	return err_set(e, ERR_CONFIG, EINVAL, "its media type says %s, but it is %s", image_pack_name(job->pack),
		image_pack_name(job->found_pack));
}

/* Is the archive in the store? */
static bool stored(int data_fd, const struct layer_job *job)
{
	if (job->reuse)
		return true;
	if (!job->blob && !job->diff_id) /* named when it was hashed */
		return false;
	const struct store_layer l = { .diff_id = (char *)(uintptr_t)job->diff_id,
		.blob = (char *)(uintptr_t)(job->blob		     ? job->blob
				: job->found_pack == IMAGE_PACK_NONE ? job->diff_id
								     : NULL),
		.blob_size = job->span.size };
	return store_has_archive(data_fd, &l);
}

static int keep_blob(struct producer *p, struct err *e)
{
	struct layer_names names = layer_names(p->job);

	p->job->new_blob = true;
	p->blob_fd = store_op_file(p->run->op, names.blob, e);
	return p->blob_fd < 0 ? p->blob_fd : 0;
}

static int producer_open(struct producer *p, struct err *e)
{
	struct layer_job *job = p->job;

	if (detect(job, e) < 0)
		return -e->num;
	p->in = malloc(IN_BLOCK);
	if (!p->in)
		return err_oom(e, "a buffer");
	/* One hash serves both when nothing is compressed and both digests are of one kind. */
	bool same = job->found_pack == IMAGE_PACK_NONE &&
		(!job->blob || !job->diff_id || strncmp(job->blob, job->diff_id, 7) == 0);
	if ((!same && hash_new(job->blob, &p->raw, e) < 0) || hash_new(job->diff_id, &p->tar, e) < 0)
		return -e->num;
	if (stored(p->run->op->data_fd, job))
		return 0;
	/* A plain tar is kept as its files, and how they were put together. */
	job->new_recipe = same && !job->have_layer;
	return job->new_recipe ? 0 : keep_blob(p, e);
}

static void producer_done(struct producer *p)
{
	hash_free(p->raw);
	hash_free(p->tar);
	free(p->in);
	fd_close(&p->blob_fd);
}

static int compare(const char *what, const char *want, const char *got, struct err *e)
{
	if (!want || str_eq(want, got))
		return 0;
	return err_set(e, ERR_CORRUPT, EUCLEAN, "%s: expected %s, got %s", what, want, got);
}

static int producer_check(struct producer *p, struct err *e)
{
	struct layer_job *job = p->job;

	if (hash_end(p->tar, job->found_diff_id, e) < 0)
		return -e->num;
	if (!p->raw)
		memcpy(job->found_blob, job->found_diff_id, sizeof(job->found_blob));
	else if (hash_end(p->raw, job->found_blob, e) < 0)
		return -e->num;
	job->blob_size = job->span.size;
	if (compare("the digest of the blob is wrong", job->blob, job->found_blob, e) < 0)
		return -e->num;
	return compare("the digest of the unpacked layer (diff_id) is wrong", job->diff_id, job->found_diff_id, e);
}

/* Everything through the decompressor, to @ring, or, when that is NULL, only through the hashes. */
static int produce(struct producer *p, struct ring *ring, struct err *e)
{
	auto_inflate struct inflate *z = NULL;
	auto_free char *own = ring ? NULL : malloc(RING_CHUNK);
	ssize_t n;

	if (!ring && !own)
		return err_oom(e, "a buffer");
	p->at = p->job->span;
	if (inflate_new(p->job->found_pack, input, p, &z, e) < 0)
		return -e->num;
	inflate_ratio(z, p->run->max_ratio);
	do {
		char *room = ring ? ring_room(ring) : own;

		if (!room)
			return 0; /* the reader has stopped, and says why */
		n = inflate_read(z, room, RING_CHUNK, e);
		if (n > 0) {
			hash_add(p->tar, room, (size_t)n);
			if (ring)
				ring_commit(ring, (size_t)n);
		}
	} while (n > 0);
	return n < 0 ? (int)n : producer_check(p, e);
}

/* --- the consumer -------------------------------------------------------------------------------------------- */

struct consumer {
	struct layer_job *job;
	const struct layer_run *run;
	struct ring ring;
	bool no_recipe; /* the archive cannot be made again from what was unpacked */
	struct err error;
};

static int consume_noted(struct consumer *c, const struct layer_names *names, struct unpack *u, struct err *e)
{
	auto_recipe struct recipe *recipe = NULL;
	auto_fd int fd = FD_NONE;
	bool good = false;

	if (!c->job->new_recipe)
		return untar(&c->ring, NULL, u, e);
	fd = store_op_file(c->run->op, names->recipe, e);
	if (fd < 0)
		return fd;
	if (recipe_new(fd, &recipe, e) < 0 || untar(&c->ring, recipe, u, e) < 0 || recipe_finish(recipe, &good, e) < 0)
		return -e->num;
	c->no_recipe = !good || unpack_replaced(u);
	return 0;
}

static int consume(struct consumer *c, struct err *e)
{
	auto_unpack struct unpack *u = NULL;
	struct layer_names names = layer_names(c->job);
	auto_fd int fd = store_op_dir(c->run->op, names.dir, e);

	if (fd < 0)
		return fd;
	if (unpack_new(fd, c->run->how, &u, e) < 0 || consume_noted(c, &names, u, e) < 0)
		return -e->num;
	return unpack_finish(u, &c->job->size, e);
}

static void *consumer_main(void *arg)
{
	struct consumer *c = arg;

	err_told(consume(c, &c->error));
	ring_stop(&c->ring);
	return NULL;
}

/* The archive a second time, into a blob: what has one name twice, for one, cannot be made again from its files. */
static int copy_blob(struct producer *p, struct err *e)
{
	auto_hash struct hash *h = NULL;
	char got[IMAGE_DIGEST_SIZE];
	ssize_t n;

	p->job->new_recipe = false;
	p->at = p->job->span;
	if (keep_blob(p, e) < 0 || hash_new(p->job->found_blob, &h, e) < 0)
		return -e->num;
	while ((n = span_read(&p->at, p->in, IN_BLOCK, e)) > 0) {
		hash_add(h, p->in, (size_t)n);
		if (io_write_all(p->blob_fd, p->in, (size_t)n, e) < 0)
			return err_wrap(e, "keep the layer's archive");
	}
	if (n < 0 || hash_end(h, got, e) < 0)
		return -e->num;
	return compare("the archive changed while it was read", p->job->found_blob, got, e);
}

/* --- one layer ----------------------------------------------------------------------------------------------- */

static int unpack_layer(struct producer *p, struct err *e)
{
	struct consumer *c = calloc(1, sizeof(*c));
	pthread_t thread;
	int r;

	if (!c)
		return err_oom(e, "unpacking");
	c->job = p->job;
	c->run = p->run;
	if (ring_init(&c->ring, e) < 0) {
		free(c);
		return -e->num;
	}
	r = pthread_create(&thread, NULL, consumer_main, c);
	if (r != 0) {
		err_num(e, r, "start a thread");
	} else {
		err_told(produce(p, &c->ring, e));
		ring_end(&c->ring, e->num != 0);
		pthread_join(thread, NULL);
		/* A failed stream makes the reader fail, too, and then the stream's error is the cause. */
		if (e->num == 0 && c->error.num)
			*e = c->error;
		if (e->num == 0 && c->no_recipe)
			err_told(copy_blob(p, e));
	}
	ring_done(&c->ring);
	free(c);
	p->job->new_layer = e->num == 0;
	return -e->num;
}

static void run_job(const struct layer_run *run, struct layer_job *job)
{
	struct producer p = { .job = job, .run = run, .blob_fd = FD_NONE };
	struct err *e = &job->error;

	if (producer_open(&p, e) == 0)
		err_told(job->have_layer ? produce(&p, NULL, e) : unpack_layer(&p, e));
	producer_done(&p);
	if (e->num && job->diff_id)
		err_wrap(e, "layer %d (%.19s)", job->index + 1, job->diff_id);
	else if (e->num)
		err_wrap(e, "layer %d", job->index + 1);
}

/* --- all of them --------------------------------------------------------------------------------------------- */

struct crew {
	const struct layer_run *run;
	struct layer_job *jobs;
	size_t n;
	atomic_size_t next;
	atomic_bool failed;
};

static void *worker(void *arg)
{
	struct crew *crew = arg;
	size_t i;

	while (!atomic_load(&crew->failed) && (i = atomic_fetch_add(&crew->next, 1)) < crew->n) {
		run_job(crew->run, &crew->jobs[i]);
		if (crew->jobs[i].error.num)
			atomic_store(&crew->failed, true);
	}
	return NULL;
}

int layer_run_all(const struct layer_run *run, struct layer_job *jobs, size_t n, unsigned n_threads, struct err *e)
{
	struct crew crew = { .run = run, .jobs = jobs, .n = n };
	pthread_t threads[16];
	unsigned started = 0;

	while (started + 1 < n_threads && started + 1 < n && started < ARRAY_SIZE(threads) &&
		pthread_create(&threads[started], NULL, worker, &crew) == 0)
		started++;
	worker(&crew); /* this thread is one of them, so a failed pthread_create only costs time */
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].error.num) {
			*e = jobs[i].error;
			return -e->num;
		}
	return 0;
}
