/* The name of the user who made a container, for people: from /etc/passwd by hand, because a static program has
 * no NSS; a uid that is not there is shown as a number. */
#include "runtime/state.h"

#include <fcntl.h>
#include <string.h>
#include "base/str.h"
#include "sys/io.h"

enum { MAX_PASSWD = 1 << 20 };

/* "name:x:UID:…": is it @uid, and how long is the name. */
static bool line_is(const char *line, size_t len, uint32_t uid, size_t *ret_name_len)
{
	const char *end = line + len;
	const char *name_end = memchr(line, ':', len);
	const char *pass_end = name_end ? memchr(name_end + 1, ':', (size_t)(end - name_end - 1)) : NULL;
	const char *uid_end = pass_end ? memchr(pass_end + 1, ':', (size_t)(end - pass_end - 1)) : NULL;
	uint64_t v;

	if (!uid_end || name_end == line)
		return false;
	if (!parse_u64_n(pass_end + 1, (size_t)(uid_end - pass_end - 1), UINT32_MAX, &v) || v != uid)
		return false;
	*ret_name_len = (size_t)(name_end - line);
	return true;
}

static char *find_name(struct arena *a, const char *text, size_t len, uint32_t uid)
{
	const char *end = text + len;

	for (const char *line = text; line < end;) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((nl ? nl : end) - line), name_len;

		if (line_is(line, n, uid, &name_len))
			return arena_dup_n(a, line, name_len);
		line += n + 1;
	}
	return NULL;
}

void rt_state_fill_owner(struct rt_state *s)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err ignored = ERR_NONE; /* a number does as well */

	if (s->owner)
		return;
	if (s->uid == 0)
		s->owner = arena_dup(&s->arena, "root");
	else if (io_read_file_at(AT_FDCWD, "/etc/passwd", MAX_PASSWD, &b, &ignored) == 0)
		s->owner = find_name(&s->arena, b.data, b.len, s->uid);
	if (!s->owner)
		s->owner = arena_printf(&s->arena, "%u", s->uid);
}
