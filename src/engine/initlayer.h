#pragma once
/* The lowest layer of every container of an image: the places where its own files are mounted, which no image need
 * have. So nothing has to be made in the container's writable layer, and `diff` and `commit` see only what the program
 * did. */
#include "base/err.h"

#define INITLAYER_NAME "init-layer" /* below DATA */

/* initlayer_open - an O_PATH descriptor of it below @data_fd; made when it is absent. */
int initlayer_open(int data_fd, struct err *e) must_check;
