/* The two ways out: JSON lines for the engine, a bar for people. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "fetch/fetch.h"
#include "sys/io.h"

int say_loaded(const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "{\"event\":\"loaded\",\"id\":\"%s\"", id);
	if (name) {
		buf_str(&b, ",\"name\":");
		buf_json_str(&b, name);
	}
	buf_str(&b, "}\n");
	if (buf_err(&b, e) < 0)
		return -e->num;
	return io_write_all(STDOUT_FILENO, b.data, b.len, e) < 0 ? err_wrap(e, "tell what was loaded") : 0;
}

void say_error(const struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err ignored = ERR_NONE; /* nobody listens: the exit status says it */

	buf_printf(&b, "{\"event\":\"error\",\"kind\":%d,\"num\":%d,\"msg\":", (int)e->kind, e->num);
	buf_json_str(&b, e->msg);
	buf_str(&b, ",\"hint\":");
	buf_json_str(&b, e->hint);
	buf_str(&b, "}\n");
	if (!b.failed)
		err_told(io_write_all(STDOUT_FILENO, b.data, b.len, &ignored));
}

/* --- the bar ------------------------------------------------------------------------------------------------- */

enum { BAR = 30, FRAME_MS = 100 };

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool running, stop;
	struct fetch *f;
} bar = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };

static void draw(const struct fetch *f)
{
	uint64_t done = f->progress, total = f->total ? f->total : 1;
	unsigned full = done >= total ? BAR : (unsigned)(done * BAR / total);
	char text[128];
	size_t n = fmt_to(text, sizeof(text), "\r%s [%.*s%.*s] %llu/%llu MB", f->verb, (int)full,
		"==============================", (int)(BAR - full), "                              ",
		(unsigned long long)done / 1000000, (unsigned long long)total / 1000000);

	(void)!write(STDERR_FILENO, text, n); /* a bar that cannot be drawn is no reason to stop */
}

static void *bar_main(void *arg)
{
	bool stop = false;

	while (!stop) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += FRAME_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_mutex_lock(&bar.lock);
		if (!bar.stop)
			pthread_cond_timedwait(&bar.ended, &bar.lock, &until);
		stop = bar.stop;
		pthread_mutex_unlock(&bar.lock);
		if (!stop)
			draw(arg);
	}
	return NULL;
}

void progress_start(struct fetch *f)
{
	if (f->quiet || !isatty(STDERR_FILENO))
		return;
	bar.stop = false;
	bar.running = pthread_create(&bar.thread, NULL, bar_main, f) == 0;
}

void progress_end(void)
{
	if (!bar.running)
		return;
	pthread_mutex_lock(&bar.lock);
	bar.stop = true;
	pthread_cond_signal(&bar.ended);
	pthread_mutex_unlock(&bar.lock);
	pthread_join(bar.thread, NULL);
	bar.running = false;
	(void)!write(STDERR_FILENO, "\r\x1b[K", 4);
}
