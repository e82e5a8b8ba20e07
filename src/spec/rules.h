/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the check-*.c files. Each function adds its lines to `error`. If a rule involves a
 * second property, the line names that too: by its path or, if it is a sibling or parent of the
 * first one, by its name. That lets src/spec/load.c recognise lines that only follow from a faulty
 * property.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "berth/spec/config.h"
#include "report.h"

struct error;

void rules_process(const struct spec_process *process, struct error *error);
void rules_mounts(const struct spec_config *config, struct error *error);
void rules_namespaces(const struct spec_config *config, struct error *error);
void rules_linux(const struct spec_config *config, struct error *error);
void rules_sysctl(const struct spec_config *config, struct error *error);
void rules_landlock(const struct spec_config *config, struct error *error);
/* Requires the annotation. */
void rules_pod(const struct spec_config *config, struct error *error);
void rules_annotations(const struct spec_config *config, struct error *error);
void rules_resources(const struct spec_resources *resources, struct error *error);
void rules_seccomp(const struct spec_seccomp *seccomp, struct error *error);

/* Every entry of an environment must have the form NAME=value. `where` is the JSON path of the
 * list. */
void rules_environment(const char *where, const char *const *entries, size_t n_entries,
                       struct error *error);

/* The mappings must be valid for the kernel: not empty, nothing beyond 2^32 - 1, no overlap. */
void rules_id_mappings(const char *where, const struct spec_id_mapping *mappings, size_t n_mappings,
                       struct error *error);

/* A list such as "0-3,7" of numbers below `limit`; may be NULL. */
void rules_number_list(const char *where, const char *list, size_t limit, struct error *error);

/* Returns whether a string is neither NULL nor "": engines write "" for a property that is not
 * set. */
static inline bool is_set(const char *string)
{
    return string != NULL && string[0] != '\0';
}

/* Returns whether the sysctl sets the same value as domainname. */
bool rules_repeats_domainname(const struct spec_config *config, const struct spec_pair *sysctl);
