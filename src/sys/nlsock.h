#pragma once
/* Netlink requests: a message built in a fixed buffer, sent, and its answers read. netlink(7), rtnetlink(7). */
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { NL_MSG_SIZE = 4096 };

struct nl_msg {
	_Alignas(struct nlmsghdr) unsigned char data[NL_MSG_SIZE];
	bool full; /* an attribute did not fit: nl_call says so */
};

/* nl_open - a socket of @protocol (NETLINK_ROUTE) in this network namespace. */
int nl_open(int protocol, struct err *e) must_check;

/* nl_begin - a request of @type with the fixed header @header of @n bytes. @flags: NLM_F_*, NLM_F_REQUEST and
 * NLM_F_ACK (unless NLM_F_DUMP) are added. */
void nl_begin(struct nl_msg *m, uint16_t type, uint16_t flags, const void *header, size_t n);
void nl_put(struct nl_msg *m, uint16_t type, const void *data, size_t n);
void nl_put_u32(struct nl_msg *m, uint16_t type, uint32_t v);
void nl_put_str(struct nl_msg *m, uint16_t type, const char *s);
/* nl_nest, nl_nest_end - an attribute that holds those put between. */
size_t nl_nest(struct nl_msg *m, uint16_t type);
void nl_nest_end(struct nl_msg *m, size_t start);

/* nl_call - send @m and read until the acknowledgement or the end of a dump; @fn (or NULL) sees each answer
 * and may stop caring by returning < 0 with @e set. The kernel's error comes back as -errno with its own
 * words, if any, in @e. */
int nl_call(int sock, struct nl_msg *m, int (*fn)(const struct nlmsghdr *h, void *arg, struct err *e), void *arg,
	struct err *e) must_check;

/* nl_attr - the first attribute @type behind the fixed header of @header_len bytes; NULL: absent. *ret_n is
 * the length of its payload. */
const void *nl_attr(const struct nlmsghdr *h, size_t header_len, uint16_t type, size_t *ret_n);
/* nl_attr_u32, nl_attr_str - checked for size and NUL; false or NULL when absent or malformed. */
bool nl_attr_u32(const struct nlmsghdr *h, size_t header_len, uint16_t type, uint32_t *ret);
const char *nl_attr_str(const struct nlmsghdr *h, size_t header_len, uint16_t type);
