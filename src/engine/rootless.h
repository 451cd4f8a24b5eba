#pragma once
/* A plain user's engine lives inside one user namespace, in which the user is root. docs/rootless.md. */
#include "engine/engine.h"

/* rootless_enter - put this process into the user's namespace: that of a living monitor, if there is one (so that its
 * containers are in reach), else a new one with the ranges of /etc/subuid and /etc/subgid. Then a mount namespace of
 * our own. Needs @en's paths only. Called once, before anything is opened; single-threaded. */
int rootless_enter(struct engine *en, struct err *e) must_check;
/* rootless_remember - this process, a monitor, stays in the namespace: others find it by that. */
void rootless_remember(const struct engine *en);
