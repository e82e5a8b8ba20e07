/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `check` share. */
#pragma once

#include "explain/tree.h"
#include "launch/creation.h"

/* An examined creation; error->findings takes what is found. */
struct check {
    struct arena *arena;
    struct creation *creation;
    const struct plan_header *plan;
    struct error *error;
    struct tree tree; /* as it is before the step that is looked at */
    struct tree host;
    bool has_pivoted; /* from then on paths are the container's */
};

/* Looks at the plan step by step: will the host let it be carried out? What fails is worded as the
 * failure of the step. */
void check_steps(struct check *check);

/* Looks at what no step says: hooks that run later, namespaces, confinement by security modules. */
void check_config(struct check *check);
