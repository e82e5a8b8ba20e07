/* SPDX-License-Identifier: Apache-2.0 */
/* A pod holds its namespaces without a process (run.berth.pod). */
#pragma once

#include "executor.h"

struct transaction;

/* Refuses options of `create` that need a process. Requires that the container is a pod. */
int pod_check_options(const struct transaction *transaction);

/* The steps PIN_NAMESPACE and AWAIT_END. */
executor_handler pod_pin_namespace;
executor_handler pod_await_end;
