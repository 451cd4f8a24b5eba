/* The members of "Tare": what docker has no word for. Where docker writes null, [] or {} for an empty
 * value we do, for programs tell these apart. */
#include <string.h>
#include "base/str.h"
#include "spec/container_parts.h"

static const struct rd_word rootfs_words[] = { { "image", CT_ROOTFS_IMAGE }, { "directory", CT_ROOTFS_DIR },
	{ "host", CT_ROOTFS_HOST }, { NULL, 0 } };
static const struct rd_word unhealthy_words[] = { { "none", CT_UNHEALTHY_NONE }, { "restart", CT_UNHEALTHY_RESTART },
	{ "kill", CT_UNHEALTHY_KILL }, { "stop", CT_UNHEALTHY_STOP }, { NULL, 0 } };

static void write_format(const struct ct_config *c, struct buf *b)
{
	buf_printf(b, "%d", CT_FORMAT);
}

static void write_rootfs_kind(const struct ct_config *c, struct buf *b)
{
	buf_json_str(b, rootfs_words[c->rootfs_kind].word);
}

static int read_rootfs_kind(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field words = { .words = rootfs_words };

	return rd_word(r, v, &words, &((struct ct_config *)dst)->rootfs_kind);
}

static void write_unhealthy(const struct ct_config *c, struct buf *b)
{
	if (c->on_unhealthy != CT_UNHEALTHY_NONE)
		buf_json_str(b, unhealthy_words[c->on_unhealthy].word);
}

static int read_unhealthy(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field words = { .words = unhealthy_words };

	return rd_word(r, v, &words, &((struct ct_config *)dst)->on_unhealthy);
}

static void write_oom_set(const struct ct_config *c, struct buf *b)
{
	if (c->oom_score_adj.set)
		buf_str(b, "true");
}

static int read_oom_set(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_bool(r, v, f, &((struct ct_config *)dst)->oom_score_adj.set);
}

static const struct part tare_rows[] = {
	PART_FN("Format", write_format, NULL),
	PART_FN("RootfsKind", write_rootfs_kind, read_rootfs_kind),
	PART("Rootfs", TEXT, rootfs, NULL),
	PART("Layers", LIST, layers, NULL),
	PART("Platform", TEXT, platform, NULL),
	PART("NoNewPrivileges", BOOL, no_new_privs, NULL),
	PART("Seccomp", TEXT, seccomp, NULL),
	PART("AppArmor", TEXT, apparmor, NULL),
	PART("SELinuxLabel", TEXT, selinux_label, NULL),
	PART("SystemPathsUnconfined", BOOL, systempaths_unconfined, NULL),
	PART("MaskedPaths", LIST, masked_paths, NULL),
	PART("ReadonlyPaths", LIST, readonly_paths, NULL),
	PART("UnmaskedPaths", LIST, unmasked_paths, NULL),
	PART_FN("OnUnhealthy", write_unhealthy, read_unhealthy),
	PART_FN("OomScoreAdjSet", write_oom_set, read_oom_set),
	PART("Umask", OPT_U64, umask, NULL),
	PART("Timezone", TEXT, timezone, NULL),
	PART("Timeout", U32, timeout_s, NULL),
	PART("PidFile", TEXT, pidfile, NULL),
	PART("UsernsLifted", TEXT, userns_lifted, NULL),
	PART_FN("Mounts", ct_write_mounts, ct_read_mounts),
};
const struct part_table parts_tare = { tare_rows, ARRAY_SIZE(tare_rows) };
