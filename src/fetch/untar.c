/* Entries as libarchive reads them to entries as the unpacker wants them. */
#include "fetch/untar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include "fetch/tarfile.h"

enum { MAX_XATTRS = 64 };

static int get_xattrs(
	struct archive_entry *entry, struct layer_xattr dst[static MAX_XATTRS], struct layer_entry *ret, struct err *e)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (ret->n_xattrs == MAX_XATTRS)
			return err_set(e, ERR_CONFIG, EFBIG, "%.*s: more than %d extended attributes", 256, ret->path,
				MAX_XATTRS);
		dst[ret->n_xattrs++] = (struct layer_xattr){ name, value, size };
	}
	ret->xattrs = dst;
	return 0;
}

static int convert(struct archive_entry *entry, struct layer_xattr xattrs[static MAX_XATTRS], struct layer_entry *ret,
	struct err *e)
{
	const char *hard = archive_entry_hardlink(entry);

	*ret = (struct layer_entry){
		.path = archive_entry_pathname(entry),
		.mode = archive_entry_mode(entry),
		.uid = archive_entry_uid(entry),
		.gid = archive_entry_gid(entry),
		.size = archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0,
		.mtime = { .tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry) },
		.link = hard ? hard : archive_entry_symlink(entry),
		.hardlink = hard != NULL,
		.major = (unsigned)archive_entry_rdevmajor(entry),
		.minor = (unsigned)archive_entry_rdevminor(entry),
	};
	if (!ret->path)
		return err_set(e, ERR_CONFIG, EINVAL, "an entry whose name is not UTF-8, though its header says so");
	if (archive_entry_size(entry) < 0)
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: a negative size", 256, ret->path);
	return get_xattrs(entry, xattrs, ret, e);
}

static int copy_data(
	struct tarfile *t, struct archive_entry *from, const struct layer_entry *entry, struct unpack *u, struct err *e)
{
	uint64_t begin = tarfile_data_offset(t);
	const void *data;
	size_t n;
	int64_t offset;
	int r;

	/* The bytes of a sparse file are not those in the archive. */
	struct recipe *recipe = archive_entry_sparse_count(from) > 0 ? NULL : t->recipe;
	if (recipe && recipe_file(recipe, begin, entry->size, entry->path, e) < 0)
		return -e->num;
	while ((r = tarfile_block(t, &data, &n, &offset, e)) > 0) {
		if (n > 0 && unpack_data(u, (uint64_t)offset, data, n, e) < 0)
			return -e->num;
		if (n > 0 && recipe)
			recipe_confirm(recipe, begin + (uint64_t)offset, data, n);
	}
	return r;
}

int untar(struct ring *ring, struct recipe *recipe, struct unpack *u, struct err *e)
{
	struct layer_xattr xattrs[MAX_XATTRS];
	struct layer_entry entry;
	struct archive_entry *from;
	struct tarfile t;
	bool data = false;
	int r = tarfile_open_ring(&t, ring, recipe, e);

	while (r == 0 && (r = tarfile_next(&t, &from, e)) > 0) {
		r = convert(from, xattrs, &entry, e);
		if (r == 0)
			r = unpack_entry(u, &entry, &data, e);
		if (r == 0 && data)
			r = copy_data(&t, from, &entry, u, e);
	}
	/* The digest is over everything, also what follows the last entry. */
	if (r == 0)
		r = tarfile_rest(&t, e);
	tarfile_close(&t);
	return r;
}
