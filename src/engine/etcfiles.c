#include "engine/etcfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_HOST_FILE = 1 << 20 };

static const char own_hosts[] = "127.0.0.1\tlocalhost\n"
				"::1\tlocalhost ip6-localhost ip6-loopback\n"
				"fe00::\tip6-localnet\n"
				"ff00::\tip6-mcastprefix\n"
				"ff02::1\tip6-allnodes\n"
				"ff02::2\tip6-allrouters\n";

static int put(const struct record *r, const char *name, const struct buf *b, struct err *e)
{
	if (buf_err(b, e) < 0)
		return -e->num;
	auto_fd int fd = openat(r->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "make %s of container %.12s", name, r->id);
	return b->len ? io_write_all(fd, b->data, b->len, e) : 0;
}

/* The host's, if it has one. */
static void add_host_file(struct buf *b, const char *path)
{
	struct err ignored = ERR_NONE;
	auto_fd int fd = path_open_host(path, O_RDONLY | O_NONBLOCK, 0, &ignored);

	if (fd >= 0)
		err_told(io_read_all(fd, MAX_HOST_FILE, b, &ignored));
}

/* docker's rule for --dns and kin: what is given replaces the lines of its kind. */
static void resolver(const struct ct_config *c, struct buf *b)
{
	static const struct {
		const char *word;
		size_t offset;
	} kinds[] = { { "nameserver", offsetof(struct ct_config, dns) },
		{ "search", offsetof(struct ct_config, dns_search) },
		{ "options", offsetof(struct ct_config, dns_options) } };
	AUTO(buf) struct buf host = BUF_INIT;

	add_host_file(&host, "/etc/resolv.conf");
	for (const char *p = host.data ? host.data : ""; *p;) {
		size_t n = strcspn(p, "\n");
		bool replaced = false;

		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			const struct rc_str_list *l =
				(const struct rc_str_list *)(const void *)((const char *)c + kinds[k].offset);
			replaced = replaced || (l->n && strncmp(p, kinds[k].word, strlen(kinds[k].word)) == 0);
		}
		if (!replaced)
			buf_printf(b, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	for (size_t i = 0; i < c->dns.n; i++)
		buf_printf(b, "nameserver %s\n", c->dns.v[i]);
	for (size_t i = 0; i < c->dns_search.n && !str_eq(c->dns_search.v[0], "."); i++)
		buf_printf(b, "%s%s%s", i ? " " : "search ", c->dns_search.v[i], i + 1 == c->dns_search.n ? "\n" : "");
	for (size_t i = 0; i < c->dns_options.n; i++)
		buf_printf(
			b, "%s%s%s", i ? " " : "options ", c->dns_options.v[i], i + 1 == c->dns_options.n ? "\n" : "");
}

/* NAME:ADDRESS, checked by the option's parser. */
static void extra_host(struct buf *b, const char *text)
{
	const char *colon = strchr(text, ':');

	if (colon)
		buf_printf(b, "%s\t%.*s\n", colon + 1, (int)(colon - text), text);
}

int etcfiles_write(const struct engine *en, const struct record *r, struct err *e)
{
	const struct ct_config *c = &r->config;
	bool host_net = str_eq(c->network, "host");
	AUTO(buf) struct buf hosts = BUF_INIT, name = BUF_INIT, dns = BUF_INIT;
	char own[16];

	(void)en;
	fmt_to(own, sizeof(own), "%.12s", r->id);
	if (host_net)
		add_host_file(&hosts, "/etc/hosts");
	if (!hosts.len)
		buf_str(&hosts, own_hosts);
	if (!host_net)
		buf_printf(&hosts, "127.0.1.1\t%s\n", c->hostname ? c->hostname : own);
	for (size_t i = 0; i < c->extra_hosts.n; i++)
		extra_host(&hosts, c->extra_hosts.v[i]);
	if (host_net && !c->hostname)
		add_host_file(&name, "/etc/hostname");
	if (!name.len)
		buf_printf(&name, "%s\n", c->hostname ? c->hostname : own);
	resolver(c, &dns);
	if (put(r, "hosts", &hosts, e) < 0 || put(r, "hostname", &name, e) < 0 || put(r, "resolv.conf", &dns, e) < 0)
		return -e->num;
	return 0;
}
