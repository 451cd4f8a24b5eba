/* list: the containers of this state root. */
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "ocicli/commands.h"
#include "runtime/list.h"

enum { N_COLUMNS = 6, MIN_WIDTH = 12, GAP = 3 };

struct list_opts {
	const char *format;
	bool quiet;
};

static const struct opt list_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, list_opts, format), "table (default) or json", "table|json" },
	{ 'q', "quiet", NULL, OPT(FLAG, list_opts, quiet), "print only ids", NULL },
};

struct row {
	const char *cell[N_COLUMNS];
	char pid[12];
};

static void fill(struct row *r, const struct rt_list_entry *l)
{
	fmt_to(r->pid, sizeof(r->pid), "%d", l->pid);
	r->cell[0] = l->id;
	r->cell[1] = r->pid;
	r->cell[2] = rt_status_names[l->status];
	r->cell[3] = l->bundle ? l->bundle : "";
	r->cell[4] = l->created ? l->created : "";
	r->cell[5] = l->owner ? l->owner : "";
}

static void put_row(struct buf *b, const struct row *r, const size_t *width)
{
	for (int i = 0; i < N_COLUMNS; i++) {
		buf_str(b, r->cell[i]);
		for (size_t n = strlen(r->cell[i]); i < N_COLUMNS - 1 && n < width[i]; n++)
			buf_str(b, " ");
	}
	buf_str(b, "\n");
}

static void widen(size_t *width, const struct row *r, size_t gap)
{
	for (int i = 0; i < N_COLUMNS; i++)
		if (strlen(r->cell[i]) + gap > width[i])
			width[i] = strlen(r->cell[i]) + gap;
}

/* Both peers' headers are known to scripts; columns are as wide as they need to be, and at least as
 * theirs. */
static void table(struct buf *b, const struct rt_list *l, bool like_crun)
{
	static const struct row runc = { .cell = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" } };
	static const struct row crun = { .cell = { "NAME", "PID", "STATUS", "BUNDLE PATH", "CREATED", "OWNER" } };
	size_t runc_width[] = { MIN_WIDTH, MIN_WIDTH, MIN_WIDTH, MIN_WIDTH, MIN_WIDTH, MIN_WIDTH };
	size_t crun_width[] = { 5, 10, 9, 40, 31, 5 };
	size_t *width = like_crun ? crun_width : runc_width, gap = like_crun ? 1 : GAP;
	const struct row *head = like_crun ? &crun : &runc;
	struct row r;

	widen(width, head, gap);
	for (size_t i = 0; i < l->n; i++) {
		fill(&r, &l->v[i]);
		widen(width, &r, gap);
	}
	put_row(b, head, width);
	for (size_t i = 0; i < l->n; i++) {
		fill(&r, &l->v[i]);
		put_row(b, &r, width);
	}
}

static int list(struct cli *c, struct err *e)
{
	const struct list_opts *o = c->opts;
	AUTO(buf) struct buf b = BUF_INIT;
	struct rt_list l;

	int r = rt_list(&c->rt, &l, e);
	if (r < 0)
		return r;
	if (o->quiet) {
		for (size_t i = 0; i < l.n; i++)
			buf_printf(&b, "%s\n", l.v[i].id);
	} else if (str_eq(o->format, "json")) {
		rt_list_json(&l, &b);
		if (b.len && b.data[b.len - 1] != '\n')
			buf_str(&b, "\n");
	} else {
		table(&b, &l, c->like == LIKE_CRUN);
	}
	rt_list_done(&l);
	return cli_write(&b, e);
}

const struct command cmd_list = { .name = "list",
	.operands = "",
	.summary = "list the containers of a state root",
	.opts = OPT_TABLE(list_rows),
	.opts_size = sizeof(struct list_opts),
	.flags = CMD_STATE,
	.run = list };
