#include "sys/kfeat.h"

#include <fcntl.h>
#include <string.h>
#include "base/test.h"
#include "sys/io.h"

TEST(releases)
{
	CHECK(kfeat_release_of("6.18.44-fc") == 6018 && kfeat_release_of("6.1") == 6001, "versions");
	CHECK(kfeat_release_of("5.10-rc1") == 5010 && kfeat_release_of("x") == 0 && kfeat_release_of("6.") == 0, "odd");
	CHECK(kfeat_release() >= KFEAT_FLOOR, "this kernel is older than what we support");
}

TEST(the_table_is_in_order)
{
	for (size_t i = 0; i < kfeat_len; i++) {
		const struct kfeat *f = &kfeat_table[i];

		CHECK(i == 0 || kfeat_table[i - 1].since <= f->since, "%s", f->name);
		CHECK(f->since <= KFEAT_FLOOR || f->without, "%s is beyond the floor and has no way without", f->name);
		CHECK(f->since > kfeat_release() || kfeat_have(f), "%s should be here", f->name);
		CHECK(!strchr(f->name, '|') && !strchr(f->used_for, '|'), "%s would break the document", f->name);
	}
}

TEST(the_document_agrees)
{
	static const char path[] = TEST_SOURCE_DIR "/docs/kernel.md";
	struct err e = ERR_NONE;
	AUTO(buf) struct buf want = BUF_INIT;
	AUTO(buf) struct buf have = BUF_INIT;

	kfeat_document(&want);
	if (getenv("TARE_WRITE_DOCS")) {
		auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		CHECK(fd >= 0 && io_write_all(fd, want.data, want.len, &e) == 0, "%s", e.msg);
	}
	CHECK(io_read_file_at(AT_FDCWD, path, 1 << 20, &have, &e) == 0, "%s", e.msg);
	CHECK(strcmp(want.data, have.data) == 0, "run this test with TARE_WRITE_DOCS=1");
}

TEST_MAIN(T(releases), T(the_table_is_in_order), T(the_document_agrees))
