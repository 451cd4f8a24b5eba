#include "engine/mountopt.h"

#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"

enum kind { VOLUME, MOUNT, TMPFS };

static int parse(enum kind k, struct arena *a, const char *text, struct ct_mount *m, struct err *e)
{
	*m = (struct ct_mount){ .type = 99 };
	return k == VOLUME   ? mountopt_volume(a, text, m, e)
		: k == MOUNT ? mountopt_mount(a, text, m, e)
			     : mountopt_tmpfs(a, text, m, e);
}

/* All that a mount says, in one line. */
static const char *show(const struct ct_mount *m)
{
	static char text[1024];
	static const char *const types[] = { "bind", "volume", "tmpfs" };
	size_t n = fmt_to(text, sizeof(text), "%s %s %s", types[m->type],
		m->anonymous	    ? "*"
			: m->source ? m->source
				    : "-",
		m->destination);
	const struct {
		bool on;
		const char *word;
	} flags[] = { { m->read_only, "ro" }, { m->recursive_read_only, "rro" }, { m->non_recursive, "flat" },
		{ m->no_copy, "nocopy" }, { m->idmap, "idmap" }, { m->chown, "U" }, { m->relabel == 'z', "z" },
		{ m->relabel == 'Z', "Z" }, { m->create_source, "create" } };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].on)
			n += fmt_to(text + n, sizeof(text) - n, " %s", flags[i].word);
	if (m->propagation)
		n += fmt_to(text + n, sizeof(text) - n, " %s", m->propagation);
	if (m->tmpfs_size)
		n += fmt_to(text + n, sizeof(text) - n, " size=%llu", (unsigned long long)m->tmpfs_size);
	if (m->tmpfs_mode)
		n += fmt_to(text + n, sizeof(text) - n, " mode=%o", m->tmpfs_mode);
	for (size_t i = 0; i < m->tmpfs_options.n; i++)
		n += fmt_to(text + n, sizeof(text) - n, " [%s]", m->tmpfs_options.v[i]);
	return text;
}

TEST(means_what_docker_means)
{
	static const struct {
		enum kind kind;
		const char *text, *want;
	} cases[] = {
		{ VOLUME, "/data", "volume * /data" },
		{ VOLUME, "/data:ro", "volume * /data ro" },
		{ VOLUME, "/data:nocopy,ro", "volume * /data ro nocopy" },
		{ VOLUME, "db:/var/lib/db", "volume db /var/lib/db" },
		{ VOLUME, "db:/var/lib/db:ro,nocopy", "volume db /var/lib/db ro nocopy" },
		{ VOLUME, "/a:/b", "bind /a /b create" },
		{ VOLUME, "/a:/b//c/./d/", "bind /a /b/c/d create" },
		{ VOLUME, "/a:/../../b/x/..", "bind /a /b create" },
		{ VOLUME, "/a:/b:ro,z,rslave", "bind /a /b ro z create rslave" },
		{ VOLUME, "/a:/b:Z,U,rw", "bind /a /b U Z create" },
		{ VOLUME, "/a:/b:idmap,cached", "bind /a /b idmap create" },
		{ VOLUME, "/:/host:rshared", "bind / /host create rshared" },
		{ MOUNT, "type=bind,source=/a,target=/b", "bind /a /b" },
		{ MOUNT, "TYPE=bind,SRC=/a,dst=/b,readonly", "bind /a /b ro" },
		{ MOUNT, "type=bind,src=/a,dst=/b,ro=false", "bind /a /b" },
		{ MOUNT, "type=bind,src=/a,dst=/b,bind-create-src", "bind /a /b create" },
		{ MOUNT,
			"type=bind,src=/a,dst=/"
			"b,readonly,bind-recursive=readonly,bind-propagation=rprivate",
			"bind /a /b ro rro rprivate" },
		{ MOUNT, "type=bind,src=/a,dst=/b,bind-recursive=disabled", "bind /a /b flat" },
		{ MOUNT, "type=bind,src=/a,dst=/b,bind-nonrecursive=1,bind-propagation=shared",
			"bind /a /b flat shared" },
		{ MOUNT, "type=bind,src=/a,dst=/b,relabel=private,U", "bind /a /b U Z" },
		{ MOUNT, "type=bind,\"src=/a,b\"\"c\",dst=/b", "bind /a,b\"c /b" },
		{ MOUNT, "dst=/b", "volume * /b" },
		{ MOUNT, "type=volume,source=db,destination=/b,volume-nocopy,volume-driver=local",
			"volume db /b nocopy" },
		{ MOUNT, "type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=0700", "tmpfs - /t size=67108864 mode=700" },
		{ MOUNT, "type=tmpfs,dst=/t,tmpfs-mode=0", "tmpfs - /t [mode=0]" },
		{ TMPFS, "/t", "tmpfs - /t" },
		{ TMPFS, "/t:size=1g,mode=1777,exec,uid=3,ro",
			"tmpfs - /t ro size=1073741824 mode=1777 [exec] [uid=3]" },
		{ TMPFS, "/t:rw,size=50%,nr_inodes=4k", "tmpfs - /t [size=50%] [nr_inodes=4k]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		struct err e = ERR_NONE;
		struct ct_mount m;

		CHECK(parse(cases[i].kind, &a, cases[i].text, &m, &e) == 0, "%s: %s", cases[i].text, e.msg);
		CHECK(str_eq(show(&m), cases[i].want), "%s is %s", cases[i].text, show(&m));
		CHECK(!m.anonymous || strlen(m.source) == 64, "%s is called %s", cases[i].text, m.source);
	}
}

TEST(refuses_by_name)
{
	static const struct {
		enum kind kind;
		const char *text, *says;
	} cases[] = {
		{ VOLUME, "", "empty section" },
		{ VOLUME, ":/a", "empty section" },
		{ VOLUME, "/a:", "empty section" },
		{ VOLUME, "/a:/b:", "empty section" },
		{ VOLUME, "/a:/b:ro:x", "invalid volume specification" },
		{ VOLUME, "/", "can't be '/'" },
		{ VOLUME, "/a:/..", "can't be '/'" },
		{ VOLUME, "a/b:/c", "includes invalid characters" },
		{ VOLUME, "x:/c", "too short" },
		{ VOLUME, "db:c", "must be absolute" },
		{ VOLUME, "data", "must be absolute" },
		{ VOLUME, "/a:/b:rox", "invalid mode: rox" },
		{ VOLUME, "/a:/b:ro,rw", "contradicts" },
		{ VOLUME, "/a:/b:z,Z", "contradicts" },
		{ VOLUME, "/a:/b:shared,slave", "contradicts" },
		{ VOLUME, "/a:/b:nocopy", "nocopy is for volumes" },
		{ VOLUME, "db:/b:shared", "propagation is for directories" },
		{ MOUNT, "", "must be a key=value pair" },
		{ MOUNT, "type=bind,dst=/b", "source is required" },
		{ MOUNT, "type=bind,src=a,dst=/b", "must be absolute" },
		{ MOUNT, "type=bind,src=/a", "target is required" },
		{ MOUNT, "type=bind,src=,dst=/b", "invalid value for src" },
		{ MOUNT, "type=nfs,dst=/b", "invalid value for type: nfs" },
		{ MOUNT, "type=image,src=x,dst=/b", "type image are not supported" },
		{ MOUNT, "type=bind,src=/a,dst=/b,sauce=1", "unexpected key 'sauce'" },
		{ MOUNT, "type=bind,src=/a,dst=/b,readonly=maybe", "invalid value for readonly: maybe" },
		{ MOUNT, "type=bind,src=/a,dst=/b,tmpfs-size=1", "tmpfs-size is not for mounts" },
		{ MOUNT, "type=bind,src=/a,dst=/b,bind-propagation=up", "invalid value for bind-propagation: up" },
		{ MOUNT, "type=bind,src=/a,dst=/b,bind-recursive=readonly", "goes with readonly" },
		{ MOUNT, "type=volume,src=db,dst=/b,volume-subpath=x", "volume-subpath is not supported" },
		{ MOUNT, "type=volume,src=db,dst=/b,volume-opt=type=nfs", "volume-opt is not supported" },
		{ MOUNT, "type=tmpfs,src=x,dst=/b", "a tmpfs has no source" },
		{ MOUNT, "type=tmpfs,dst=/b,tmpfs-mode=8", "invalid mode for a tmpfs: 8" },
		{ MOUNT, "type=tmpfs,dst=/b,tmpfs-size=lots", "invalid size for a tmpfs: lots" },
		{ MOUNT, "type=bind,\"src=/a,dst=/b", "has no end" },
		{ MOUNT, "type=bind,\"src=/a\"x,dst=/b", "follows a quoted field" },
		{ TMPFS, "t", "must be absolute" },
		{ TMPFS, "/t:sizes=1", "invalid tmpfs option \"sizes=1\"" },
		{ TMPFS, "/t:mode=999", "invalid mode for a tmpfs: 999" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		struct err e = ERR_NONE;
		struct ct_mount m;

		CHECK(parse(cases[i].kind, &a, cases[i].text, &m, &e) < 0, "\"%s\" was taken as %s", cases[i].text,
			show(&m));
		CHECK(e.kind == ERR_USAGE || e.kind == ERR_UNSUPPORTED, "%s: kind %d", cases[i].text, e.kind);
		CHECK(strstr(e.msg, cases[i].says), "\"%s\": %s", cases[i].text, e.msg);
		CHECK(e.hint[0], "\"%s\" has no hint", cases[i].text);
	}
}

TEST(an_images_volumes_stay_inside)
{
	static const char *const bad[] = { "data", "", "/", "/a/../..", "/..", "/a/.." };
	AUTO(arena) struct arena a = ARENA_INIT;
	struct ct_mount m;
	struct err e = ERR_NONE;

	CHECK(mountopt_image_volume(&a, "/a/b/", &m, &e) == 0, "%s", e.msg);
	CHECK(str_eq(m.destination, "/a/b") && m.anonymous, "%s", show(&m));
	CHECK(mountopt_image_volume(&a, "/a..b/..c", &m, &e) == 0, "%s", e.msg);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&e);
		CHECK(mountopt_image_volume(&a, bad[i], &m, &e) < 0 && e.kind == ERR_CONFIG, "%s was taken", bad[i]);
	}
}

TEST(adds_sorts_and_finds_duplicates)
{
	static const char *const given[] = { "/a/b/c", "/x", "/a", "/a/b", "/y", "/b/c" };
	static const char *const want[] = { "/x", "/a", "/y", "/a/b", "/b/c", "/a/b/c" };
	struct ct_config c = { .n_mounts = 0 };
	struct err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		struct ct_mount m;

		CHECK(mountopt_tmpfs(&c.arena, given[i], &m, &e) == 0 && mountopt_add(&c, &m, &e) == 0, "%s", e.msg);
		CHECK(mountopt_add(&c, &m, &e) < 0 && strstr(e.msg, "Duplicate mount point"), "%s twice", given[i]);
		err_clear(&e);
	}
	mountopt_sort(&c);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK(str_eq(c.mounts[i].destination, want[i]), "%zu is %s", i, c.mounts[i].destination);
	arena_done(&c.arena);
}

TEST_MAIN(T(means_what_docker_means), T(refuses_by_name), T(an_images_volumes_stay_inside),
	T(adds_sorts_and_finds_duplicates))
