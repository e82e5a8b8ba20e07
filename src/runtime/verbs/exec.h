/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of exec. */
#pragma once

#include "launch/transaction.h"

/* Makes the process that exec runs: that of the request, or that of the container's config, with
 * the changes of the request. */
int exec_make_process(struct arena *arena, const struct spec_process *own,
                      const struct runtime_exec *request, const struct spec_process **ret_process,
                      struct error *error);
