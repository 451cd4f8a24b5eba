/* What the commands of tare call. */
#include "cli/cli.h"

#include <unistd.h>
#include "sys/io.h"

int cli_write(const struct buf *b, struct err *e)
{
	int r = buf_err(b, e);

	if (!r && b->len)
		r = io_write_all(STDOUT_FILENO, b->data, b->len, e);
	return r;
}

int cli_each(struct cli *c, cli_call call, void *arg, struct err *e)
{
	(void)e; /* each has its own */
	for (int i = 0; i < c->n_operands; i++) {
		struct err one = ERR_NONE;

		if (call(c, c->operands[i], arg, &one) >= 0)
			continue;
		err_print(STDERR_FILENO, c->name, &one);
		c->status = 1;
	}
	return 0;
}
