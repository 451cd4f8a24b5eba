#include "mnt/flags.h"

#include <string.h>
#include <sys/mount.h>
#include "base/str.h"
#include "base/test.h"

static struct mnt_opts parse(struct arena *a, const char *const *words)
{
	struct err e = ERR_NONE;
	struct rc_str_list l = { .v = (char **)words };
	struct mnt_opts o = { 0 };

	while (words[l.n])
		l.n++;
	int r = mnt_opts_parse(&l, a, &o, &e);
	CHECK(r == 0, "%s", e.msg);
	return o;
}

#define PARSE(...) parse(&arena, (const char *const[]){ __VA_ARGS__, NULL })
#define ATIME ((uint64_t)MOUNT_ATTR__ATIME)

TEST(every_word_means_what_the_table_says)
{
	static const struct {
		const char *word;
		uint64_t set, clr, rec_set, rec_clr;
		unsigned sb_set, sb_clr, propagation;
	} rows[] = {
		{ "async", .sb_clr = MS_SYNCHRONOUS },
		{ "atime", .clr = MOUNT_ATTR__ATIME },
		{ "defaults", .set = 0 },
		{ "dev", .clr = MOUNT_ATTR_NODEV },
		{ "diratime", .clr = MOUNT_ATTR_NODIRATIME },
		{ "dirsync", .sb_set = MS_DIRSYNC },
		{ "exec", .clr = MOUNT_ATTR_NOEXEC },
		{ "iversion", .sb_set = MS_I_VERSION },
		{ "lazytime", .sb_set = MS_LAZYTIME },
		{ "loud", .sb_clr = MS_SILENT },
		{ "mand", .sb_set = MS_MANDLOCK },
		{ "noatime", .set = MOUNT_ATTR_NOATIME, .clr = MOUNT_ATTR__ATIME },
		{ "nodev", .set = MOUNT_ATTR_NODEV },
		{ "nodiratime", .set = MOUNT_ATTR_NODIRATIME },
		{ "noexec", .set = MOUNT_ATTR_NOEXEC },
		{ "noiversion", .sb_clr = MS_I_VERSION },
		{ "nolazytime", .sb_clr = MS_LAZYTIME },
		{ "nomand", .sb_clr = MS_MANDLOCK },
		{ "norelatime", .set = 0 },
		{ "nostrictatime", .set = 0 },
		{ "nosuid", .set = MOUNT_ATTR_NOSUID },
		{ "nosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW },
		{ "private", .propagation = MS_PRIVATE },
		{ "rasync", .sb_clr = MS_SYNCHRONOUS },
		{ "ratime", .rec_clr = MOUNT_ATTR__ATIME },
		{ "rdev", .rec_clr = MOUNT_ATTR_NODEV },
		{ "rdiratime", .rec_clr = MOUNT_ATTR_NODIRATIME },
		{ "rdirsync", .sb_set = MS_DIRSYNC },
		{ "relatime", .clr = MOUNT_ATTR__ATIME },
		{ "rexec", .rec_clr = MOUNT_ATTR_NOEXEC },
		{ "rmand", .sb_set = MS_MANDLOCK },
		{ "rnoatime", .rec_set = MOUNT_ATTR_NOATIME, .rec_clr = MOUNT_ATTR__ATIME },
		{ "rnodev", .rec_set = MOUNT_ATTR_NODEV },
		{ "rnodiratime", .rec_set = MOUNT_ATTR_NODIRATIME },
		{ "rnoexec", .rec_set = MOUNT_ATTR_NOEXEC },
		{ "rnomand", .sb_clr = MS_MANDLOCK },
		{ "rnorelatime", .rec_clr = MOUNT_ATTR__ATIME },
		{ "rnostrictatime", .rec_clr = MOUNT_ATTR__ATIME },
		{ "rnosuid", .rec_set = MOUNT_ATTR_NOSUID },
		{ "rnosymfollow", .rec_set = MOUNT_ATTR_NOSYMFOLLOW },
		{ "ro", .set = MOUNT_ATTR_RDONLY, .sb_set = MS_RDONLY },
		{ "rprivate", .propagation = MS_PRIVATE | MS_REC },
		{ "rrelatime", .rec_clr = MOUNT_ATTR__ATIME },
		{ "rro", .rec_set = MOUNT_ATTR_RDONLY },
		{ "rrw", .rec_clr = MOUNT_ATTR_RDONLY },
		{ "rshared", .propagation = MS_SHARED | MS_REC },
		{ "rslave", .propagation = MS_SLAVE | MS_REC },
		{ "rstrictatime", .rec_set = MOUNT_ATTR_STRICTATIME, .rec_clr = MOUNT_ATTR__ATIME },
		{ "rsuid", .rec_clr = MOUNT_ATTR_NOSUID },
		{ "rsymfollow", .rec_clr = MOUNT_ATTR_NOSYMFOLLOW },
		{ "rsync", .sb_set = MS_SYNCHRONOUS },
		{ "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
		{ "rw", .clr = MOUNT_ATTR_RDONLY, .sb_clr = MS_RDONLY },
		{ "shared", .propagation = MS_SHARED },
		{ "silent", .sb_set = MS_SILENT },
		{ "slave", .propagation = MS_SLAVE },
		{ "strictatime", .set = MOUNT_ATTR_STRICTATIME, .clr = MOUNT_ATTR__ATIME },
		{ "suid", .clr = MOUNT_ATTR_NOSUID },
		{ "symfollow", .clr = MOUNT_ATTR_NOSYMFOLLOW },
		{ "sync", .sb_set = MS_SYNCHRONOUS },
		{ "unbindable", .propagation = MS_UNBINDABLE },
	};
	static const char *const bools[] = { "bind", "copy-symlink", "dest-nofollow", "idmap", "rbind", "remount",
		"ridmap", "src-nofollow", "tmpcopyup" };
	size_t n_words = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(arena) struct arena arena = ARENA_INIT;
		struct mnt_opts o = PARSE(rows[i].word);
		const char *w = rows[i].word;

		CHECK(o.attr_set == rows[i].set && o.attr_clr == rows[i].clr, "%s: attributes", w);
		CHECK(o.rec_attr_set == rows[i].rec_set && o.rec_attr_clr == rows[i].rec_clr, "%s: recursive", w);
		CHECK(o.sb_set == rows[i].sb_set && o.sb_clr == rows[i].sb_clr, "%s: superblock", w);
		CHECK(o.n_propagation == (rows[i].propagation != 0), "%s: propagation", w);
		CHECK(o.propagation[0] == rows[i].propagation, "%s: propagation", w);
		CHECK(o.n_data == 0, "%s: taken for data", w);
	}
	while (mnt_option_words[n_words])
		n_words++;
	CHECK(n_words == ARRAY_SIZE(rows) + ARRAY_SIZE(bools), "%zu words, the test knows %zu", n_words,
		ARRAY_SIZE(rows) + ARRAY_SIZE(bools));
	for (size_t i = 1; i < n_words; i++)
		CHECK(strcmp(mnt_option_words[i - 1], mnt_option_words[i]) < 0, "%s is out of order",
			mnt_option_words[i]);
}

TEST(switches)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct mnt_opts o = PARSE("rbind", "ridmap");

	CHECK(o.bind && o.rbind && o.idmap && o.ridmap, "the recursive words imply the plain ones");
	o = PARSE("bind", "idmap", "remount", "tmpcopyup");
	CHECK(o.bind && !o.rbind && o.idmap && !o.ridmap && o.remount && o.tmpcopyup, "plain words");
	o = PARSE("copy-symlink");
	CHECK(o.copy_symlink && !o.src_nofollow && !o.dest_nofollow, "copy-symlink");
	o = PARSE("src-nofollow", "dest-nofollow");
	CHECK(!o.copy_symlink && o.src_nofollow && o.dest_nofollow, "nofollow");
}

TEST(the_last_word_wins)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct mnt_opts o = PARSE("ro", "rw", "nosuid", "suid", "exec", "noexec");

	CHECK(o.attr_set == MOUNT_ATTR_NOEXEC, "set %#llx", (unsigned long long)o.attr_set);
	CHECK(o.attr_clr == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID), "clear %#llx", (unsigned long long)o.attr_clr);
	CHECK(o.sb_set == 0 && o.sb_clr == MS_RDONLY, "superblock");
	o = PARSE("noatime", "strictatime");
	CHECK(o.attr_set == MOUNT_ATTR_STRICTATIME && o.attr_clr == ATIME, "modes replace each other");
	o = PARSE("strictatime", "nostrictatime");
	CHECK(o.attr_set == 0 && o.attr_clr == ATIME, "nostrictatime takes it back");
	o = PARSE("rslave", "rshared", "rshared");
	CHECK(o.n_propagation == 2 && o.propagation[1] == (MS_SHARED | MS_REC), "propagation adds up");
}

TEST(data_is_passed_on)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct mnt_opts o = PARSE("size=65536k,mode=755", "nosuid,noexec", "newinstance", "lowerdir=/a\\:b:/c",
		"context=\"system_u:object_r:container_file_t:s0:c1,c2\"", "x=\\,y");
	static const struct {
		const char *key, *value;
	} want[] = { { "size", "65536k" }, { "mode", "755" }, { "newinstance", NULL }, { "lowerdir", "/a\\:b:/c" },
		{ "context", "system_u:object_r:container_file_t:s0:c1,c2" }, { "x", "\\,y" } };

	CHECK(o.n_data == ARRAY_SIZE(want), "%zu words", o.n_data);
	for (size_t i = 0; i < o.n_data; i++)
		CHECK(str_eq(o.data[i].key, want[i].key) && str_eq(o.data[i].value, want[i].value), "%s=%s",
			o.data[i].key, o.data[i].value ? o.data[i].value : "(none)");
	CHECK(o.attr_set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), "words in one string");
	const char *text = mnt_opts_ms_data(&o, &arena);
	CHECK(str_eq(text,
		      "size=65536k,mode=755,newinstance,lowerdir=/a\\:b:/c,"
		      "context=\"system_u:object_r:container_file_t:s0:c1,c2\",x=\\,y"),
		"%s", text);
	CHECK(!mnt_opts_need_mount2(&o), "fsconfig can say all this");
}

TEST(mount2_form)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	static char long_value[400] = "lowerdir=";
	struct mnt_opts o = PARSE("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "noatime", "sync");

	CHECK(mnt_opts_ms_flags(&o) ==
			(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME | MS_NOSYMFOLLOW | MS_NOATIME |
				MS_SYNCHRONOUS),
		"%#lx", mnt_opts_ms_flags(&o));
	o = PARSE("strictatime");
	CHECK(mnt_opts_ms_flags(&o) == MS_STRICTATIME, "strictatime");
	o = PARSE("relatime");
	CHECK(mnt_opts_ms_flags(&o) == MS_RELATIME, "relatime");
	o = PARSE("iversion");
	CHECK(mnt_opts_need_mount2(&o), "iversion has no fsconfig word");
	memset(long_value + 9, 'x', 300);
	o = PARSE(long_value);
	CHECK(mnt_opts_need_mount2(&o), "fsconfig refuses 300 bytes");
	CHECK(str_eq(mnt_sb_word(MS_DIRSYNC), "dirsync") && !mnt_sb_word(MS_SILENT), "words for fsconfig");
}

TEST(idmap_ranges)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct mnt_opts o = PARSE("idmap=uids=0-1-10#@10-11-10;gids=0-100-4294967295");

	CHECK(o.idmap && !o.ridmap && o.n_uid_ranges == 2 && o.n_gid_ranges == 1, "counts");
	CHECK(o.uid_ranges[0].fs == 0 && o.uid_ranges[0].host == 1 && o.uid_ranges[0].size == 10, "first");
	CHECK(!o.uid_ranges[0].relative && o.uid_ranges[1].relative && o.uid_ranges[1].fs == 10, "second");
	CHECK(o.gid_ranges[0].size == UINT32_MAX, "gids");
	o = PARSE("ridmap=gids=1-2-3");
	CHECK(o.ridmap && o.n_uid_ranges == 0 && o.n_gid_ranges == 1, "ridmap");
}

TEST(bad_words_are_named)
{
	static const struct {
		const char *word, *says;
	} rows[] = {
		{ "idmap=uids=0-1", "option idmap=uids=0-1: range 1" },
		{ "idmap=uids=0-1-0", "range 1" },
		{ "idmap=uids=0-1-10#", "range 2" },
		{ "idmap=uids=-1-1-10", "range 1" },
		{ "idmap=uids=4294967296-1-10", "range 1" },
		{ "idmap=foo", "\"foo\" is neither" },
		{ "idmap=uids=0-1-10,ro", NULL },
		{ "=x", "option =x has no name" },
		{ "shared,private,shared,private,slave", "more than 4 propagation" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(arena) struct arena arena = ARENA_INIT;
		struct err e = ERR_NONE;
		char *v[] = { (char *)rows[i].word, NULL };
		struct mnt_opts o;
		int r = mnt_opts_parse(&(struct rc_str_list){ v, 1 }, &arena, &o, &e);

		CHECK((r < 0) == (rows[i].says != NULL), "%s: %s", rows[i].word, e.msg);
		CHECK(!rows[i].says || strstr(e.msg, rows[i].says), "%s: \"%s\"", rows[i].word, e.msg);
		CHECK(!rows[i].says || e.kind == ERR_CONFIG, "%s: kind", rows[i].word);
	}
}

TEST(binds_take_no_foreign_words)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct err e = ERR_NONE;
	struct mnt_opts o = PARSE("bind", "ro", "siize=3");

	CHECK(mnt_opts_check_bind(&o, &e) < 0 && strstr(e.msg, "siize"), "%s", e.msg);
	err_clear(&e);
	o = PARSE("bind", "copy-symlink", "src-nofollow");
	CHECK(mnt_opts_check_bind(&o, &e) < 0, "exclusive words");
	err_clear(&e);
	o = PARSE("rbind", "ro", "rprivate");
	CHECK(mnt_opts_check_bind(&o, &e) == 0, "%s", e.msg);
}

TEST_MAIN(T(every_word_means_what_the_table_says), T(switches), T(the_last_word_wins), T(data_is_passed_on),
	T(mount2_form), T(idmap_ranges), T(bad_words_are_named), T(binds_take_no_foreign_words))
