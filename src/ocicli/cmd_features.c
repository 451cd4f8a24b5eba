/* features: what this runtime can do, as the document of runtime-spec features.md. Callers decide
 * by it: containerd refuses user namespaces without mountExtensions.idmap and recursive read-only
 * mounts without "rro" among the mount options, so a key that is missing is a feature that is
 * missing. */
#include "mnt/flags.h"
#include "ocicli/cli.h"
#include "sec/seccomp.h"

static const char *const hooks[] = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart",
	"poststop", NULL };
static const char *const policy_modes[] = { "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL", NULL };
static const char *const policy_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES",
	NULL };
/* Annotations that change what happens on the host; a trailing dot makes it a prefix. */
static const char *const unsafe_annotations[] = { "bundle", "org.criu.config", "org.systemd.property.", "run.oci.",
	NULL };

/* An indented JSON writer: objects and arrays know whether a comma is due. */
struct writer {
	struct buf *b;
	int depth;
	bool first;
};

static void new_item(struct writer *w)
{
	buf_str(w->b, w->first ? "\n" : ",\n");
	w->first = false;
	for (int i = 0; i < w->depth; i++)
		buf_str(w->b, "    ");
}

static void key(struct writer *w, const char *name)
{
	new_item(w);
	buf_json_str(w->b, name);
	buf_str(w->b, ": ");
}

static void open_bracket(struct writer *w, const char *bracket)
{
	buf_str(w->b, bracket);
	w->depth++;
	w->first = true;
}

static void close_bracket(struct writer *w, const char *bracket)
{
	w->depth--;
	w->first = true;
	new_item(w);
	w->first = false;
	buf_str(w->b, bracket);
}

static void object(struct writer *w, const char *name)
{
	key(w, name);
	open_bracket(w, "{");
}

static void text(struct writer *w, const char *name, const char *value)
{
	key(w, name);
	buf_json_str(w->b, value);
}

static void yes(struct writer *w, const char *name)
{
	key(w, name);
	buf_str(w->b, "true");
}

static void words(struct writer *w, const char *name, const char *const *list)
{
	key(w, name);
	open_bracket(w, "[");
	for (; *list; list++) {
		new_item(w);
		buf_json_str(w->b, *list);
	}
	close_bracket(w, "]");
}

static void enabled(struct writer *w, const char *name)
{
	object(w, name);
	yes(w, "enabled");
	close_bracket(w, "}");
}

static void add_capabilities(struct writer *w)
{
	const char *names[65] = { NULL };

	for (int i = 0; i < 64 && rc_capability_name(i); i++)
		names[i] = rc_capability_name(i);
	words(w, "capabilities", names);
}

static void add_seccomp(struct writer *w)
{
	const char *flags[SECCOMP_N_FLAGS + 1] = { NULL };
	size_t n = 0;

	seccomp_features_flags(flags, &n);
	flags[n] = NULL;
	object(w, "seccomp");
	yes(w, "enabled");
	words(w, "actions", seccomp_actions);
	words(w, "operators", seccomp_operators);
	words(w, "archs", seccomp_archs);
	words(w, "knownFlags", seccomp_known_flags);
	words(w, "supportedFlags", flags);
	close_bracket(w, "}");
}

static void add_linux(struct writer *w)
{
	const char *namespaces[RC_N_NS + 1] = { NULL };

	for (int i = 0; i < RC_N_NS; i++)
		namespaces[i] = rc_ns_names[i];
	object(w, "linux");
	words(w, "namespaces", namespaces);
	add_capabilities(w);
	object(w, "cgroup");
	yes(w, "v1");
	yes(w, "v2");
	yes(w, "systemd");
	yes(w, "systemdUser");
	yes(w, "rdma");
	close_bracket(w, "}");
	add_seccomp(w);
	enabled(w, "apparmor");
	enabled(w, "selinux");
	object(w, "intelRdt");
	yes(w, "enabled");
	yes(w, "schemata");
	yes(w, "monitoring");
	close_bracket(w, "}");
	object(w, "memoryPolicy");
	words(w, "modes", policy_modes);
	words(w, "flags", policy_flags);
	close_bracket(w, "}");
	object(w, "mountExtensions");
	enabled(w, "idmap");
	close_bracket(w, "}");
	enabled(w, "netDevices");
	close_bracket(w, "}");
}

static int features(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct writer w = { .b = &b };
	char version[32];

	open_bracket(&w, "{");
	text(&w, "ociVersionMin", "1.0.0");
	text(&w, "ociVersionMax", CLI_SPEC_VERSION);
	words(&w, "hooks", hooks);
	words(&w, "mountOptions", mnt_option_words);
	add_linux(&w);
	object(&w, "annotations");
	text(&w, "io.github.seccomp.libseccomp.version", seccomp_lib_version(version, sizeof(version)));
	/* Callers look for these keys whatever the runtime is called. */
	text(&w, "org.opencontainers.runc.checkpoint.enabled", "true");
	text(&w, "org.opencontainers.runc.commit", CLI_COMMIT);
	text(&w, "org.opencontainers.runc.version", TARE_VERSION);
	text(&w, "run.oci.crun.checkpoint.enabled", "true");
	close_bracket(&w, "}");
	words(&w, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
	close_bracket(&w, "}");
	buf_str(&b, "\n");
	return cli_write(&b, e);
}

const struct command cmd_features = {
	.name = "features", .operands = "", .summary = "print what this runtime can do, as JSON", .run = features
};
