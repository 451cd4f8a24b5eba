/* The state document. */
#include "runtime/state.h"

static void member(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_json_str(b, value);
}

void rt_state_document(const struct rt_state *s, enum rt_status status, pid_t pid, struct buf *ret)
{
	buf_str(ret, "{\"ociVersion\":\"" RT_OCI_VERSION "\"");
	member(ret, "id", s->id);
	buf_printf(ret, ",\"pid\":%d", status == RT_STOPPED ? 0 : (int)pid);
	member(ret, "status", rt_status_names[status]);
	member(ret, "bundle", s->bundle);
	member(ret, "rootfs", s->rootfs);
	member(ret, "created", s->created);
	for (size_t i = 0; i < s->annotations.n; i++) {
		buf_str(ret, i ? "," : ",\"annotations\":{");
		buf_json_str(ret, s->annotations.v[i].key);
		buf_str(ret, ":");
		buf_json_str(ret, s->annotations.v[i].value);
	}
	if (s->annotations.n)
		buf_str(ret, "}");
	member(ret, "systemd-scope", s->cgroup_scope);
	member(ret, "owner", s->owner ? s->owner : "");
	buf_str(ret, "}");
}

int rt_state_json(struct rt_context *c, const char *id, struct buf *ret, struct err *e)
{
	struct rt_container ct;

	if (rt_container_open_whole(c, id, RT_UNLOCKED, &ct, e) == 0) {
		rt_state_fill_owner(&ct.state);
		rt_state_document(&ct.state, ct.status, ct.state.pid, ret);
	}
	rt_container_done(&ct);
	return e->num ? -e->num : buf_err(ret, e);
}
