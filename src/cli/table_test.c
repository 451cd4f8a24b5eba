#include "cli/table.h"

#include "base/str.h"
#include "base/test.h"

static void check(const char *text, struct table_how how, const char *want)
{
	AUTO(buf) struct buf b = BUF_INIT;

	table_write(text, &how, &b);
	CHECK(str_eq(b.data ? b.data : "", want), "\n%s\nnot\n%s", b.data, want);
}

TEST(columns_line_up)
{
	struct table_how how = { 0 };

	check("", how, "");
	check("ID\tNAME\tLAST\n", how, "ID        NAME      LAST\n");
	check("CONTAINER ID\tX\n0123456789ab\ty\n", how, "CONTAINER ID   X\n0123456789ab   y\n");
	check("A\tB\n\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\tx\n1234567\ty\n", how,
		"A          B\n\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac   x\n1234567    "
		"y\n");
	check("a\t\tc\n", how, "a                   c\n");
}

TEST(terminals)
{
	check("NAME\tEND\nabcdefghijklmnopqrstuvwxyz\tx\n", (struct table_how){ .width = 20 },
		"NAME             END\nabcdefghijklm\xe2\x80\xa6   x\n");
	check("H\n", (struct table_how){ .colour = true }, "\x1b[1mH\x1b[0m\n");
	check("NAME\tEND\nabc\tx\n", (struct table_how){ .width = 3 }, "NAME      END\nabc       x\n");
}

TEST_MAIN(T(columns_line_up), T(terminals))
