/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the check-*.c files share; each function adds its lines to `error`. A rule that needs a
 * second property names it in its line: by its path, or, beside or around the first one, by its
 * name. By that src/spec/load.c knows the lines that only follow from a property at fault.
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
void rules_annotations(const struct spec_config *config, struct error *error);
void rules_resources(const struct spec_resources *resources, struct error *error);
void rules_seccomp(const struct spec_seccomp *seccomp, struct error *error);

/* Everything of an environment must read NAME=value. `where` is the JSON path of the list. */
void rules_environment(const char *where, const char *const *entries, size_t n_entries,
                       struct error *error);

/* Ranges that the kernel takes: none empty, none beyond 2^32 - 1, no two that overlap. */
void rules_id_mappings(const char *where, const struct spec_id_mapping *mappings, size_t n_mappings,
                       struct error *error);

/* A list such as "0-3,7" of numbers below `limit`; NULL is fine. */
void rules_number_list(const char *where, const char *list, size_t limit, struct error *error);

/* A string that is there and says something: engines write "" for what is not set. */
static inline bool is_set(const char *string)
{
    return string != NULL && string[0] != '\0';
}

/* Does the sysctl set what domainname does? */
bool rules_repeats_domainname(const struct spec_config *config, const struct spec_pair *sysctl);

bool rules_has_word(const char *const *words, size_t n_words, const char *word);
