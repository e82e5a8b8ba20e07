/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that a caller may map into a user namespace: user_namespaces(7), subuid(5), newuidmap(1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct error;
struct spec_linux;
struct text;

/* Looks whether the caller may write linux.uidMappings and gidMappings; `privileged`: with
 * CAP_SETUID in the user namespace that he is in. Returns 0, or a negative errno with the entry
 * that is refused, and why. */
int subid_check(struct arena *arena, const struct spec_linux *config, bool privileged,
                struct error *error);

/* Adds the ranges of the calling user in /etc/subuid or, with `groups`, /etc/subgid, parted by ",
 * ", and returns how many ids these are. */
uint64_t subid_list(bool groups, struct text *text);

/* The first range of the calling user that there is. False: there is none. */
bool subid_first(bool groups, uint32_t *ret_first, uint32_t *ret_count);

/* Is newuidmap(1) (or newgidmap(1)) in PATH, and has it the rights that it needs? If not, `ret_why`
 * says so. */
bool subid_has_helper(struct arena *arena, bool groups, const char **ret_why);
