/* The network of a container: loopback up; with --veth a pair whose host end is born in the bridge and up. Nothing
 * is deleted at the end (a veth delete waits 17-24 ms for RCU): the pair dies with the network namespace. */
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct msg {
	struct nlmsghdr head;
	char body[512];
};

static void *grow(struct msg *m, size_t len)
{
	char *at = (char *)m + NLMSG_ALIGN(m->head.nlmsg_len);

	if (at + NLMSG_ALIGN(len) > (char *)m + sizeof(*m))
		die("netlink message too long");
	memset(at, 0, NLMSG_ALIGN(len));
	m->head.nlmsg_len = NLMSG_ALIGN(m->head.nlmsg_len) + (unsigned)NLMSG_ALIGN(len);
	return at;
}

static struct rtattr *attr_open(struct msg *m, unsigned short type)
{
	struct rtattr *a = grow(m, sizeof(*a));

	a->rta_type = type;
	return a;
}

static void attr_close(struct msg *m, struct rtattr *a)
{
	a->rta_len = (unsigned short)((char *)m + m->head.nlmsg_len - (char *)a);
}

static void attr_put(struct msg *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = attr_open(m, type);

	memcpy(grow(m, len), data, len);
	a->rta_len = (unsigned short)RTA_LENGTH(len);
}

static void msg_init(struct msg *m, unsigned short type, unsigned short flags)
{
	memset(&m->head, 0, sizeof(m->head));
	m->head.nlmsg_len = NLMSG_HDRLEN;
	m->head.nlmsg_type = type;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
}

static void ask(int sock, struct msg *m, const char *what)
{
	char buf[1024];
	struct nlmsghdr *reply = (struct nlmsghdr *)(void *)buf;
	ssize_t n = send(sock, m, m->head.nlmsg_len, 0);

	if (n < 0 || recv(sock, buf, sizeof(buf), 0) < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		die("%s", what);
	errno = -((struct nlmsgerr *)NLMSG_DATA(reply))->error;
	if (reply->nlmsg_type != NLMSG_ERROR || errno != 0)
		die("%s", what);
}

static int netlink(void)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (sock < 0)
		die("netlink socket");
	return sock;
}

void net_loopback(struct floor *f)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int sock;

	if (!(f->o.ns & CLONE_NEWNET) || !f->o.loopback)
		return;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &req) < 0)
		die("loopback up");
	close(sock);
}

void net_veth_prepare(struct floor *f)
{
	if (f->o.veth_bridge)
		f->old_netlink = netlink(); /* a socket stays in the namespace it was made in */
}

/* One message makes both ends: the host's, in the bridge and up, and the container's. */
static void make_pair(struct floor *f, int self_ns)
{
	unsigned bridge = if_nametoindex(f->o.veth_bridge);
	struct rtattr *info, *data, *peer;
	struct ifinfomsg *link;
	struct msg m;
	static const char name[] = "floor%d"; /* the kernel puts the first free number */

	msg_init(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	link = grow(&m, sizeof(*link));
	link->ifi_flags = link->ifi_change = IFF_UP;
	attr_put(&m, IFLA_IFNAME, name, sizeof(name));
	attr_put(&m, IFLA_MASTER, &bridge, sizeof(bridge));
	info = attr_open(&m, IFLA_LINKINFO);
	attr_put(&m, IFLA_INFO_KIND, "veth", 4);
	data = attr_open(&m, IFLA_INFO_DATA);
	peer = attr_open(&m, VETH_INFO_PEER);
	grow(&m, sizeof(struct ifinfomsg));
	attr_put(&m, IFLA_IFNAME, "eth0", 5);
	attr_put(&m, IFLA_NET_NS_FD, &self_ns, sizeof(self_ns));
	attr_close(&m, peer);
	attr_close(&m, data);
	attr_close(&m, info);
	ask(f->old_netlink, &m, "make the veth pair");
}

static void add_address(int sock, unsigned index, const char *addr)
{
	const char *slash = strchr(addr, '/');
	struct ifaddrmsg *a;
	struct in_addr ip;
	struct msg m;
	char text[32];

	snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - addr) : 0, addr);
	if (inet_pton(AF_INET, text, &ip) != 1)
		die("--veth-addr %s: want a.b.c.d/len", addr);
	msg_init(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	a = grow(&m, sizeof(*a));
	a->ifa_family = AF_INET;
	a->ifa_prefixlen = (unsigned char)strtoul(slash + 1, NULL, 10);
	a->ifa_index = index;
	attr_put(&m, IFA_LOCAL, &ip, sizeof(ip));
	attr_put(&m, IFA_ADDRESS, &ip, sizeof(ip));
	ask(sock, &m, "add the address");
}

static void link_up(int sock, unsigned index)
{
	struct ifinfomsg *link;
	struct msg m;

	msg_init(&m, RTM_NEWLINK, 0);
	link = grow(&m, sizeof(*link));
	link->ifi_index = (int)index;
	link->ifi_flags = link->ifi_change = IFF_UP;
	ask(sock, &m, "link up");
}

static void default_route(int sock, unsigned index)
{
	struct rtmsg *r;
	struct msg m;

	msg_init(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	r = grow(&m, sizeof(*r));
	r->rtm_family = AF_INET;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_BOOT;
	r->rtm_scope = RT_SCOPE_LINK;
	r->rtm_type = RTN_UNICAST;
	attr_put(&m, RTA_OIF, &index, sizeof(index));
	ask(sock, &m, "default route");
}

void net_veth(struct floor *f)
{
	int self_ns, sock;
	unsigned index;

	if (!f->o.veth_bridge)
		return;
	self_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (self_ns < 0)
		die("open the network namespace");
	make_pair(f, self_ns);
	sock = netlink();
	index = if_nametoindex("eth0");
	if (f->o.veth_addr)
		add_address(sock, index, f->o.veth_addr);
	link_up(sock, index);
	if (f->o.veth_addr)
		default_route(sock, index);
}
