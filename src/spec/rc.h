#pragma once
/* What the files that read config.json share: one reader a section, each an rd_reader (its
 * destination in brackets). */
#include "spec/reader.h"

rd_reader rc_read_process; /* struct rc_process * */
rd_reader rc_read_caps; /* struct rc_capabilities * */
rd_reader rc_read_scheduler; /* struct rc_scheduler * */
rd_reader rc_read_io_priority; /* struct rc_io_priority * */
rd_reader rc_read_mounts; /* struct rc_mount_list */
rd_reader rc_read_id_maps; /* struct rc_id_maps */
rd_reader rc_read_hooks; /* struct rc_hook_list[] */
rd_reader rc_read_linux; /* struct rc_linux */
rd_reader rc_read_namespaces; /* struct rc_namespace[] */
rd_reader rc_read_time_offsets; /* struct rc_linux */
rd_reader rc_read_devices; /* struct rc_linux */
rd_reader rc_read_device_rules; /* struct rc_resources */
rd_reader rc_read_net_devices; /* struct rc_linux */
rd_reader rc_read_resources; /* struct rc_resources * */
rd_reader rc_read_blkio; /* struct rc_blkio * */
rd_reader rc_read_seccomp; /* struct rc_seccomp * */
rd_reader rc_read_sysctl; /* struct rc_kv_list */
rd_reader rc_read_intel_rdt; /* struct rc_intel_rdt * */
rd_reader rc_read_memory_policy; /* struct rc_memory_policy * */

struct rc_mount_list {
	struct rc_mount *v;
	size_t n;
};

/* What rc_new_object makes: a struct and the table of its fields. */
struct rc_shape {
	const struct rd_field *fields;
	size_t n_fields, size;
};
#define RC_SHAPE(fields, type) ((const struct rc_shape){ fields, ARRAY_SIZE(fields), sizeof(type) })

/* rc_new_object - allocate the struct, store its address in *@ret and read @v into it. */
int rc_new_object(struct rd *r, const struct json *v, const struct rc_shape *shape, void **ret);

/* rc_check_together - what no section can decide alone: values that need a namespace, a mapping, a
 * listener. */
int rc_check_together(struct rd *r, const struct runtime_config *c);
/* rc_sysctl_ns - the namespace that isolates sysctl @key: its kind, or RC_N_NS if none does. */
enum rc_ns rc_sysctl_ns(const char *key);

enum { RC_MAX_CPU = 8191, RC_MAX_NODE = 1023 }; /* NR_CPUS and MAX_NUMNODES at their largest, arch Kconfig files */
enum { RC_MAX_MAJOR = 4095, RC_MAX_MINOR = 1048575 }; /* MINORBITS 20 of 32, linux/kdev_t.h */
