#pragma once
/* --filter of `volume ls` and `volume prune`. */
#include "base/err.h"
#include "engine/volume.h"

struct volume_filter {
	struct rc_str_list names, drivers; /* any of them */
	struct rc_kv_list labels, no_labels; /* all; a NULL value: any */
	bool has_dangling, dangling;
	bool prune; /* only label, label! and all are taken */
	bool all;
};

/* volume_filter_read - from --filter KEY=VALUE; lists in @a. ERR_USAGE names the filters there are.
 */
int volume_filter_read(const struct rc_str_list *given, struct arena *a, struct volume_filter *ret, struct err *e)
	must_check;
/* volume_filter_takes - whether @v passes; who uses it is looked up only when that matters. */
int volume_filter_takes(const struct engine *en, const struct volume_filter *f, const struct volume *v, bool *ret,
	struct err *e) must_check;
/* volume_pairs - KEY=VALUE or KEY texts as pairs, into @a. @what for the message. */
int volume_pairs(const char *what, const struct rc_str_list *given, bool need_value, struct arena *a,
	struct rc_kv_list *ret, struct err *e) must_check;
