/* Looks at the host for `check`: cgroup controllers, capabilities, filters, labels, ids. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/tree.h"
#include "ns/idmap.h"
#include "runtime/hostcheck.h"
#include "sec/caps.h"
#include "sec/lsm.h"
#include "sec/seccomp.h"
#include "sys/spawn.h"

#define AT(p) ((struct hostcheck_where){ (p), 0 })
#define AT_N(p, n) ((struct hostcheck_where){ (p), (n) })

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *w = list; *w; w += strcspn(w, " "), w += *w == ' ')
		if (strcspn(w, " ") == len && !memcmp(w, word, len))
			return true;
	return false;
}

/* @v2_list: cgroup.controllers of the unified hierarchy. */
static bool have_controller(const struct cg_host *host, const char *v2_list, enum cg_controller c)
{
	if (host->v1_of[c] >= 0)
		return true;
	return has_word(v2_list, cg_controller_name(c, true));
}

static bool has_blkio(const struct rc_blkio *b)
{
	return b &&
		(b->weight.set || b->leaf_weight.set || b->weight_device.n || b->read_bps.n || b->write_bps.n ||
			b->read_iops.n || b->write_iops.n);
}

static void check_controllers(const struct hostcheck *h, const struct cg_host *host, const char *v2_list)
{
	const struct rc_resources *r = h->config->linux_.resources;
	const struct rc_cpu *cpu = r->cpu;
	const struct {
		bool wanted;
		enum cg_controller c;
		const char *path;
	} rows[] = {
		{ r->memory && (r->memory->limit.set || r->memory->swap.set || r->memory->reservation.set), CG_MEMORY,
			"/linux/resources/memory" },
		{ cpu && (cpu->shares.set || cpu->quota.set || cpu->period.set || cpu->burst.set || cpu->idle.set),
			CG_CPU, "/linux/resources/cpu" },
		{ cpu && (cpu->cpus || cpu->mems), CG_CPUSET, "/linux/resources/cpu" },
		{ r->pids_limit.set, CG_PIDS, "/linux/resources/pids" },
		{ has_blkio(r->blkio), CG_IO, "/linux/resources/blockIO" },
		{ r->n_hugepages > 0, CG_HUGETLB, "/linux/resources/hugepageLimits" },
		{ r->n_rdma > 0, CG_RDMA, "/linux/resources/rdma" },
		{ r->net_class_id.set, CG_NET_CLS, "/linux/resources/network/classID" },
		{ r->n_net_priorities > 0, CG_NET_PRIO, "/linux/resources/network/priorities" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].wanted && !have_controller(host, v2_list, rows[i].c))
			hostcheck_add(h, RC_ERROR, AT(rows[i].path),
				"turn the controller on in the kernel (cgroup_enable=), or leave "
				"the limit out",
				"this host has no cgroup controller %s",
				cg_controller_name(rows[i].c, host->mode == CG_V2));
	if (r->unified.n && host->unified < 0)
		hostcheck_add(
			h, RC_ERROR, AT("/linux/resources/unified"), NULL, "this host has no cgroup v2 hierarchy");
}

void hostcheck_limits(const struct hostcheck *h)
{
	struct err e = ERR_NONE;
	struct cg_host host;
	char list[512] = "";

	if (!h->config->linux_.resources || !hostcheck_sound(h, "/linux/resources"))
		return;
	if (cg_host_open(CG_VERIFY, &host, &e) < 0) {
		hostcheck_add(h, RC_ERROR, AT("/linux/resources"), NULL, "%s", e.msg);
		return;
	}
	if (host.mode == CG_NONE) {
		hostcheck_add(h, RC_ERROR, AT("/linux/resources"), "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
			"no cgroup file system is mounted");
	} else {
		if (host.unified >= 0 &&
			cg_file_read(CG_AT(&host, host.unified, "/"), "cgroup.controllers", list, sizeof(list)) < 0)
			list[0] = '\0';
		check_controllers(h, &host, list);
	}
	cg_host_done(&host);
}

/* The message without "config.json: /json/path: ", which the finding has in a column of its own. */
static const char *cause_of(const struct err *e)
{
	const char *path = str_after(e->msg, "config.json: /"), *end = path ? strstr(path, ": ") : NULL;

	return end ? end + 2 : e->msg;
}

static void check_capabilities(const struct hostcheck *h)
{
	const struct rc_capabilities *c = h->config->process ? h->config->process->capabilities : NULL;
	char names[512];
	uint64_t have = 0;
	struct err e = ERR_NONE;
	int last = caps_last();

	if (!c || !hostcheck_sound(h, "/process/capabilities"))
		return;
	uint64_t all = c->bounding | c->effective | c->inheritable | c->permitted | c->ambient;
	if (all & ~caps_all(last))
		hostcheck_add(h, RC_WARNING, AT("/process/capabilities"), "they will be left out",
			"this kernel does not know %s", caps_names(all & ~caps_all(last), names, sizeof(names)));
	all &= caps_all(last);
	if (h->config->linux_.ns[RC_NS_USER].present || caps_have(&have, &e) < 0)
		return;
	if (all & ~have)
		hostcheck_add(h, RC_WARNING, AT("/process/capabilities"),
			"they will be left out; run as root or in a user namespace", "you do not have %s",
			caps_names(all & ~have, names, sizeof(names)));
}

static void check_seccomp(const struct hostcheck *h)
{
	const struct rc_seccomp *s = h->config->linux_.seccomp;
	struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct err e = ERR_NONE;
	unsigned flags;

	if (!s || !hostcheck_sound(h, "/linux/seccomp"))
		return;
	if (seccomp_compile(s, &f, &e) < 0) {
		hostcheck_add(h, RC_ERROR, AT("/linux/seccomp"), NULL, "%s", cause_of(&e));
		return;
	}
	if (f.unknown)
		hostcheck_add(h, RC_WARNING, AT("/linux/seccomp/syscalls"), "these rules are left out",
			"unknown system calls: %s", f.unknown);
	if (seccomp_load_flags(s, &f, &flags, &e) < 0)
		hostcheck_add(h, RC_ERROR, AT("/linux/seccomp/flags"), "leave the flag out", "%s", cause_of(&e));
	if (f.notify && !s->listener_path)
		hostcheck_add(h, RC_ERROR, AT("/linux/seccomp/listenerPath"), "name the socket of the agent",
			"SCMP_ACT_NOTIFY needs somebody to notify");
	if (s->listener_path && access(s->listener_path, F_OK) < 0)
		hostcheck_add(h, RC_WARNING, AT("/linux/seccomp/listenerPath"), "start the agent before the container",
			"%s: %s", s->listener_path, strerrordesc_np(errno));
	seccomp_filter_done(&f);
}

void hostcheck_security(const struct hostcheck *h)
{
	const struct rc_process *p = h->config->process;
	struct err e = ERR_NONE;
	struct lsm_exec x;

	check_capabilities(h);
	check_seccomp(h);
	if (p && hostcheck_sound(h, "/process/apparmorProfile") && hostcheck_sound(h, "/process/selinuxLabel") &&
		lsm_prepare(p->apparmor_profile, p->selinux_label, p->no_new_privileges, &x, &e) < 0)
		hostcheck_add(h, RC_ERROR,
			AT(p->apparmor_profile ? "/process/apparmorProfile" : "/process/selinuxLabel"),
			"leave it out, or turn the security module on", "%s", cause_of(&e));
	if (h->config->linux_.mount_label && *h->config->linux_.mount_label && !lsm_selinux_enabled())
		hostcheck_add(h, RC_ERROR, AT("/linux/mountLabel"), "leave it out, or turn SELinux on",
			"this kernel has no SELinux");
}

static bool covered(const struct rc_id_maps *own, const struct rc_id_map *m)
{
	uint64_t at = m->host, end = (uint64_t)m->host + m->size;
	bool moved = true;

	while (at < end && moved) {
		moved = false;
		for (size_t i = 0; i < own->n; i++) {
			uint64_t from = own->v[i].host, to = from + own->v[i].size;

			if (at >= from && at < to) {
				at = to;
				moved = true;
			}
		}
	}
	return at >= end;
}

static void check_ranges(const struct hostcheck *h, const struct rc_id_maps *wanted, const struct rc_id_maps *own,
	const char *path, const char *file)
{
	for (size_t i = 0; i < wanted->n; i++) {
		char remedy[128];

		fmt_to(remedy, sizeof(remedy), "give yourself the range in %s, or map only your own id", file);
		if (covered(own, &wanted->v[i]))
			continue;
		if (wanted->v[i].size == 1)
			hostcheck_add(h, RC_ERROR, AT_N(path, i), remedy, "host id %u is not yours", wanted->v[i].host);
		else
			hostcheck_add(h, RC_ERROR, AT_N(path, i), remedy, "host ids %u to %u are not all yours",
				wanted->v[i].host, wanted->v[i].host + (wanted->v[i].size - 1));
	}
}

void hostcheck_ids(const struct hostcheck *h)
{
	const struct rc_linux *l = &h->config->linux_;
	struct rc_id_maps uids, gids;
	struct err e = ERR_NONE;
	char path[64];

	if (!h->plain_user || !hostcheck_sound(h, "/linux/namespaces") || !hostcheck_sound(h, "/linux/uidMappings") ||
		!hostcheck_sound(h, "/linux/gidMappings"))
		return;
	if (!l->ns[RC_NS_USER].present) {
		hostcheck_add(h, RC_WARNING, AT("/linux/namespaces"),
			"add {\"type\": \"user\"} and the maps; see spec --rootless",
			"you are not root: a user namespace with a map of your own ids will be "
			"added");
		return;
	}
	if (l->ns[RC_NS_USER].path || ns_idmap_default(&h->problems->arena, &uids, &gids, &e) < 0)
		return;
	check_ranges(h, &l->uid_maps, &uids, "/linux/uidMappings/#", "/etc/subuid");
	check_ranges(h, &l->gid_maps, &gids, "/linux/gidMappings/#", "/etc/subgid");
	if ((l->uid_maps.n > 1 || l->gid_maps.n > 1) && !spawn_find("newuidmap", NULL, path, sizeof(path)))
		hostcheck_add(h, RC_ERROR, AT("/linux/uidMappings"), "install the package uidmap",
			"the program newuidmap is not installed");
}
