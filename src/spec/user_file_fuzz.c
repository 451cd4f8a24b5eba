/* passwd and group files of images: nothing that is not well-formed becomes an id. */
#include <assert.h>
#include <string.h>
#include "base/cleanup.h"
#include "spec/user_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct user_text t, const char *from, size_t size)
{
	assert(!t.n || (t.s >= from && t.s + t.n <= from + size));
	assert(!t.n || (!memchr(t.s, ':', t.n) && !memchr(t.s, '\n', t.n) && !memchr(t.s, '\0', t.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct user_passwd p;
	struct user_group g;

	for (struct user_file f = user_file(text, size); user_file_passwd(&f, &p);) {
		assert(p.uid != UINT32_MAX && p.gid != UINT32_MAX && p.name.n);
		check(p.name, text, size);
		check(p.home, text, size);
	}
	for (struct user_file f = user_file(text, size); user_file_group(&f, &g);) {
		assert(g.gid != UINT32_MAX && g.name.n);
		check(g.name, text, size);
		(void)user_list_has(g.members, "user");
	}
	return 0;
}
