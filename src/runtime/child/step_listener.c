/* The child's side of handing over a seccomp listener: runtime/listener.h has the protocol. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "runtime/listener.h"
#include "runtime/sync.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

/* Waiting rounds: several seconds on any machine. Only a runtime that was killed takes more than the first few. */
enum { ROUNDS = 1 << 30 };

static int page_file(struct err *e)
{
	static const char name[] = "seccomp-listener";
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL); /* vm.memfd_noexec=2 refuses others */

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, sizeof(struct listener_page)) < 0)
		return err_sys(e, "make a page to hand over the seccomp listener");
	return fd;
}

int listener_offer(int report, struct listener_page **ret, struct err *e)
{
	int fd = page_file(e);

	if (fd < 0)
		return fd;
	void *page = mmap(NULL, sizeof(struct listener_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return err_sys(e, "map the page to hand over the seccomp listener");
	int r = sync_send(report, SYNC_LISTENER, 0, fd, e);
	if (r == 0)
		r = sync_expect(report, SYNC_GO, NULL, NULL, e);
	fd_close(&fd);
	*ret = page;
	return r;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

void listener_publish(struct listener_page *page, int fd)
{
	int answer = LISTENER_WAIT;

	atomic_store_explicit(&page->number, fd + 1, memory_order_release);
	for (int i = 0; i < ROUNDS && answer == LISTENER_WAIT; i++) {
		relax();
		answer = atomic_load_explicit(&page->answer, memory_order_acquire);
	}
	if (answer != LISTENER_SENT)
		_exit(1); /* the runtime knows why, or nobody is left to hear it */
}
