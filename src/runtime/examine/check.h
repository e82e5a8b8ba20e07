/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of `check`. */
#pragma once

#include "explain/rootfs-view.h"
#include "launch/transaction.h"

/* A transaction to check. Findings go to error->findings. */
struct check {
    struct arena *arena;
    struct transaction *transaction;
    const struct plan_header *plan;
    struct error *error;
    struct rootfs_view view; /* before the step being checked */
    struct rootfs_view host;
    bool has_pivoted; /* from then on paths are in the container */
};

/* Checks, step by step, whether the host can carry out the plan. An error is worded as the failure
 * of the step would be. */
void check_steps(struct check *check);

/* Checks what no step covers: hooks that run later, namespaces, security modules. */
void check_config(struct check *check);
