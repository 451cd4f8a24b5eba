/* Netlink. Guarantees: lengths in what the kernel sends are checked before use; a truncated or foreign answer
 * is an error, not a guess. */
#include "sys/nlsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

enum { ANSWER_SIZE = 32768 }; /* the kernel fills dumps in blocks of at most this */

int nl_open(int protocol, struct err *e)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int on = 1;
	auto_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return err_sys(e, "make a netlink socket");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "bind a netlink socket");
	/* Words with errors, and without our own request echoed: both are only comfort. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd_steal(&fd);
}

static struct nlmsghdr *header_of(struct nl_msg *m)
{
	return (struct nlmsghdr *)m->data;
}

/* @n zeroed bytes at the aligned end of the message, or NULL. */
static void *grow(struct nl_msg *m, size_t n)
{
	struct nlmsghdr *h = header_of(m);
	size_t at = NLMSG_ALIGN(h->nlmsg_len);

	if (m->full || n > NL_MSG_SIZE - at) {
		m->full = true;
		return NULL;
	}
	h->nlmsg_len = (uint32_t)(at + n);
	return memset(m->data + at, 0, n);
}

void nl_begin(struct nl_msg *m, uint16_t type, uint16_t flags, const void *header, size_t n)
{
	struct nlmsghdr *h = header_of(m);
	bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;

	m->full = false;
	*h = (struct nlmsghdr){ .nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | (dump ? 0 : NLM_F_ACK)) };
	void *p = grow(m, n);
	if (p)
		memcpy(p, header, n);
}

void nl_put(struct nl_msg *m, uint16_t type, const void *data, size_t n)
{
	struct nlattr *a = n > UINT16_MAX - NLA_HDRLEN ? NULL : grow(m, NLA_HDRLEN + n);

	if (!a) {
		m->full = true;
		return;
	}
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + n);
	if (n)
		memcpy((char *)a + NLA_HDRLEN, data, n);
}

void nl_put_u32(struct nl_msg *m, uint16_t type, uint32_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_put_str(struct nl_msg *m, uint16_t type, const char *s)
{
	nl_put(m, type, s, strlen(s) + 1);
}

size_t nl_nest(struct nl_msg *m, uint16_t type)
{
	size_t start = NLMSG_ALIGN(header_of(m)->nlmsg_len);

	nl_put(m, type | NLA_F_NESTED, NULL, 0);
	return start;
}

void nl_nest_end(struct nl_msg *m, size_t start)
{
	struct nlattr *a = (struct nlattr *)(m->data + start);

	if (!m->full)
		a->nla_len = (uint16_t)(header_of(m)->nlmsg_len - start);
}

/* --- answers ----------------------------------------------------------------------------------------- */

const void *nl_attr(const struct nlmsghdr *h, size_t header_len, uint16_t type, size_t *ret_n)
{
	const char *p = (const char *)h;
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(header_len), end = h->nlmsg_len;

	while (at < end && end - at >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)(p + at);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*ret_n = a->nla_len - NLA_HDRLEN;
			return (const char *)a + NLA_HDRLEN;
		}
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

bool nl_attr_u32(const struct nlmsghdr *h, size_t header_len, uint16_t type, uint32_t *ret)
{
	size_t n;
	const void *p = nl_attr(h, header_len, type, &n);

	if (!p || n != sizeof(*ret))
		return false;
	memcpy(ret, p, sizeof(*ret));
	return true;
}

const char *nl_attr_str(const struct nlmsghdr *h, size_t header_len, uint16_t type)
{
	size_t n;
	const char *p = nl_attr(h, header_len, type, &n);

	return p && n && p[n - 1] == '\0' ? p : NULL;
}

static int answer_error(const struct nlmsghdr *h, struct err *e)
{
	const struct nlmsgerr *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return err_set(e, ERR_SYSTEM, EPROTO, "netlink: an answer is too short");
	if (m->error == 0)
		return 0;
	/* With NETLINK_CAP_ACK the attributes follow the bare header of the request. */
	size_t skip = h->nlmsg_flags & NLM_F_CAPPED ? sizeof(*m) : sizeof(*m) + m->msg.nlmsg_len - NLMSG_HDRLEN;
	const char *text =
		h->nlmsg_flags & NLM_F_ACK_TLVS && skip < h->nlmsg_len ? nl_attr_str(h, skip, NLMSGERR_ATTR_MSG) : NULL;
	return text ? err_num(e, -m->error, "netlink: %s", text) : err_num(e, -m->error, "netlink");
}

struct reading {
	uint32_t seq;
	int (*fn)(const struct nlmsghdr *h, void *arg, struct err *e);
	void *arg;
	bool done;
};

static int take_message(struct reading *r, const struct nlmsghdr *h, struct err *e)
{
	if (h->nlmsg_seq != r->seq)
		return 0; /* of an earlier request that was given up */
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		r->done = true;
		/* The end of a dump carries its result in the same place. */
		int32_t num = 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return answer_error(h, e);
		if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(num)))
			memcpy(&num, NLMSG_DATA(h), sizeof(num));
		return num < 0 ? err_num(e, -num, "netlink") : 0;
	}
	/* A dump that changed under our hands may miss entries: better to say so, NLM_F_DUMP_INTR. */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		return err_num(e, EAGAIN, "netlink: the list changed while it was read");
	return r->fn ? r->fn(h, r->arg, e) : 0;
}

static int read_answers(int sock, struct reading *r, struct err *e)
{
	_Alignas(struct nlmsghdr) char block[ANSWER_SIZE];

	while (!r->done) {
		ssize_t n = recv(sock, block, sizeof(block), MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "netlink: receive");
		if ((size_t)n > sizeof(block))
			return err_num(e, EMSGSIZE, "netlink: an answer of %zd bytes", n);
		const struct nlmsghdr *h = (const void *)block;
		for (size_t left = (size_t)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			int ret = take_message(r, h, e);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

int nl_call(int sock, struct nl_msg *m, int (*fn)(const struct nlmsghdr *h, void *arg, struct err *e), void *arg,
	struct err *e)
{
	struct nlmsghdr *h = header_of(m);
	struct timespec now;
	ssize_t n;

	/* The clock is a counter without state of ours: it only has to differ from the last request's. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	struct reading r = { .seq = (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 30, .fn = fn, .arg = arg };

	if (m->full)
		return err_set(e, ERR_BUG, EMSGSIZE, "netlink: the request is larger than %d bytes", NL_MSG_SIZE);
	h->nlmsg_seq = r.seq;
	do
		n = send(sock, m->data, h->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "netlink: send") : read_answers(sock, &r, e);
}
