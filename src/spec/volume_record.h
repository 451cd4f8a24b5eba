#pragma once
/* volume.json: a named volume as docker's `volume inspect` shows it. */
#include "base/buf.h"
#include "spec/runtime_config.h"

enum { VOLUME_FORMAT = 1 };

/* docker's mark of a volume that was given no name; `volume prune` without -a takes these only. */
#define VOLUME_ANONYMOUS_LABEL "com.docker.volume.anonymous"

struct volume_record {
	char *name;
	char *created; /* RFC 3339 */
	struct rc_kv_list labels, options; /* options: "type", "device", "o" */
};

/* volume_record_write - append it. @mountpoint is left out when NULL (in the file: it follows the
 * data directory). */
void volume_record_write(const struct volume_record *v, const char *mountpoint, struct buf *ret);
/* volume_record_read - strings in @a. ERR_CORRUPT. */
int volume_record_read(const char *text, size_t len, struct arena *a, struct volume_record *ret, struct err *e)
	must_check;
/* volume_record_label - the value of a label, or NULL. */
const char *volume_record_label(const struct volume_record *v, const char *key);
