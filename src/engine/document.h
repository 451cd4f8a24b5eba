#pragma once
/* A container of the engine as the runtime wants it: config.json of the OCI runtime-spec. */
#include "base/buf.h"
#include "engine/record.h"

/* What is known only when it starts. */
struct document_facts {
	const char *dir; /* containers/ID, absolute: where hosts, hostname and resolv.conf lie */
	uint32_t uid, gid;
	const uint32_t *gids; /* supplementary */
	size_t n_gids;
	const char *home; /* NULL: not known */
	bool own_ids; /* a user namespace of its own: ids from id_base on, id_size of them */
	uint32_t id_base, id_size; /* id_size also where the ids of another container are joined */
	bool rootless; /* cgroup limits may not be possible */
	const char *join[RC_N_NS]; /* namespaces of another container or path; NULL: by the configuration */
	const char *init; /* host path of tare-init, when --init was given */
	bool has_files; /* hosts, hostname and resolv.conf were made */
	bool bind_sys; /* sysfs cannot be mounted anew (the network is another user namespace's) */
	const char *const *volume_paths; /* one for each of config.mounts: host path of its volume, or NULL */
};

/* document_write - append it to @ret. ERR_UNSUPPORTED or ERR_CONFIG for what cannot be had here. */
int document_write(const struct ct_config *c, const struct document_facts *f, struct buf *ret, struct err *e)
	must_check;
