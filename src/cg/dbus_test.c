#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/test.h"
#include "cg/clock.h"
#include "cg/dbus.h"
#include "cg/gvariant.h"

static void message(struct buf *out)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct err e = ERR_NONE;
	struct dbus_head h = { .type = DBUS_SIGNAL,
		.serial = 7,
		.path = "/a/b",
		.interface = "x.Y",
		.member = "Z",
		.signature = "suta(sv)" };
	size_t start;

	dbus_put_str(&body, "hello");
	dbus_put_u32(&body, 5);
	dbus_put_u64(&body, 1ull << 40);
	size_t len_at = dbus_array_begin(&body, 8, &start);
	dbus_align(&body, 8);
	dbus_put_str(&body, "k");
	dbus_put_sig(&body, "as");
	size_t inner, inner_at = dbus_array_begin(&body, 4, &inner);
	dbus_put_str(&body, "one");
	dbus_put_str(&body, "two");
	dbus_array_end(&body, inner_at, inner);
	dbus_array_end(&body, len_at, start);
	CHECK(dbus_message(&h, &body, out, &e) == 0, "%s", e.msg);
}

TEST(what_is_written_is_read)
{
	AUTO(buf) struct buf out = BUF_INIT;
	struct dbus_msg m;
	struct err e = ERR_NONE;

	message(&out);
	CHECK(dbus_size((const uint8_t *)out.data, &e) == out.len, "%s", e.msg);
	CHECK(dbus_parse((const uint8_t *)out.data, out.len, &m, &e) == 0, "%s", e.msg);
	assert_string_equal(m.path, "/a/b");
	assert_string_equal(m.interface, "x.Y");
	assert_string_equal(m.member, "Z");
	assert_string_equal(m.signature, "suta(sv)");
	struct dbus_in in = dbus_in_body(&m);
	assert_string_equal(dbus_get_str(&in), "hello");
	CHECK(dbus_get_u32(&in) == 5, "u32");
	CHECK(dbus_get_u64(&in) == 1ull << 40, "u64");
	dbus_skip(&in, "a(sv)");
	CHECK(!in.bad && in.at == in.len, "%zu of %zu", in.at, in.len);
	dbus_get_u32(&in);
	CHECK(in.bad, "read beyond the end");
}

/* No change of one byte and no cut makes the parser read outside (ASan) or go on for ever. */
TEST(broken_messages_are_refused_or_read_within)
{
	AUTO(buf) struct buf out = BUF_INIT;

	message(&out);
	for (size_t i = 0; i < out.len; i++)
		for (unsigned v = 0; v < 256; v += 5) {
			struct dbus_msg m;
			struct err e = ERR_NONE;
			char old = out.data[i];

			out.data[i] = (char)v;
			if (dbus_parse((const uint8_t *)out.data, out.len, &m, &e) == 0) {
				struct dbus_in in = dbus_in_body(&m);

				dbus_skip(&in, m.signature);
			}
			out.data[i] = old;
		}
	for (size_t n = 0; n < out.len; n++) {
		struct dbus_msg m;
		struct err e = ERR_NONE;

		CHECK(dbus_parse((const uint8_t *)out.data, n, &m, &e) < 0, "%zu bytes", n);
	}
}

TEST(signatures_that_would_never_end)
{
	static const char *const bad[] = { "a()", "(", "a", "a{", "aaaaaaaaaaaaaaaaaaaai", "z", "()" };
	uint8_t data[64];

	memset(data, 8, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct dbus_in in = { .data = data, .len = sizeof(data) };

		dbus_skip(&in, bad[i]);
		CHECK(in.bad, "took %s", bad[i]);
	}
}

TEST(gvariant_values)
{
	static const struct {
		const char *text, *sig, *bytes;
		size_t n;
	} t[] = {
		{ "true", "b", "\1\0\0\0", 4 },
		{ " 5 ", "i", "\5\0\0\0", 4 },
		{ "-1", "i", "\377\377\377\377", 4 },
		{ "uint64 5", "t", "\5\0\0\0\0\0\0\0", 8 },
		{ "byte 0x1f", "y", "\37", 1 },
		{ "'a\\'b'", "s", "\3\0\0\0a'b\0", 8 },
		{ "\"x\"", "s", "\1\0\0\0x\0", 6 },
		{ "['a', 'b']", "as", "\16\0\0\0\1\0\0\0a\0\0\0\1\0\0\0b\0", 18 },
		{ "@as []", "as", "\0\0\0\0", 4 },
		{ "@a(ss) []", "a(ss)", "\0\0\0\0\0\0\0\0", 8 },
		{ "[uint64 1, 2]", "at", "\20\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 24 },
		{ "(true, 'x')", "(bs)", "\1\0\0\0\1\0\0\0x\0", 10 },
		{ "[['a']]", "aas", "\12\0\0\0\6\0\0\0\1\0\0\0a\0", 14 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		AUTO(buf) struct buf b = BUF_INIT;
		struct err e = ERR_NONE;
		char sig[GV_SIG_SIZE];

		CHECK(gv_type(t[i].text, sig, &e) == 0, "%s: %s", t[i].text, e.msg);
		assert_string_equal(sig, t[i].sig);
		CHECK(gv_encode(t[i].text, sig, &b, &e) == 0, "%s: %s", t[i].text, e.msg);
		CHECK(b.len == t[i].n && memcmp(b.data, t[i].bytes, b.len) == 0, "%s: %zu bytes", t[i].text, b.len);
	}
}

TEST(gvariant_refusals)
{
	static const char *const bad[] = { "", "abc", "'x", "[1, 'a']", "[]", "1 2", "uint64 -1", "byte 256",
		"[[[[[[[[[1]]]]]]]]]", "{}", "<1>", "uint64 99999999999999999999", "true x", "uint64 'a'", "(1", "@",
		"@as [1]", "@a []", "@() []", "@(s []" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(buf) struct buf b = BUF_INIT;
		struct err e = ERR_NONE;
		char sig[GV_SIG_SIZE];

		CHECK(gv_type(bad[i], sig, &e) < 0 || gv_encode(bad[i], sig, &b, &e) < 0, "took %s as %s", bad[i], sig);
		CHECK(e.kind == ERR_CONFIG, "%s", e.msg);
	}
}

TEST(gvariant_seconds)
{
	struct err e = ERR_NONE;
	uint64_t us;

	CHECK(gv_seconds("5", &us, &e) == 0 && us == 5000000, "%s", e.msg);
	CHECK(gv_seconds("uint64 1", &us, &e) == 0 && us == 1000000, "%s", e.msg);
	CHECK(gv_seconds("1.25", &us, &e) == 0 && us == 1250000, "%s", e.msg);
	CHECK(gv_seconds("'5s'", &us, &e) < 0, "a string");
}

/* A bus that listens and says what it is given, or nothing. */
static int listen_as_bus(char *address, size_t size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	fmt_to(a.sun_path, sizeof(a.sun_path), "/tmp/tare-test-bus-%d", (int)getpid());
	fmt_to(address, size, "unix:path=%s", a.sun_path);
	unlink(a.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 4) == 0, "listen");
	return fd;
}

TEST(a_silent_bus_is_left)
{
	char address[128];
	int fd = listen_as_bus(address, sizeof(address));
	struct dbus d;
	struct err e = ERR_NONE;
	int64_t start = cg_now_ms();

	CHECK(dbus_open_address(address, 50, &d, &e) == -ETIMEDOUT, "%s", e.msg);
	CHECK(cg_now_ms() - start < 5000, "too late");
	CHECK(e.hint[0], "no hint");
	close(fd);
	unlink(address + strlen("unix:path="));
}

TEST(a_hostile_bus_is_refused)
{
	static const char *const greetings[] = { "REJECTED ANONYMOUS\r\n", "DATA\r\nERROR\r\n",
		"DATA\r\nOK x\r\nB\1\1\1\0\0\0\0\1\0\0\0\0\0\0\0",
		"DATA\r\nOK x\r\nl\1\1\1\377\377\377\377\1\0\0\0\0\0\0\0" };
	char address[128];
	int fd = listen_as_bus(address, sizeof(address));

	for (size_t i = 0; i < ARRAY_SIZE(greetings); i++) {
		struct dbus d;
		struct err e = ERR_NONE;
		pid_t pid = fork();

		if (pid == 0) {
			int c = accept(fd, NULL, NULL);
			size_t n = i < 2 ? strlen(greetings[i]) : strlen("DATA\r\nOK x\r\n") + 16;

			_exit(write(c, greetings[i], n) != (ssize_t)n);
		}
		CHECK(dbus_open_address(address, 10000, &d, &e) < 0, "greeting %zu", i);
		CHECK(e.num != ETIMEDOUT, "%s", e.msg);
	}
	close(fd);
	unlink(address + strlen("unix:path="));
}

TEST(addresses)
{
	static const char *const bad[] = { "", "tcp:host=x", "unix:guid=1",
		"unix:path=", "unix:path=/nonexistent/tare-bus" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct dbus d;
		struct err e = ERR_NONE;

		CHECK(dbus_open_address(bad[i], 1000, &d, &e) < 0, "%s", bad[i]);
	}
}

TEST_MAIN(T(what_is_written_is_read), T(broken_messages_are_refused_or_read_within), T(signatures_that_would_never_end),
	T(gvariant_values), T(gvariant_refusals), T(gvariant_seconds), T(a_silent_bus_is_left),
	T(a_hostile_bus_is_refused), T(addresses))
