/* process (config.md "Process"): who runs what where. */
#include "spec/rc.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include "base/fmt.h"
#include "base/str.h"

/* --- user --------------------------------------------------------------------------------------- */

static int read_gids(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements gids = { rd_id, sizeof(uint32_t), NULL };
	struct rc_process *p = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &gids, &all, &p->n_additional_gids);

	p->additional_gids = all;
	return rc;
}

static int read_user(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("uid", rd_id, struct rc_process, uid, RD_MUST),
		RD("gid", rd_id, struct rc_process, gid, RD_MUST),
		RD("umask", rd_opt_u64, struct rc_process, umask, .max = 0777),
		RD_ALL("additionalGids", read_gids),
		RD("username", rd_string, struct rc_process, username),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

/* --- program ------------------------------------------------------------------------------------ */

static int read_args(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *args = dst;
	int rc = rd_str_list(r, v, f, args);

	if (rc == 0 && v->kind == JSON_KIND_ARRAY && v->n == 0)
		return rd_fail(r, NULL, NULL, "is empty, the first entry names the program");
	if (rc == 0 && args->n > 0 && args->v[0][0] == '\0')
		return rd_fail(r, "0", NULL, "is empty, it names the program");
	return rc;
}

enum { MAX_DEPTH = 8 };

struct component {
	const char *s;
	size_t n;
};

static bool is(const struct component *c, const char *word)
{
	return strlen(word) == c->n && memcmp(word, c->s, c->n) == 0;
}

/* The first components of @path after resolving "." and ".." as text. Only the first ones matter
 * below. */
static size_t split(const char *path, struct component c[static MAX_DEPTH])
{
	size_t n = 0, deeper = 0;

	while (*(path += strspn(path, "/"))) {
		struct component next = { path, strcspn(path, "/") };

		path += next.n;
		if (is(&next, "."))
			continue;
		if (is(&next, "..")) {
			if (deeper > 0)
				deeper--;
			else if (n > 0)
				n--;
		} else if (n < MAX_DEPTH) {
			c[n++] = next;
		} else {
			deeper++;
		}
	}
	return n;
}

/* A working directory below one of /proc's magic links leads to whatever some process has open: a
 * descriptor of the runtime on the host, say (CVE-2024-21626). The kernel refuses the way there too
 * (RESOLVE_NO_MAGICLINKS); here it gets a name. */
static bool is_magic(const char *path)
{
	static const char *const links[] = { "fd", "fdinfo", "cwd", "root", "exe", "map_files" };
	struct component c[MAX_DEPTH];
	size_t n = split(path, c), at = 2;

	if (n >= 2 && is(&c[0], "dev") && is(&c[1], "fd"))
		return true;
	if (n < 3 || !is(&c[0], "proc"))
		return false;
	if (n >= 5 && is(&c[2], "task"))
		at = 4;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (is(&c[at], links[i]))
			return true;
	return false;
}

static int read_cwd(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->text[0] != '/')
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be an absolute path", RD_Q(v->text));
	if (v->kind == JSON_KIND_STRING && is_magic(v->text))
		return rd_fail(r, NULL, NULL,
			"\"%.*s\" leads through an open file of a process, use a path of the "
			"container",
			RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

static int read_console_size(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("height", rd_u32, struct rc_process, console_height, RD_MUST, .max = UINT32_MAX),
		RD("width", rd_u32, struct rc_process, console_width, RD_MUST, .max = UINT32_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

/* --- limits ------------------------------------------------------------------------------------- */

static const struct rd_word rlimit_words[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

static int read_rlimit(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("type", rd_word, struct rc_rlimit, resource, RD_MUST, .words = rlimit_words),
		RD("soft", rd_u64, struct rc_rlimit, soft, RD_MUST, .max = UINT64_MAX),
		RD("hard", rd_u64, struct rc_rlimit, hard, RD_MUST, .max = UINT64_MAX),
	};
	struct rc_rlimit *limit = dst;
	size_t errors = r->n_errors;

	limit->resource = -1;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), limit);
	if (rc == 0 && r->n_errors == errors && limit->soft > limit->hard)
		return rd_fail(r, "soft", NULL, "%llu is over the hard limit %llu", (unsigned long long)limit->soft,
			(unsigned long long)limit->hard);
	return rc;
}

static int check_rlimits_once(struct rd *r, const struct rc_process *p)
{
	size_t first[RLIMIT_NLIMITS] = { 0 }; /* index + 1 */
	int rc = 0;

	for (size_t i = 0; i < p->n_rlimits && rc == 0; i++) {
		int which = p->rlimits[i].resource;
		struct rd_path here;

		if (which < 0)
			continue; /* unknown and reported */
		if (first[which]) {
			rd_enter(r, &here, NULL, i);
			rc = rd_fail(r, "type", NULL, "entry %zu has the same type", first[which] - 1);
			rd_leave(r, &here);
		} else {
			first[which] = i + 1;
		}
	}
	return rc;
}

static int read_rlimits(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements limits = { read_rlimit, sizeof(struct rc_rlimit), NULL };
	struct rc_process *p = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &limits, &all, &p->n_rlimits);

	p->rlimits = all;
	return rc == 0 ? check_rlimits_once(r, p) : rc;
}

static int read_affinity(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("initial", rd_cpu_list, struct rc_process, cpu_affinity_initial, .max = RC_MAX_CPU),
		RD("final", rd_cpu_list, struct rc_process, cpu_affinity_final, .max = RC_MAX_CPU),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static int check_console(struct rd *r, struct rc_process *p)
{
	if (!p->terminal) { /* config.md: consoleSize MUST be ignored then */
		p->console_height = p->console_width = 0;
		return 0;
	}
	if (p->console_height > USHRT_MAX || p->console_width > USHRT_MAX) /* struct winsize, ioctl_tty(2) */
		return rd_fail(r, "consoleSize", NULL, "%u lines of %u characters, a terminal has at most %d of each",
			p->console_height, p->console_width, USHRT_MAX);
	return 0;
}

int rc_read_process(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("terminal", rd_bool, struct rc_process, terminal),
		RD_ALL("consoleSize", read_console_size),
		RD_ALL("user", read_user),
		RD("args", read_args, struct rc_process, args, RD_MUST),
		RD_IGNORED("commandLine"),
		RD("env", rd_env, struct rc_process, env),
		RD("cwd", read_cwd, struct rc_process, cwd, RD_MUST),
		RD("capabilities", rc_read_caps, struct rc_process, capabilities),
		RD_ALL("rlimits", read_rlimits),
		RD("noNewPrivileges", rd_bool, struct rc_process, no_new_privileges),
		/* OOM_SCORE_ADJ_MIN and MAX, linux/oom.h */
		RD("oomScoreAdj", rd_opt_i64, struct rc_process, oom_score_adj, .min = -1000, .max = 1000),
		RD("apparmorProfile", rd_opt_string, struct rc_process, apparmor_profile),
		RD("selinuxLabel", rd_opt_string, struct rc_process, selinux_label),
		RD("scheduler", rc_read_scheduler, struct rc_process, scheduler),
		RD("ioPriority", rc_read_io_priority, struct rc_process, io_priority),
		RD_ALL("execCPUAffinity", read_affinity),
	};
	void *p = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_process), &p);

	*(struct rc_process **)dst = p;
	return rc == 0 && p ? check_console(r, p) : rc;
}
