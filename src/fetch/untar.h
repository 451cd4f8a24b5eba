#pragma once
#include "fetch/ring.h"
#include "layer/unpack.h"

/* untar - the archive that comes through @ring into @u, to the end of the stream. */
int untar(struct ring *ring, struct unpack *u, struct err *e) must_check;
