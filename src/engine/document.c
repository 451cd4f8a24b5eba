/* From what the user asked for to the words of runtime-spec 1.3. Defaults are docker's, or stricter where
 * SECURITY.md says so. */
#include "engine/document.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/document_parts.h"
#include "engine/security.h"

enum { HOSTNAME_DIGITS = 12 };

void doc_strings(struct buf *b, const char *key, const struct rc_str_list *l)
{
	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

/* --- process -------------------------------------------------------------------------------------------- */

static bool has_variable(const struct rc_str_list *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			return true;
	return false;
}

static void put_variable(struct buf *b, const char *name, const char *value, bool *first)
{
	AUTO(buf) struct buf one = BUF_INIT;

	buf_printf(&one, "%s=%s", name, value);
	buf_str(b, *first ? "" : ",");
	*first = false;
	if (one.failed)
		b->failed = true;
	else
		buf_json_str(b, one.data);
}

static const char *hostname_of(const struct ct_config *c, char dst[static HOSTNAME_DIGITS + 1])
{
	if (c->hostname)
		return c->hostname;
	fmt_to(dst, HOSTNAME_DIGITS + 1, "%.12s", c->id);
	return dst;
}

/* docker's order: what it adds, then what image and user say. */
static void put_env(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	char name[HOSTNAME_DIGITS + 1];
	bool first = true;

	buf_str(b, "\"env\":[");
	if (!has_variable(&c->env, "PATH"))
		put_variable(b, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", &first);
	if (!has_variable(&c->env, "HOSTNAME") && !str_eq(c->uts_mode, "host"))
		put_variable(b, "HOSTNAME", hostname_of(c, name), &first);
	if (c->tty && !has_variable(&c->env, "TERM"))
		put_variable(b, "TERM", "xterm", &first);
	if (f->home && !has_variable(&c->env, "HOME"))
		put_variable(b, "HOME", f->home, &first);
	for (size_t i = 0; i < c->env.n; i++) {
		buf_str(b, first ? "" : ",");
		first = false;
		buf_json_str(b, c->env.v[i]);
	}
	buf_str(b, "],");
}

static void put_args(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	bool first = true;

	buf_str(b, "\"args\":[");
	if (f->init) {
		buf_str(b, "\"" DOC_INIT_PATH "\"");
		first = false;
	}
	for (size_t i = 0; i < c->entrypoint.n; i++) {
		buf_str(b, first ? "" : ",");
		first = false;
		buf_json_str(b, c->entrypoint.v[i]);
	}
	for (size_t i = 0; i < c->cmd.n; i++) {
		buf_str(b, first ? "" : ",");
		first = false;
		buf_json_str(b, c->cmd.v[i]);
	}
	buf_str(b, "],");
}

static int put_caps(const struct ct_config *c, struct buf *b, uint64_t *ret, struct err *e)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	uint64_t caps;
	int r = security_caps(c, &caps, e);

	if (r < 0)
		return r;
	buf_str(b, "\"capabilities\":{");
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		const char *sep = "";

		buf_printf(b, "%s\"%s\":[", s ? "," : "", sets[s]);
		for (int i = 0; i < 64; i++)
			if (caps >> i & 1 && rc_capability_name(i)) {
				buf_printf(b, "%s\"%s\"", sep, rc_capability_name(i));
				sep = ",";
			}
		buf_str(b, "]");
	}
	buf_str(b, "},");
	*ret = caps;
	return 0;
}

static void put_user(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	buf_printf(b, "\"user\":{\"uid\":%u,\"gid\":%u,", f->uid, f->gid);
	if (c->umask.set)
		buf_printf(b, "\"umask\":%u,", (unsigned)c->umask.v);
	buf_str(b, "\"additionalGids\":[");
	for (size_t i = 0; i < f->n_gids; i++)
		buf_printf(b, "%s%u", i ? "," : "", f->gids[i]);
	buf_str(b, "]},");
}

static int put_process(
	const struct ct_config *c, const struct document_facts *f, struct buf *b, uint64_t *ret_caps, struct err *e)
{
	buf_printf(b, "\"process\":{\"terminal\":%s,", c->tty ? "true" : "false");
	put_user(c, f, b);
	put_args(c, f, b);
	put_env(c, f, b);
	buf_str(b, "\"cwd\":");
	buf_json_str(b, c->working_dir ? c->working_dir : "/");
	buf_str(b, ",");
	if (put_caps(c, b, ret_caps, e) < 0)
		return -e->num;
	doc_rlimits(c, b);
	if (c->oom_score_adj.set)
		buf_printf(b, "\"oomScoreAdj\":%lld,", (long long)c->oom_score_adj.v);
	if (c->apparmor && !c->privileged) {
		buf_str(b, "\"apparmorProfile\":");
		buf_json_str(b, c->apparmor);
		buf_str(b, ",");
	}
	if (c->selinux_label) {
		buf_str(b, "\"selinuxLabel\":");
		buf_json_str(b, c->selinux_label);
		buf_str(b, ",");
	}
	buf_printf(b, "\"noNewPrivileges\":%s},", c->no_new_privs ? "true" : "false");
	return 0;
}

/* --- namespaces ----------------------------------------------------------------------------------------- */

static void put_namespaces(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	const bool host[RC_N_NS] = { [RC_NS_PID] = str_eq(c->pid_mode, "host"),
		[RC_NS_NET] = str_eq(c->network, "host"),
		[RC_NS_IPC] = str_eq(c->ipc_mode, "host"),
		[RC_NS_UTS] = str_eq(c->uts_mode, "host"),
		[RC_NS_USER] = !f->own_ids && !f->join[RC_NS_USER],
		[RC_NS_CGROUP] = str_eq(c->cgroupns_mode, "host"),
		[RC_NS_TIME] = true };
	const char *sep = "";

	buf_str(b, "\"namespaces\":[");
	for (int k = 0; k < RC_N_NS; k++) {
		if (host[k] && !f->join[k])
			continue;
		buf_printf(b, "%s{\"type\":\"%s\"", sep, rc_ns_names[k]);
		sep = ",";
		if (f->join[k]) {
			buf_str(b, ",\"path\":");
			buf_json_str(b, f->join[k]);
		}
		buf_str(b, "}");
	}
	buf_str(b, "],");
	if (!f->own_ids)
		return;
	static const char *const sides[] = { "uidMappings", "gidMappings" };
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		buf_printf(
			b, "\"%s\":[{\"containerID\":0,\"hostID\":%u,\"size\":%u}],", sides[i], f->id_base, f->id_size);
}

/* net.ipv4.ping_group_range in place of CAP_NET_RAW, low ports without CAP_NET_BIND_SERVICE: only where the network
 * namespace is the container's own. */
static void put_sysctls(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	bool own_net = !str_eq(c->network, "host") && !f->join[RC_NS_NET];
	const char *sep = "";

	buf_str(b, "\"sysctl\":{");
	if (own_net && !c->privileged) {
		/* Ids beyond the map are EINVAL: sysctl_net_ipv4.c ping_group_range. */
		buf_printf(b, "\"net.ipv4.ip_unprivileged_port_start\":\"0\",\"net.ipv4.ping_group_range\":\"0 %u\"",
			f->id_size	      ? f->id_size - 1
				: f->rootless ? 0U
					      : 2147483647U);
		sep = ",";
	}
	for (size_t i = 0; i < c->sysctls.n; i++) {
		buf_str(b, sep);
		buf_json_str(b, c->sysctls.v[i].key);
		buf_str(b, ":");
		buf_json_str(b, c->sysctls.v[i].value);
		sep = ",";
	}
	buf_str(b, "},");
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static void put_identity(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	char name[HOSTNAME_DIGITS + 1];

	buf_str(b, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":");
	buf_json_str(b, c->rootfs ? c->rootfs : f->dir);
	buf_printf(b, ",\"readonly\":%s},", c->read_only ? "true" : "false");
	if (str_eq(c->uts_mode, "host") || f->join[RC_NS_UTS])
		return;
	buf_str(b, "\"hostname\":");
	buf_json_str(b, hostname_of(c, name));
	buf_str(b, ",");
	if (c->domainname) {
		buf_str(b, "\"domainname\":");
		buf_json_str(b, c->domainname);
		buf_str(b, ",");
	}
}

static void put_annotations(const struct ct_config *c, uint64_t caps, struct buf *b)
{
	bool first = true;

	buf_str(b, "\"annotations\":{");
	security_annotations(c, caps, b, &first);
	for (size_t i = 0; i < c->annotations.n; i++) {
		buf_str(b, first ? "" : ",");
		first = false;
		buf_json_str(b, c->annotations.v[i].key);
		buf_str(b, ":");
		buf_json_str(b, c->annotations.v[i].value);
	}
	buf_str(b, "},");
}

/* A relative path may be made beside our own cgroup, where a plain user may have a delegated one. */
static void put_cgroup(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	AUTO(buf) struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", c->cgroup_parent ? c->cgroup_parent : f->rootless ? "tare" : "/tare", c->id);
	buf_str(b, "\"cgroupsPath\":");
	if (path.failed)
		b->failed = true;
	else
		buf_json_str(b, path.data);
	buf_str(b, ",");
}

int document_write(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e)
{
	uint64_t caps = 0;

	put_identity(c, f, b);
	if (put_process(c, f, b, &caps, e) < 0)
		return -e->num;
	if (doc_mounts(c, f, b, e) < 0)
		return -e->num;
	put_annotations(c, caps, b);
	buf_str(b, "\"linux\":{");
	put_namespaces(c, f, b);
	put_sysctls(c, f, b);
	put_cgroup(c, f, b);
	if (doc_resources(c, f, b, e) < 0 || security_protection(c, caps, b, e) < 0)
		return -e->num;
	buf_str(b, "}}");
	return buf_err(b, e);
}
