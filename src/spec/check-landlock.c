/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the annotation run.berth.landlock that the kernel would only answer with EINVAL. */
#include "berth/base/arena.h"
#include "berth/spec/annotations.h"
#include "berth/spec/landlock.h"
#include "rules.h"

/* A rule allows some of the rights that the ruleset restricts. */
static void check_rights(const char *path, struct spec_landlock_rights allowed,
                         struct spec_landlock_rights handled, const char *property,
                         struct error *error)
{
    AUTO_ARENA arena = {0};
    const struct spec_landlock_rights beyond = spec_landlock_without(allowed, handled);

    if ((allowed.files | allowed.network) == 0)
        report_add(error, path, "must name at least one right");
    if ((beyond.files | beyond.network) != 0)
        report_add(error, path, "allows %s, which ruleset.%s does not restrict",
                   spec_landlock_names(&arena, beyond), property);
}

static void check_paths(const struct spec_landlock_rules *rules,
                        struct spec_landlock_rights handled, struct error *error)
{
    for (size_t i = 0; i < rules->n_path_beneath; i++) {
        const struct spec_landlock_paths *rule = &rules->path_beneath[i];
        const struct spec_landlock_rights allowed = {
            .files = spec_landlock_files(rule->allowed_access, rule->n_allowed_access)};

        check_rights(JSON_PATH(SPEC_LANDLOCK_RULES ".pathBeneath[%zu].allowedAccess", i), allowed,
                     handled, "handledAccessFS", error);
        for (size_t j = 0; j < rule->n_paths; j++)
            if (rule->paths[j][0] != '/')
                report_add(error,
                           JSON_PATH(SPEC_LANDLOCK_RULES ".pathBeneath[%zu].paths[%zu]", i, j),
                           "must be an absolute path, got %s", QUOTE(rule->paths[j]));
    }
}

void rules_landlock(const struct spec_config *config, struct error *error)
{
    const struct spec_landlock *landlock = spec_landlock_of(config);

    if (landlock == NULL)
        return;
    const struct spec_landlock_rights handled = spec_landlock_handled(landlock);
    const struct spec_landlock_rules *rules = landlock->rules;

    if ((handled.files | handled.network | handled.scopes) == 0)
        report_add(error, SPEC_LANDLOCK_PATH ".ruleset",
                   "must restrict something: handledAccessFS, handledAccessNet or scoped");
    if (rules == NULL)
        return;
    check_paths(rules, handled, error);
    for (size_t i = 0; i < rules->n_net_port; i++) {
        const struct spec_landlock_ports *rule = &rules->net_port[i];
        const struct spec_landlock_rights allowed = {
            .network = spec_landlock_network(rule->allowed_access, rule->n_allowed_access)};

        check_rights(JSON_PATH(SPEC_LANDLOCK_RULES ".netPort[%zu].allowedAccess", i), allowed,
                     handled, "handledAccessNet", error);
    }
}
