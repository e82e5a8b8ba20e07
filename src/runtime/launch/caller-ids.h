/* SPDX-License-Identifier: Apache-2.0 */
/* Completes a config that leaves open the user namespace or its mappings. */
#pragma once

#include <stdbool.h>

#include "berth/spec/config.h"

struct arena;
struct error;

/* Refuses a new user namespace without mappings for a privileged caller: berth never maps the
 * host's root implicitly. Returns 0 or a negative errno. */
int caller_ids_check(const struct spec_config *config, bool privileged, struct error *error);

/* Completes the config as crun does. An unprivileged caller gets a user namespace if
 * linux.namespaces has none. A new one without mappings maps the caller to process.user, and the
 * caller's first range of subordinate IDs to the IDs around it, if newuidmap(1) and newgidmap(1)
 * are installed. A devpts gid that is then not mapped is dropped. Returns `config` itself if it is
 * complete. */
const struct spec_config *caller_ids_complete(struct arena *arena, const struct spec_config *config,
                                              bool privileged);
