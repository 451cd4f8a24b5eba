#include "sys/nlsock.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include "base/test.h"

struct answer {
	struct nlmsghdr h;
	struct ifinfomsg i;
	unsigned char attrs[64];
};

static struct answer with(const void *attrs, size_t n)
{
	struct answer a = { .h = { .nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct ifinfomsg)) + n) } };

	memcpy(a.attrs, attrs, n);
	return a;
}

TEST(attributes_stay_within_the_message)
{
	uint16_t good[] = { 8, 4, 0x0201, 0x0403, 7, 3, 'a' | 'b' << 8, 0 };
	uint16_t beyond[] = { 60, 4, 1, 1 }, tiny[] = { 2, 4, 1, 1 }, zero[] = { 0, 4, 0, 4 };
	struct answer a = with(good, sizeof(good));
	uint32_t v;

	CHECK(nl_attr_u32(&a.h, sizeof(a.i), 4, &v) && v == 0x04030201, "number");
	CHECK(strcmp(nl_attr_str(&a.h, sizeof(a.i), 3), "ab") == 0, "string");
	CHECK(!nl_attr_str(&a.h, sizeof(a.i), 9) && !nl_attr_u32(&a.h, sizeof(a.i), 3, &v), "absent, other size");
	a = with(beyond, sizeof(beyond));
	CHECK(!nl_attr_u32(&a.h, sizeof(a.i), 4, &v), "longer than the message");
	a = with(tiny, sizeof(tiny));
	CHECK(!nl_attr_u32(&a.h, sizeof(a.i), 4, &v), "shorter than its header");
	a = with(zero, sizeof(zero));
	CHECK(!nl_attr_u32(&a.h, sizeof(a.i), 4, &v), "no progress");
	a.h.nlmsg_len = 3;
	CHECK(!nl_attr_u32(&a.h, sizeof(a.i), 4, &v), "no room for anything");
	good[7] = 'x' << 8 | 'x';
	good[4] = 8;
	a = with(good, sizeof(good));
	CHECK(!nl_attr_str(&a.h, sizeof(a.i), 3), "no NUL");
}

TEST(a_full_message_is_an_error)
{
	static char big[NL_MSG_SIZE];
	struct ifinfomsg i = { 0 };
	struct err e = ERR_NONE;
	struct nl_msg m;

	nl_begin(&m, RTM_GETLINK, 0, &i, sizeof(i));
	nl_put(&m, 1, big, sizeof(big));
	nl_put_u32(&m, 2, 1);
	CHECK(nl_call(-1, &m, NULL, NULL, &e) == -EMSGSIZE && e.kind == ERR_BUG, "%s", e.msg);
}

static int count(const struct nlmsghdr *h, void *arg, struct err *e)
{
	++*(int *)arg;
	return 0;
}

static int refuse(const struct nlmsghdr *h, void *arg, struct err *e)
{
	return err_num(e, ECANCELED, "enough");
}

TEST(calls)
{
	struct err e = ERR_NONE;
	struct ifinfomsg i = { 0 };
	struct nl_msg m;
	int n = 0;
	auto_fd int nl = nl_open(NETLINK_ROUTE, &e);

	CHECK(nl >= 0, "%s", e.msg);
	nl_begin(&m, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	CHECK(nl_call(nl, &m, refuse, NULL, &e) == -ECANCELED, "%s", e.msg);
	err_clear(&e);
	/* What is left of the dump that was given up is not taken for the next answer. */
	nl_begin(&m, RTM_GETLINK, 0, &i, sizeof(i));
	nl_put_str(&m, IFLA_IFNAME, "nosuchlink");
	CHECK(nl_call(nl, &m, count, &n, &e) == -ENODEV && n == 0, "%s", e.msg);
	err_clear(&e);
	nl_begin(&m, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	CHECK(nl_call(nl, &m, count, &n, &e) == 0 && n > 0, "%s", e.msg);
}

TEST_MAIN(T(attributes_stay_within_the_message), T(a_full_message_is_an_error), T(calls))
