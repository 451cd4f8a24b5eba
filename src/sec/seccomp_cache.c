/* Guarantees: what is returned was written by this user in one piece (own file, not writable by others,
 * checksum); anything else counts as absent. Readers and writers need no lock: files are replaced whole. */
#include "sec/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/atomic_file.h"

static const char dir_name[] = "@seccomp";

#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "other"
#endif

/* FORMAT grows with every change of the file or of what is generated. */
enum { FORMAT = 2, UNKNOWN_MAX = 16384 };

struct header {
	char magic[8];
	uint32_t n_insns, unknown_len, notify, reserved;
	uint8_t digest[16];
	uint64_t sum; /* of all that follows */
};

static const char magic[8] = "tareBPF";

/* FNV-1a over 64-bit words: finds a torn or rotten file; it does not defend against its owner. */
static uint64_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = UINT64_C(14695981039346656037), w;

	for (; n >= sizeof(w); n -= sizeof(w), p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		h = (h ^ w) * UINT64_C(1099511628211);
		h ^= h >> 29;
	}
	for (; n; n--, p++)
		h = (h ^ *p) * UINT64_C(1099511628211);
	return h ^ n;
}

static void file_name(const uint8_t digest[static 16], char dst[static NAME_MAX + 1])
{
	const struct scmp_version *v = seccomp_version();
	size_t n = 0;

	for (int i = 0; i < 16; i++)
		n += fmt_to(dst + n, NAME_MAX + 1 - n, "%02x", digest[i]);
	fmt_to(dst + n, NAME_MAX + 1 - n, "-%u.%u.%u-" MACHINE "-%d", v ? v->major : 0, v ? v->minor : 0,
		v ? v->micro : 0, FORMAT);
}

static bool trusted(const struct stat *st, mode_t type)
{
	return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

/* The directory, made when absent and @make; FD_NONE when it is not there or not ours. */
static int open_dir(int root_fd, bool make)
{
	struct stat st;
	auto_fd int fd = openat(root_fd, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make && (mkdirat(root_fd, dir_name, 0700) == 0 || errno == EEXIST))
		fd = openat(root_fd, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !trusted(&st, S_IFDIR))
		return FD_NONE;
	return fd_steal(&fd);
}

static bool check(const struct header *h, size_t size, const uint8_t digest[static 16])
{
	if (size < sizeof(*h) || memcmp(h->magic, magic, sizeof(magic)) || memcmp(h->digest, digest, 16))
		return false;
	if (h->n_insns == 0 || h->n_insns > BPF_MAXINSNS || h->unknown_len > UNKNOWN_MAX || h->notify > 1)
		return false;
	if (size != sizeof(*h) + h->n_insns * sizeof(struct sock_filter) + h->unknown_len)
		return false;
	return checksum(h + 1, size - sizeof(*h)) == h->sum;
}

static int unpack(const struct header *h, struct seccomp_filter *ret, struct err *e)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	size_t n = h->n_insns * sizeof(struct sock_filter);

	f.insns = malloc(n);
	f.unknown = h->unknown_len ? strndup((const char *)(h + 1) + n, h->unknown_len) : NULL;
	if (!f.insns || (h->unknown_len && !f.unknown))
		return err_oom(e, "a seccomp filter");
	memcpy(f.insns, h + 1, n);
	f.n = (uint16_t)h->n_insns;
	f.notify = h->notify;
	f.from_cache = true;
	*ret = f;
	f = (struct seccomp_filter)SECCOMP_FILTER_INIT;
	return 0;
}

int seccomp_cache_unpack(const void *data, size_t size, const uint8_t digest[static 16], bool *ret_found,
	struct seccomp_filter *ret, struct err *e)
{
	*ret_found = check(data, size, digest);
	return *ret_found ? unpack(data, ret, e) : 0;
}

union image {
	struct header h;
	uint8_t bytes[sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter) + UNKNOWN_MAX + 1];
};

int seccomp_cache_get(
	int root_fd, const uint8_t digest[static 16], bool *ret_found, struct seccomp_filter *ret, struct err *e)
{
	char path[NAME_MAX + 1], name[NAME_MAX + 1];
	union image im;
	struct stat st, dir;

	*ret_found = false;
	file_name(digest, name);
	if (!fmt_fits(path, sizeof(path), "%s/%s", dir_name, name))
		return err_num(e, ENAMETOOLONG, "seccomp cache");
	auto_fd int fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	/* Who may write the directory could replace the file. */
	if (fstatat(root_fd, dir_name, &dir, AT_SYMLINK_NOFOLLOW) < 0 || !trusted(&dir, S_IFDIR))
		return 0;
	if (fstat(fd, &st) < 0 || !trusted(&st, S_IFREG))
		return 0;
	ssize_t n = read(fd, im.bytes, sizeof(im.bytes));

	return n < 0 ? 0 : seccomp_cache_unpack(&im, (size_t)n, digest, ret_found, ret, e);
}

/* Keep at most SECCOMP_CACHE_MAX files: remove the one written longest ago. */
static void evict(int dirfd)
{
	char oldest[NAME_MAX + 1] = "";
	struct timespec when = { 0 };
	size_t n = 0;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		fd_close(&fd);
		return;
	}
	for (struct dirent *ent; (ent = readdir(d));) {
		struct stat st;

		if (str_eq(ent->d_name, ".") || str_eq(ent->d_name, "..") ||
			fstatat(dirfd, ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n++;
		if (oldest[0] &&
			(st.st_mtim.tv_sec > when.tv_sec ||
				(st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec >= when.tv_nsec)))
			continue;
		when = st.st_mtim;
		fmt_to(oldest, sizeof(oldest), "%s", ent->d_name);
	}
	closedir(d);
	if (n > SECCOMP_CACHE_MAX)
		(void)unlinkat(dirfd, oldest, 0); /* somebody else was faster: as good */
}

int seccomp_cache_put(int root_fd, const uint8_t digest[static 16], const struct seccomp_filter *f, struct err *e)
{
	char name[NAME_MAX + 1];
	struct header h = { .n_insns = f->n, .unknown_len = (uint32_t)str_len(f->unknown), .notify = f->notify };
	AUTO(buf) struct buf b = BUF_INIT;
	auto_fd int dir = open_dir(root_fd, true);

	if (dir < 0)
		return err_set(e, ERR_SYSTEM, EACCES, "the seccomp cache directory is not usable");
	if (f->n == 0 || f->n > BPF_MAXINSNS || h.unknown_len > UNKNOWN_MAX)
		return err_set(e, ERR_SYSTEM, E2BIG, "the seccomp filter does not fit the cache");
	memcpy(h.magic, magic, sizeof(magic));
	memcpy(h.digest, digest, 16);
	buf_add(&b, &h, sizeof(h));
	buf_add(&b, f->insns, f->n * sizeof(f->insns[0]));
	buf_add(&b, f->unknown ? f->unknown : "", h.unknown_len);
	if (buf_err(&b, e) < 0)
		return -e->num;
	h.sum = checksum(b.data + sizeof(h), b.len - sizeof(h));
	memcpy(b.data, &h, sizeof(h));
	file_name(digest, name);
	/* Not synced: a file torn by a power cut is found by its checksum and written again. */
	if (atomic_write(dir, name, b.data, b.len, (struct atomic_how){ 0600, ATOMIC_VOLATILE }, e) < 0)
		return err_wrap(e, "seccomp cache");
	evict(dir);
	return 0;
}
