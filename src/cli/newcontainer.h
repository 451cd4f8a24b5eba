#pragma once
/* From the options and operands of `run` and `create` to a container's record. */
#include "cli/runopts.h"
#include "engine/record.h"

/* new_container - find the image, merge what it says with what the user said, write the record (held by us). The
 * operands are IMAGE [COMMAND [ARG…]], with --rootfs [COMMAND [ARG…]]. End with record_done(). */
int new_container(struct cli *c, struct run_opts *o, struct record *ret, struct err *e) must_check;
