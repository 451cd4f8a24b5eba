#include "net/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include "base/test.h"
#include "sys/nlsock.h"

TEST(names)
{
	static const struct {
		const char *name;
		bool template, ok;
	} rows[] = {
		{ "eth0", false, true },
		{ "", false, false },
		{ "a234567890123456", false, false },
		{ "a23456789012345", false, true },
		{ "a/b", false, false },
		{ "a:b", false, false },
		{ "a b", false, false },
		{ ".", false, false },
		{ "..", false, false },
		{ "eth%d", true, true },
		{ "eth%d", false, false },
		{ "e%dx%d", true, false },
		{ "e%s", true, false },
		{ "a\nb", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_NONE;
		int r = net_link_check_name(rows[i].name, rows[i].template, &e);

		CHECK((r == 0) == rows[i].ok, "\"%s\": %s", rows[i].name, e.msg);
	}
}

/* --- in network namespaces of our own ---------------------------------------------------------------------- */

static bool isolate(void)
{
	return unshare(CLONE_NEWNET) == 0;
}

static void add_pair(int nl, const char *name, const char *peer)
{
	struct ifinfomsg i = { 0 };
	struct err e = ERR_NONE;
	struct nl_msg m;

	nl_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &i, sizeof(i));
	nl_put_str(&m, IFLA_IFNAME, name);
	size_t info = nl_nest(&m, IFLA_LINKINFO);
	nl_put_str(&m, IFLA_INFO_KIND, "veth");
	size_t data = nl_nest(&m, IFLA_INFO_DATA);
	size_t other = nl_nest(&m, VETH_INFO_PEER);
	/* The peer's attributes follow a header, which sits in the nest as raw bytes. */
	memset(m.data + ((struct nlmsghdr *)m.data)->nlmsg_len, 0, sizeof(i));
	((struct nlmsghdr *)m.data)->nlmsg_len += sizeof(i);
	nl_put_str(&m, IFLA_IFNAME, peer);
	nl_nest_end(&m, other);
	nl_nest_end(&m, data);
	nl_nest_end(&m, info);
	CHECK(nl_call(nl, &m, NULL, NULL, &e) == 0, "veth: %s", e.msg);
}

static void add_addr(int nl, const char *dev, int family, const char *text, unsigned char bits)
{
	struct ifaddrmsg a = {
		.ifa_family = (unsigned char)family, .ifa_prefixlen = bits, .ifa_index = if_nametoindex(dev)
	};
	unsigned char bytes[16];
	struct err e = ERR_NONE;
	struct nl_msg m;

	inet_pton(family, text, bytes);
	nl_begin(&m, RTM_NEWADDR, NLM_F_CREATE, &a, sizeof(a));
	nl_put(&m, IFA_LOCAL, bytes, family == AF_INET ? 4 : 16);
	nl_put_u32(&m, IFA_FLAGS, IFA_F_NODAD);
	CHECK(nl_call(nl, &m, NULL, NULL, &e) == 0, "%s: %s", text, e.msg);
}

static bool has_addr(const char *dev, const char *text)
{
	struct ifaddrs *list, *i;
	bool found = false;

	CHECK(getifaddrs(&list) == 0, "getifaddrs");
	for (i = list; i; i = i->ifa_next) {
		char got[INET6_ADDRSTRLEN] = "";

		if (!i->ifa_addr || strcmp(i->ifa_name, dev) != 0)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, got, sizeof(got));
		if (i->ifa_addr->sa_family == AF_INET6)
			inet_ntop(AF_INET6, &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, got, sizeof(got));
		found |= strcmp(got, text) == 0 && (i->ifa_flags & IFF_UP);
	}
	freeifaddrs(list);
	return found;
}

TEST(loopback_comes_up)
{
	struct err e = ERR_NONE;

	if (!isolate())
		SKIP("needs root");
	CHECK(!has_addr("lo", "127.0.0.1"), "a new namespace has it down");
	CHECK(net_lo_up(&e) == 0, "%s", e.msg);
	CHECK(has_addr("lo", "127.0.0.1"), "up with its address");
}

TEST(a_device_moves_with_its_addresses)
{
	struct err e = ERR_NONE;

	if (!isolate())
		SKIP("needs root");
	auto_fd int there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(isolate(), "second namespace");
	auto_fd int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_fd int nl = nl_open(NETLINK_ROUTE, &e);
	add_pair(nl, "tare-a", "tare-b");
	add_addr(nl, "tare-a", AF_INET, "10.9.8.7", 24);
	add_addr(nl, "tare-a", AF_INET, "10.9.8.9", 24);
	add_addr(nl, "tare-a", AF_INET6, "2001:db8::7", 64);
	CHECK(net_link_move("tare-a", "eth%d", there, &e) == 0, "%s", e.msg);
	CHECK(if_nametoindex("tare-a") == 0 && if_nametoindex("tare-b") > 0, "left behind");
	CHECK(setns(there, CLONE_NEWNET) == 0, "setns");
	CHECK(has_addr("eth0", "10.9.8.7") && has_addr("eth0", "10.9.8.9"), "IPv4");
	CHECK(has_addr("eth0", "2001:db8::7"), "IPv6");
	CHECK(setns(here, CLONE_NEWNET) == 0, "setns");
	add_pair(nl, "tare-c", "tare-d");
	CHECK(net_link_move("tare-c", "eth0", there, &e) == -EEXIST, "%s", e.msg);
	CHECK(strstr(e.msg, "move network device tare-c") && strstr(e.msg, "already has a device named eth0"), "%s",
		e.msg);
	CHECK(if_nametoindex("tare-c") > 0, "it stays");
	err_clear(&e);
	CHECK(net_link_move("tare-c", NULL, there, &e) == 0, "%s", e.msg);
	CHECK(net_link_move("tare-c", NULL, there, &e) == -ENODEV && strstr(e.msg, "tare-c"), "%s", e.msg);
	err_clear(&e);
	CHECK(net_link_move("lo", "lo1", there, &e) < 0, "lo cannot move");
	print_message("says: %s\n", e.msg);
}

TEST_MAIN(T(names), T(loopback_comes_up), T(a_device_moves_with_its_addresses))
