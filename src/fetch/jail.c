#include "fetch/fetch.h"

int jail_enter(struct fetch *f, struct err *e)
{
	return 0;
}
