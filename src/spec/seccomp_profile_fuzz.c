/* Profiles of users in docker's format. What was read can be written and read again. */
#include <assert.h>
#include <string.h>
#include "spec/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(buf) struct buf text = BUF_INIT, again = BUF_INIT;
	const struct seccomp_host host = {
		.what = "profile", .caps = 0x21, .arch = "amd64", .scmp_arch = "SCMP_ARCH_X86_64", .kernel_major = 6
	};
	struct rc_seccomp s, t;
	struct err e = ERR_NONE;

	if (seccomp_profile_read((const char *)data, size, &host, &a, &s, &e) < 0) {
		assert(e.num && e.msg[0]);
		return 0;
	}
	seccomp_profile_write(&s, &text);
	if (text.failed)
		return 0;
	assert(seccomp_profile_read(text.data, text.len, &host, &a, &t, &e) == 0);
	seccomp_profile_write(&t, &again);
	assert(again.failed || (again.len == text.len && memcmp(again.data, text.data, text.len) == 0));
	return 0;
}
