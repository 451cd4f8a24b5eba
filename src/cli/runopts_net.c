/* Values of `run` and `create`: the network. Ports are checked though none can be published yet:
 * with --network host they are open anyway, and a wrong one is a mistake there, too. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/runopts.h"

enum { MAX_PORTS = 65536, PORT_TEXT = 16 };

static struct run_opts *run_opts(struct opt_parse *p)
{
	return p->dest;
}

RUN_CALL(network)
{
	const char *other = str_after(value, "container:"), *name = str_after(value, "name=");
	struct ct_config *c = &run_opts(p)->c;

	value = name ? name : value;
	if (str_eq(value, "none") || str_eq(value, "host") || (other && *other)) {
		c->network = (char *)value;
		return 0;
	}
	if (str_eq(value, "private")) {
		c->network = NULL;
		return 0;
	}
	if (other || !*value)
		return opt_refuse(p, o, value, e, "use none, host or container:NAME");
	err_set(e, ERR_UNSUPPORTED, ENOTSUP, "--network %s: this build has no bridge networks yet", value);
	return err_hint(e, "use --network host or none, or leave it out for a private one that has only lo");
}

struct ports {
	uint32_t first, last;
};

static bool parse_ports(const char *s, size_t n, struct ports *ret)
{
	const char *dash = memchr(s, '-', n);
	size_t first_len = dash ? (size_t)(dash - s) : n;
	uint64_t first, last;

	if (!parse_u64_n(s, first_len, MAX_PORTS - 1, &first))
		return false;
	last = first;
	if (dash && !parse_u64_n(dash + 1, n - first_len - 1, MAX_PORTS - 1, &last))
		return false;
	*ret = (struct ports){ (uint32_t)first, (uint32_t)last };
	return last >= first;
}

/* "tcp" when nothing is said. */
static const char *protocol_of(const char *s, size_t *ret_len)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };
	const char *slash = strchr(s, '/');

	*ret_len = slash ? (size_t)(slash - s) : strlen(s);
	if (!slash)
		return known[0];
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcasecmp(slash + 1, known[i]))
			return known[i];
	return NULL;
}

static int expose(struct opt_parse *p, struct ports range, const char *protocol, struct err *e)
{
	struct ct_config *c = &run_opts(p)->c;

	for (uint32_t port = range.first; port <= range.last; port++) {
		char text[PORT_TEXT];
		bool there = false;

		fmt_to(text, sizeof(text), "%u/%s", port, protocol);
		for (size_t i = 0; i < c->exposed_ports.n && !there; i++)
			there = str_eq(c->exposed_ports.v[i], text);
		if (there)
			continue;
		const char *kept = arena_dup(&c->arena, text);
		if (!kept)
			return err_oom(e, "ports");
		int r = opt_list_add(&c->arena, &c->exposed_ports, kept, e);
		if (r < 0)
			return r;
	}
	return 0;
}

RUN_CALL(expose)
{
	size_t len;
	const char *protocol = protocol_of(value, &len);
	struct ports range;

	if (!protocol)
		return opt_refuse(p, o, value, e, "invalid proto: use tcp, udp or sctp");
	if (!parse_ports(value, len, &range) || !range.first)
		return opt_refuse(p, o, value, e, "invalid port or range: 1 to 65535, such as 80 or 8000-8010/udp");
	return expose(p, range, protocol, e);
}

static bool is_address(const char *s, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char addr[sizeof(struct in6_addr)];

	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (!n || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

/* [[IP:]HOST:]PORT[/PROTOCOL]; HOST may be empty after an IP. IPv6 stands in brackets. */
RUN_CALL(publish)
{
	size_t len, left;
	const char *protocol = protocol_of(value, &len);
	struct ports inner, outer;

	if (!protocol)
		return opt_refuse(p, o, value, e, "invalid proto: use tcp, udp or sctp");
	for (left = len; left && value[left - 1] != ':' && value[left - 1] != ']'; left--)
		;
	if (!parse_ports(value + left, len - left, &inner) || !inner.first)
		return opt_refuse(p, o, value, e, "invalid containerPort: %.*s", (int)(len - left), value + left);
	if (left) {
		size_t end = left - 1, start = end;

		while (start && value[start - 1] != ':')
			start--;
		if (end > start && !parse_ports(value + start, end - start, &outer))
			return opt_refuse(p, o, value, e, "invalid hostPort: %.*s", (int)(end - start), value + start);
		if (end > start && inner.last - inner.first != outer.last - outer.first && inner.first != inner.last)
			return opt_refuse(p, o, value, e, "invalid ranges: they differ in length");
		if (start && !is_address(value, start - 1))
			return opt_refuse(p, o, value, e, "invalid IP address: %.*s", (int)(start - 1), value);
	}
	run_opts(p)->ports_given = true;
	return expose(p, inner, protocol, e);
}

RUN_CALL(address)
{
	if (!is_address(value, strlen(value)) || *value == '[')
		return opt_refuse(p, o, value, e, "an IP address is needed");
	return opt_list_add(p->arena, (struct rc_str_list *)(void *)((char *)p->dest + o->offset), value, e);
}

/* NAME:ADDRESS, or NAME=ADDRESS; kept with the colon. */
RUN_CALL(host_entry)
{
	struct ct_config *c = &run_opts(p)->c;
	size_t name = strcspn(value, ":=");
	const char *address = value + name + 1;

	if (!name || !value[name])
		return opt_refuse(p, o, value, e, "NAME:ADDRESS is needed");
	if (!str_eq(address, "host-gateway") && !is_address(address, strlen(address)))
		return opt_refuse(p, o, value, e, "invalid IP address in add-host: \"%s\"", address);
	if (*address == '[') /* [::1] in brackets */
		address = arena_dup_n(&c->arena, address + 1, strlen(address) - 2);
	const char *entry = address ? arena_printf(&c->arena, "%.*s:%s", (int)name, value, address) : NULL;
	if (!entry)
		return err_oom(e, "--add-host");
	return opt_list_add(&c->arena, &c->extra_hosts, entry, e);
}
