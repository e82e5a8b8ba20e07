/* SPDX-License-Identifier: Apache-2.0 */
/* The IDs that a caller may map into a user namespace: user_namespaces(7), subuid(5),
 * newuidmap(1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct error;
struct spec_linux;
struct text;

/* Checks that the caller may write linux.uidMappings and gidMappings. `privileged`: the caller has
 * CAP_SETUID in its user namespace. Returns 0, or a negative errno with an error that names the
 * refused entry and says why. */
int subid_check(struct arena *arena, const struct spec_linux *config, bool privileged,
                struct error *error);

/* Adds the calling user's ranges in /etc/subuid or, with `groups`, /etc/subgid, separated by ", ".
 * Returns how many IDs these are. */
uint64_t subid_list(bool groups, struct text *text);

/* Returns the calling user's first range, or false if there is none. */
bool subid_first(bool groups, uint32_t *ret_first, uint32_t *ret_count);

/* Returns whether newuidmap(1) (or newgidmap(1)) is in PATH and has the privileges it needs. If
 * not, *ret_why says why. */
bool subid_has_helper(struct arena *arena, bool groups, const char **ret_why);
