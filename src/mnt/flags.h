#pragma once
/* Mount option words (runtime-spec config.md "Mounts", config-linux.md) turned into what the mount system
 * calls take. Pure: no system call. The last of two contradicting words wins. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "spec/runtime_config.h"

enum {
	MNT_MAX_PROPAGATION = 4, /* slave + shared is a state of its own, mount_namespaces(7): words add up */
	MNT_MAX_ID_RANGES = 340, /* the kernel's UID_GID_MAP_MAX_EXTENTS, Linux 4.15 */
};

/* One parameter for fsconfig(2): FSCONFIG_SET_FLAG if @value is NULL, else FSCONFIG_SET_STRING. */
struct mnt_data {
	char *key, *value;
};

/* One range of `idmap=uids=FS-HOST-SIZE`. @relative ('@'): host is an id inside the container. */
struct mnt_id_range {
	uint32_t fs, host, size;
	bool relative;
};

struct mnt_opts {
	uint64_t attr_set, attr_clr; /* MOUNT_ATTR_* of this mount; attr_clr holds MOUNT_ATTR__ATIME when one
				      * of the atime modes is chosen, as mount_setattr(2) wants it */
	uint64_t rec_attr_set, rec_attr_clr; /* the same for it and all mounts below: AT_RECURSIVE */
	unsigned sb_set, sb_clr; /* of the superblock: MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK,
				  * MS_LAZYTIME, MS_I_VERSION, MS_SILENT. For a new filesystem or a remount */
	unsigned propagation[MNT_MAX_PROPAGATION]; /* MS_SHARED …, with MS_REC when recursive, to apply in order */
	size_t n_propagation;
	bool bind, rbind; /* rbind sets both */
	bool remount;
	bool tmpcopyup;
	bool idmap, ridmap; /* ridmap sets both */
	bool copy_symlink, src_nofollow, dest_nofollow;
	struct mnt_id_range *uid_ranges, *gid_ranges; /* of idmap=…; none: the container's or the mount's maps */
	size_t n_uid_ranges, n_gid_ranges;
	struct mnt_data *data; /* words we do not know, for the filesystem; quotes around values removed */
	size_t n_data;
};

/* mnt_opts_parse - give @options their meaning; lists go into @arena. ERR_CONFIG names the word. A word may
 * hold several options, separated by commas that are neither in double quotes nor after a backslash. */
int mnt_opts_parse(const struct rc_str_list *options, struct arena *arena, struct mnt_opts *ret, struct err *e)
	must_check;

/* mnt_opts_check_bind - ERR_CONFIG naming the first word that makes no sense for a bind mount: a bind has no
 * filesystem of its own to hand an unknown word to. */
int mnt_opts_check_bind(const struct mnt_opts *o, struct err *e) must_check;

/* mnt_opts_ms_flags - attr_set and sb_set as the flags of mount(2), for filesystems or kernels without the new
 * calls. */
unsigned long mnt_opts_ms_flags(const struct mnt_opts *o);
/* mnt_opts_ms_data - the data argument of mount(2): "a=b,c", values with commas quoted; NULL: out of memory. */
char *mnt_opts_ms_data(const struct mnt_opts *o, struct arena *arena);
/* mnt_opts_need_mount2 - whether only mount(2) can say this: MS_I_VERSION and MS_SILENT have no word for
 * fsconfig(2), and that call takes values of at most 255 bytes (a long lowerdir=). */
bool mnt_opts_need_mount2(const struct mnt_opts *o);
/* mnt_sb_word - the fsconfig(2) flag word of one superblock flag ("ro", "sync", "dirsync", "mand",
 * "lazytime"), NULL when only mount(2) can set it (MS_I_VERSION, MS_SILENT). */
const char *mnt_sb_word(unsigned ms_flag);

/* mnt_option_words - every word known, sorted, NULL-terminated: `features` mountOptions. */
extern const char *const mnt_option_words[];
