/* SPDX-License-Identifier: Apache-2.0 */
/* The user namespace that a configuration leaves open: whom it maps, and that there is one at
 * all. */
#pragma once

#include <stdbool.h>

#include "berth/spec/config.h"

struct arena;
struct error;

/* Root is not mapped in silence: its process would be the host's root by another number. Refuses a
 * new user namespace without mappings for a privileged caller. Returns 0 or a negative errno. */
int caller_ids_check(const struct spec_config *config, bool privileged, struct error *error);

/* As crun does it: an unprivileged caller gets a user namespace where linux.namespaces has none; a
 * new one without mappings maps the caller to process.user, and to the ids beside it his first
 * range of subordinate ids, if newuidmap(1) and newgidmap(1) are there. Groups of devpts that are
 * not mapped then are left out. Returns `config` itself where nothing is left open. */
const struct spec_config *caller_ids_complete(struct arena *arena, const struct spec_config *config,
                                              bool privileged);
