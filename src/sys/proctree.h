#pragma once
/* A process and all it has started. */
#include "base/err.h"

/* proc_kill_tree - SIGKILL the process behind @pidfd, its descendants and everything in its
 * session, until none is left or @rounds passes over /proc were made. It must lead a session. Who
 * left the tree before (a daemon: other session, parent gone) is no part of it. */
int proc_kill_tree(int pidfd, unsigned rounds, struct err *e) must_check;
