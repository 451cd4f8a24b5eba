/* The runtime's side of handing over a seccomp listener: runtime/listener.h has the protocol. Guarantees: a
 * container whose agent did not get the listener does not run its program. */
#include "runtime/listener.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "base/buf.h"
#include "runtime/start.h"
#include "runtime/state.h"
#include "sec/seccomp_notify.h"

/* Between two looks at the page: the child has a dozen calls to make before it loads the filter. */
enum { LOOK_NS = 50 * 1000 };

static int map_page(int fd, struct listener_page **ret, struct err *e)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct listener_page))
		return err_set(e, ERR_BUG, EPROTO, "the container's process sent no page for its seccomp listener");
	void *page = mmap(NULL, sizeof(struct listener_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return err_sys(e, "map the page of the seccomp listener");
	*ret = page;
	return 0;
}

/* Until the listener is there (its number) or there will be none (-1): the child then says why on @sock, or is gone. */
static int wait_number(struct listener_page *page, int pidfd, int sock, struct err *e)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	struct pollfd p[] = { { .fd = sock, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	for (;;) {
		int number = atomic_load_explicit(&page->number, memory_order_acquire);

		if (number > 0)
			return number - 1;
		int n = ppoll(p, 2, &look, NULL);
		if (n > 0)
			return -1;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait for the seccomp listener");
	}
}

static int send_on(const struct start_ctx *s, int agent, int number, struct err *e)
{
	const struct rc_seccomp *sc = s->config->linux_.seccomp;
	AUTO(buf) struct buf doc = BUF_INIT, json = BUF_INIT;

	rt_state_document(s->state, RT_CREATED, s->state->pid, &doc);
	seccomp_notify_json(&json, RT_OCI_VERSION, s->target_pid ? s->target_pid : s->state->pid,
		sc ? sc->listener_metadata : NULL, doc.data ? doc.data : "{}");
	if (buf_err(&json, e) < 0 || buf_err(&doc, e) < 0)
		return -e->num;
	auto_fd int listener = seccomp_notify_fetch(s->pidfd, number, e);
	return listener < 0 ? listener : seccomp_notify_send(agent, json.data, listener, e);
}

static int serve(const struct start_ctx *s, struct listener_page *page, const char *path, int sock, struct err *e)
{
	auto_fd int agent = seccomp_notify_connect(path, e);
	int r = agent < 0 ? agent : sync_send(sock, SYNC_GO, 0, FD_NONE, e);

	if (r < 0)
		return r;
	int number = wait_number(page, s->pidfd, sock, e);
	if (number < 0)
		return e->num ? -e->num : 0;
	r = send_on(s, agent, number, e);
	atomic_store_explicit(&page->answer, r < 0 ? LISTENER_FAILED : LISTENER_SENT, memory_order_release);
	return r < 0 ? err_wrap(e, "seccomp listenerPath %s", path) : 0;
}

int listener_serve(const struct start_ctx *s, int page_fd, int sock, struct err *e)
{
	const struct rc_seccomp *sc = s->config->linux_.seccomp;
	const char *path = sc ? sc->listener_path : NULL;
	struct listener_page *page;

	path = path ? path : rc_annotation(s->config, "run.oci.seccomp.receiver");
	if (!path)
		return err_set(e, ERR_CONFIG, EINVAL,
			"config.json: /linux/seccomp/listenerPath: missing, the filter has SCMP_ACT_NOTIFY");
	int r = map_page(page_fd, &page, e);
	if (r < 0)
		return r;
	r = serve(s, page, path, sock, e);
	(void)munmap(page, sizeof(*page)); /* a mapping of our own always can be given up */
	return r;
}
