/* Links. Guarantees: a device that could not be moved whole stays or comes back where it was; our own network
 * namespace is always the current one on return.
 *
 * Theory of operation of a move: read the device and its addresses here, ask the other namespace for the names
 * and numbers in use, move and rename in one request (the kernel takes the device down and drops its
 * addresses), then give it its addresses again from inside and set it up. */
#include "net/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/nlsock.h"

enum { MAX_ADDRESSES = 128 };

/* --- loopback ------------------------------------------------------------------------------------------ */

int net_lo_up(struct err *e)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "make a socket for the loopback device");
	return ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? err_sys(e, "set the loopback device up") : 0;
}

/* --- names --------------------------------------------------------------------------------------------- */

int net_link_check_name(const char *name, bool template, struct err *e)
{
	size_t n = strlen(name);
	const char *percent = strchr(name, '%');

	if (n == 0 || n >= IFNAMSIZ)
		return err_set(e, ERR_CONFIG, EINVAL, "network device name \"%.*s\" is not 1 to %d bytes long", 64,
			name, IFNAMSIZ - 1);
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p == '/' || *p == ':' || *p <= ' ' || *p == 0x7f)
			return err_set(e, ERR_CONFIG, EINVAL,
				"network device name \"%s\" holds a slash, a colon or a blank", name);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_CONFIG, EINVAL, "network device name \"%s\" is not allowed", name);
	if (percent && (!template || percent[1] != 'd' || strchr(percent + 1, '%')))
		return err_set(e, ERR_CONFIG, EINVAL, "network device name \"%s\": %s", name,
			template ? "only one %d is allowed" : "% is not allowed");
	return 0;
}

/* --- what is there ------------------------------------------------------------------------------------- */

struct address {
	struct ifaddrmsg header;
	unsigned char local[16], peer[16], broadcast[4];
	size_t local_len, peer_len, broadcast_len;
	uint32_t metric;
};

struct device {
	int32_t index;
	struct address addresses[MAX_ADDRESSES];
	size_t n_addresses;
};

static int see_link(const struct nlmsghdr *h, void *arg, struct err *e)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	int32_t *index = arg;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return err_num(e, EPROTO, "a link is too short");
	*index = i->ifi_index;
	return 0;
}

static int link_index(int nl, const char *name, int32_t *ret, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	struct nl_msg m;

	nl_begin(&m, RTM_GETLINK, 0, &i, sizeof(i));
	nl_put_str(&m, IFLA_IFNAME, name);
	return nl_call(nl, &m, see_link, ret, e);
}

static size_t copy_attr(const struct nlmsghdr *h, uint16_t type, unsigned char *dst, size_t size)
{
	size_t n = 0;
	const void *p = nl_attr(h, sizeof(struct ifaddrmsg), type, &n);

	if (!p || n > size)
		return 0;
	memcpy(dst, p, n);
	return n;
}

static int see_address(const struct nlmsghdr *h, void *arg, struct err *e)
{
	const struct ifaddrmsg *a = NLMSG_DATA(h);
	struct device *d = arg;
	uint32_t flags;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*a)))
		return err_num(e, EPROTO, "an address is too short");
	if (!nl_attr_u32(h, sizeof(*a), IFA_FLAGS, &flags))
		flags = a->ifa_flags;
	if ((int32_t)a->ifa_index != d->index || a->ifa_scope != RT_SCOPE_UNIVERSE || !(flags & IFA_F_PERMANENT))
		return 0;
	if (d->n_addresses == MAX_ADDRESSES)
		return err_set(e, ERR_UNSUPPORTED, E2BIG, "it has more than %d addresses", MAX_ADDRESSES);
	struct address *to = &d->addresses[d->n_addresses++];
	*to = (struct address){ .header = *a };
	to->local_len = copy_attr(h, IFA_LOCAL, to->local, sizeof(to->local));
	to->peer_len = copy_attr(h, IFA_ADDRESS, to->peer, sizeof(to->peer));
	to->broadcast_len = copy_attr(h, IFA_BROADCAST, to->broadcast, sizeof(to->broadcast));
	(void)nl_attr_u32(h, sizeof(*a), IFA_RT_PRIORITY, &to->metric); /* absent: 0 */
	return 0;
}

static int read_addresses(int nl, struct device *d, struct err *e)
{
	struct ifaddrmsg a = { .ifa_family = AF_UNSPEC };
	struct nl_msg m;

	nl_begin(&m, RTM_GETADDR, NLM_F_DUMP, &a, sizeof(a));
	d->n_addresses = 0;
	return nl_call(nl, &m, see_address, d, e);
}

struct names {
	const char *wanted;
	bool taken;
	int32_t highest;
};

static int see_name(const struct nlmsghdr *h, void *arg, struct err *e)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	struct names *n = arg;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return err_num(e, EPROTO, "a link is too short");
	const char *name = nl_attr_str(h, sizeof(*i), IFLA_IFNAME);
	n->taken |= name && strcmp(name, n->wanted) == 0;
	if (i->ifi_index > n->highest)
		n->highest = i->ifi_index;
	return 0;
}

/* The device gets a number of our choice there, so that it is found whatever name the kernel makes of "%d". */
static int look_around(int nl, const char *wanted, int32_t *ret_index, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	struct names n = { .wanted = wanted };
	struct nl_msg m;

	nl_begin(&m, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	int r = nl_call(nl, &m, see_name, &n, e);
	if (r < 0)
		return r;
	if (n.taken)
		return err_set(e, ERR_CONFIG, EEXIST, "the container already has a device named %s", wanted);
	*ret_index = n.highest + 1;
	return 0;
}

/* --- changing it --------------------------------------------------------------------------------------- */

static int move(int nl, const struct device *d, int netns_fd, const char *name, int32_t new_index, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC, .ifi_index = d->index };
	struct nl_msg m;

	nl_begin(&m, RTM_NEWLINK, 0, &i, sizeof(i));
	nl_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	nl_put_str(&m, IFLA_IFNAME, name);
	nl_put_u32(&m, IFLA_NEW_IFINDEX, (uint32_t)new_index);
	return nl_call(nl, &m, NULL, NULL, e);
}

static int add_address(int nl, const struct address *a, int32_t index, struct err *e)
{
	struct ifaddrmsg h = a->header;
	struct nl_msg m;

	h.ifa_index = (uint32_t)index;
	h.ifa_flags = IFA_F_PERMANENT;
	nl_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &h, sizeof(h));
	if (a->local_len)
		nl_put(&m, IFA_LOCAL, a->local, a->local_len);
	if (a->peer_len)
		nl_put(&m, IFA_ADDRESS, a->peer, a->peer_len);
	if (a->broadcast_len)
		nl_put(&m, IFA_BROADCAST, a->broadcast, a->broadcast_len);
	if (a->metric)
		nl_put_u32(&m, IFA_RT_PRIORITY, a->metric);
	return nl_call(nl, &m, NULL, NULL, e) < 0 ? err_wrap(e, "give it its address again") : 0;
}

static int set_up(int nl, int32_t index, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg m;

	nl_begin(&m, RTM_NEWLINK, 0, &i, sizeof(i));
	return nl_call(nl, &m, NULL, NULL, e) < 0 ? err_wrap(e, "set it up") : 0;
}

static int finish(int nl, const struct device *d, int32_t index, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n_addresses; i++)
		r = add_address(nl, &d->addresses[i], index, e);
	return r == 0 ? set_up(nl, index, e) : r;
}

/* A netlink socket stays in the namespace it was made in: visit, make it, come back. */
static int open_there(int netns_fd, struct err *e)
{
	auto_fd int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_sys(e, "open our network namespace");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	auto_fd int nl = nl_open(NETLINK_ROUTE, e);
	int back = setns(home, CLONE_NEWNET);
	assert(back == 0); /* we came from there a moment ago */
	return nl < 0 ? nl : fd_steal(&nl);
}

static int move_device(struct device *d, const char *host_name, const char *name, int netns_fd, struct err *e)
{
	int32_t index = 0;
	auto_fd int here = nl_open(NETLINK_ROUTE, e);
	auto_fd int there = here < 0 ? here : open_there(netns_fd, e);
	int r = there < 0 ? there : link_index(here, host_name, &d->index, e);

	if (r == 0)
		r = read_addresses(here, d, e);
	if (r == 0)
		r = look_around(there, name, &index, e);
	if (r == 0)
		r = move(here, d, netns_fd, name, index, e);
	return r == 0 ? finish(there, d, index, e) : r;
}

int net_link_move(const char *host_name, const char *new_name, int netns_fd, struct err *e)
{
	struct device d = { 0 };
	int r = net_link_check_name(host_name, false, e);

	if (r == 0 && new_name)
		r = net_link_check_name(new_name, true, e);
	if (r == 0)
		r = move_device(&d, host_name, new_name ? new_name : host_name, netns_fd, e);
	return r < 0 ? err_wrap(e, "move network device %s into the container", host_name) : 0;
}
