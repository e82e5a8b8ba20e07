/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as the outside sees them: struct runtime_container of a record. */
#pragma once

#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"

/* What the record says, with the status given; a stopped container has no pid, an owner is not looked up. */
struct runtime_container container_of_record(const struct spec_record *record,
                                             enum spec_status status);
