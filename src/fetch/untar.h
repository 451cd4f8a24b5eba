#pragma once
#include "fetch/recipe.h"
#include "fetch/ring.h"
#include "layer/unpack.h"

/* untar - the archive that comes through @ring into @u, to the end of the stream; @recipe (NULL: none) takes note
 * of it. */
int untar(struct ring *ring, struct recipe *recipe, struct unpack *u, struct err *e) must_check;
