/* The default map of a plain user, from /etc/passwd, /etc/subuid and /etc/subgid as files: no NSS. Guarantees:
 * a malformed line is skipped, never half used. */
#include "ns/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"

enum { MAX_FILE = 1 << 20 };

/* Cut the next colon field of a line off *@at. */
static char *next_field(char **at)
{
	return strsep(at, ":");
}

static char *next_line(char **at)
{
	return strsep(at, "\n");
}

/* An absent file is an empty one. */
static int read_file(const char *path, struct buf *b, struct err *e)
{
	if (io_read_file_at(AT_FDCWD, path, MAX_FILE, b, e) < 0) {
		if (e->num != ENOENT)
			return -e->num;
		err_clear(e);
	}
	buf_add(b, "", 0);
	return buf_err(b, e);
}

const char *ns_passwd_name(char *passwd, uint32_t uid)
{
	char *line;
	uint32_t got;

	while (passwd && (line = next_line(&passwd))) {
		const char *name = next_field(&line);

		(void)next_field(&line); /* the password's place */
		if (line && parse_u32(next_field(&line), &got) && got == uid && *name)
			return name;
	}
	return NULL;
}

void ns_subid_add(char *text, const char *name, uint32_t id, struct rc_id_maps *m)
{
	uint32_t next = 1, number, start, size;
	char *line;

	while (text && (line = next_line(&text)) && m->n <= NS_SUBID_MAX) {
		const char *who = next_field(&line);
		bool ours = (name && strcmp(who, name) == 0) || (parse_u32(who, &number) && number == id);

		if (!ours || !parse_u32(next_field(&line), &start) || !parse_u32(line, &size) || size == 0 ||
			size > UINT32_MAX - 1 - next || size > UINT32_MAX - start)
			continue;
		m->v[m->n++] = (struct rc_id_map){ .container = next, .host = start, .size = size };
		next += size;
	}
}

static int side(
	const char *file, const char *name, uint32_t own, struct arena *arena, struct rc_id_maps *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct rc_id_maps m = { .v = arena_array(arena, struct rc_id_map, NS_SUBID_MAX + 1) };

	if (!m.v)
		return err_oom(e, "id maps");
	m.v[m.n++] = (struct rc_id_map){ .container = 0, .host = own, .size = 1 };
	int r = read_file(file, &b, e);
	if (r < 0)
		return r;
	/* Both files are keyed by the user, subgid(5). */
	ns_subid_add(b.data, name, (uint32_t)geteuid(), &m);
	*ret = m;
	return 0;
}

int ns_idmap_default(struct arena *arena, struct rc_id_maps *ret_uids, struct rc_id_maps *ret_gids, struct err *e)
{
	AUTO(buf) struct buf passwd = BUF_INIT;
	int r = read_file("/etc/passwd", &passwd, e);

	if (r < 0)
		return r;
	const char *name = ns_passwd_name(passwd.data, (uint32_t)geteuid());
	r = side("/etc/subuid", name, (uint32_t)geteuid(), arena, ret_uids, e);
	if (r == 0)
		r = side("/etc/subgid", name, (uint32_t)getegid(), arena, ret_gids, e);
	return r;
}

/* The ids that we have ourselves, user_namespaces(7): the second field is the id outside, which is of no interest. */
static int own_ids(const char *file, struct arena *arena, struct rc_id_maps *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct rc_id_maps m = { .v = arena_array(arena, struct rc_id_map, NS_SUBID_MAX) };
	int r = m.v ? read_file(file, &b, e) : err_oom(e, "id maps");
	char *text = b.data, *line;

	if (r < 0)
		return r;
	while (text && (line = next_line(&text)) && m.n < NS_SUBID_MAX) {
		uint32_t start, size;
		char *first = line + strspn(line, " "), *last = strrchr(line, ' ');

		if (!last || !parse_u32(last + 1, &size) ||
			(first[strcspn(first, " ")] = '\0', !parse_u32(first, &start)))
			continue;
		m.v[m.n++] = (struct rc_id_map){ .container = start, .host = start, .size = size };
	}
	*ret = m;
	return m.n ? 0 : err_set(e, ERR_SYSTEM, ENODATA, "%s is empty", file);
}

int ns_idmap_identity(struct arena *arena, struct rc_id_maps *ret_uids, struct rc_id_maps *ret_gids, struct err *e)
{
	int r = own_ids("/proc/self/uid_map", arena, ret_uids, e);

	return r < 0 ? r : own_ids("/proc/self/gid_map", arena, ret_gids, e);
}
