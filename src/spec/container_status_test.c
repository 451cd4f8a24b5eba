#include <string.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/container_status.h"

TEST(every_member_survives)
{
	struct ct_status s = { .state = CT_RESTARTING,
		.pid = 12,
		.start_ticks = UINT64_MAX,
		.boot = "b",
		.monitor = 13,
		.exit_code = 137,
		.exit_unknown = true,
		.oom_killed = true,
		.stopped_by_user = true,
		.error = "a \"b\"\n",
		.oom = "o",
		.started = "s",
		.finished = "f",
		.restart_count = UINT32_MAX,
		.restart_delay_ms = 60000,
		.id_slot = 7,
		.lost_records = 9 };
	struct ct_status got;
	struct err e = ERR_NONE;
	AUTO(buf) struct buf b = BUF_INIT;

	ct_status_write(&s, &b);
	CHECK(ct_status_read(b.data, b.len, &got, &e) == 0, "%s", e.msg);
	CHECK(got.exit_code == 137 && got.lost_records == 9 && got.pid == 12 && got.start_ticks == UINT64_MAX, "%s",
		b.data);
	CHECK(str_eq(got.error, s.error) && got.id_slot == 7 && got.state == CT_RESTARTING, "%s", b.data);
}

TEST(a_fresh_one_is_short)
{
	struct ct_status s = CT_STATUS_INIT, got;
	struct err e = ERR_NONE;
	AUTO(buf) struct buf b = BUF_INIT;

	ct_status_write(&s, &b);
	CHECK(str_eq(b.data, "{\"Format\":1,\"State\":\"created\"}"), "%s", b.data);
	CHECK(ct_status_read(b.data, b.len, &got, &e) == 0 && got.id_slot == -1, "%s", e.msg);
}

TEST(broken_ones_are_refused)
{
	static const char *const broken[] = { "", "[]", "{}", "{\"Format\":1}", "{\"Format\":2,\"State\":\"created\"}",
		"{\"Format\":1,\"State\":\"flying\"}", "{\"Format\":1,\"State\":\"created\",\"Pid\":99999999999}",
		"{\"Format\":1,\"State\":\"created\",\"OOMKilled\":1}", "{\"Format\":1,\"State\":\"created\"} x" };
	static const char long_boot[] =
		"{\"Format\":1,\"State\":\"created\",\"Boot\":\"01234567890123456789012345678901234567\"}";

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct ct_status got;
		struct err e = ERR_NONE;

		CHECK(ct_status_read(broken[i], strlen(broken[i]), &got, &e) < 0 && e.msg[0], "%s", broken[i]);
	}
	struct ct_status got;
	struct err e = ERR_NONE;
	CHECK(ct_status_read(long_boot, strlen(long_boot), &got, &e) < 0, "took an overlong boot id");
}

TEST_MAIN(T(every_member_survives), T(a_fresh_one_is_short), T(broken_ones_are_refused))
