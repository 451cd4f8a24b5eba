#pragma once
/* The options of `run` and `create`: rows, what they are read into, and a container's configuration
 * made of it. */
#include "cli/cli.h"
#include "engine/merge.h"

struct run_opts {
	struct ct_config c; /* what the rows can put there directly; its arena is the command's */
	struct merge_ask merge;
	bool detach, quiet, replace, env_host, publish_all, ports_given;
	bool sig_proxy; /* on unless --sig-proxy=false */
	bool health_given;
	const char *pull; /* "missing", "always", "never" */
	const char *platform; /* "linux/arm64" */
	const char *detach_keys;
	const char *entrypoint;
	struct rc_str_list attach, env, env_files, labels, label_files, volumes, volumes_from;
};

extern const struct opt_table run_table, create_table;
extern const struct run_opts run_defaults;

/* runopts_finish - after parsing: files are read, the environment of the caller is taken where it
 * was asked for, and what contradicts itself is refused. @o->c has everything but what the image
 * says. */
int runopts_finish(struct run_opts *o, struct err *e) must_check;
/* runopts_volumes_from - the mounts of other containers, of --volumes-from. */
int runopts_volumes_from(const struct engine *en, struct run_opts *o, struct err *e) must_check;

/* --- values, each an OPT_CALL; p->dest is a struct run_opts ---------------------------------------------------- */

#define RUN_CALL(name) int runopt_##name(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
RUN_CALL(cpus);
RUN_CALL(memory);
RUN_CALL(memory_swap);
RUN_CALL(memory_reservation);
RUN_CALL(swappiness);
RUN_CALL(cpu_period);
RUN_CALL(cpu_quota);
RUN_CALL(cpuset);
RUN_CALL(pids);
RUN_CALL(ulimit);
RUN_CALL(oom_score);
RUN_CALL(blkio_weight);
RUN_CALL(throttle);
RUN_CALL(device);
RUN_CALL(device_rule);
RUN_CALL(cap_add);
RUN_CALL(cap_drop);
RUN_CALL(security);
RUN_CALL(sysctl);
RUN_CALL(namespace_);
RUN_CALL(network);
RUN_CALL(signal);
RUN_CALL(stop_timeout);
RUN_CALL(restart);
RUN_CALL(runtime);
RUN_CALL(volume);
RUN_CALL(mount);
RUN_CALL(tmpfs);
RUN_CALL(publish);
RUN_CALL(expose);
RUN_CALL(address);
RUN_CALL(host_entry);
RUN_CALL(health_cmd);
RUN_CALL(duration);
RUN_CALL(on_unhealthy);
RUN_CALL(log_opt);
RUN_CALL(annotation);
RUN_CALL(entrypoint);
RUN_CALL(umask);
RUN_CALL(workdir);
RUN_CALL(hostname);
RUN_CALL(name);
RUN_CALL(attach);
/* Accepted without effect, as docker does on Linux; says so. */
RUN_CALL(ignored);
/* What this build has not got: an error, for the container would not be what was asked for. */
RUN_CALL(absent);
