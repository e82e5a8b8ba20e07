/* SPDX-License-Identifier: Apache-2.0 */
/* The annotation run.berth.landlock: restricts the process by a Landlock ruleset, landlock(7). */
#include <errno.h>

#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/landlock.h"
#include "builder.h"

static bool is_empty(struct spec_landlock_rights rights)
{
    return (rights.files | rights.network | rights.scopes) == 0;
}

int plan_check_landlock(struct plan_builder *builder)
{
    const struct spec_landlock *landlock = spec_landlock_of(builder->config);
    const unsigned abi = builder->host->landlock_abi;

    if (landlock == NULL)
        return 0;
    const struct spec_landlock_rights lacking =
        spec_landlock_without(spec_landlock_handled(landlock), spec_landlock_known(abi));

    if (is_empty(lacking))
        return 0;
    const char *why = abi == 0 ? "this kernel has no Landlock, or a seccomp filter refuses it"
                               : PLAN_PLACE(builder, "the Landlock of this kernel has ABI %u", abi);
    const char *words = spec_landlock_names(builder->arena, lacking);
    if (landlock->disable_best_effort) {
        error_at(builder->error, SPEC_LANDLOCK_PATH ".ruleset", EOPNOTSUPP,
                 "cannot restrict %s: %s", words, why);
        return error_hint(builder->error,
                          "remove disableBestEffort to run without these restrictions");
    }
    if (!builder->joins)
        log_warning_at(SPEC_LANDLOCK_PATH ".ruleset", "cannot restrict %s: %s", words, why);
    return 0;
}

static void allow_paths(struct plan_builder *builder, const struct spec_landlock_rules *rules,
                        struct spec_landlock_rights known)
{
    for (size_t i = 0; i < rules->n_path_beneath; i++) {
        const struct spec_landlock_paths *rule = &rules->path_beneath[i];
        const struct spec_landlock_rights allowed = {
            .files =
                spec_landlock_files(rule->allowed_access, rule->n_allowed_access) & known.files};

        for (size_t j = 0; j < rule->n_paths && !is_empty(allowed); j++)
            PLAN_ADD(builder, ALLOW_PATH, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_LANDLOCK),
                     .place = PLAN_PLACE(builder,
                                         SPEC_LANDLOCK_RULES ".pathBeneath[%zu].paths[%zu]", i, j),
                     .words = spec_landlock_names(builder->arena, allowed), .path = rule->paths[j],
                     .access = allowed.files);
    }
}

static void allow_ports(struct plan_builder *builder, const struct spec_landlock_rules *rules,
                        struct spec_landlock_rights known)
{
    for (size_t i = 0; i < rules->n_net_port; i++) {
        const struct spec_landlock_ports *rule = &rules->net_port[i];
        const struct spec_landlock_rights allowed = {
            .network = spec_landlock_network(rule->allowed_access, rule->n_allowed_access) &
                       known.network};

        for (size_t j = 0; j < rule->n_ports && !is_empty(allowed); j++)
            PLAN_ADD(builder, ALLOW_PORT, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_LANDLOCK),
                     .place =
                         PLAN_PLACE(builder, SPEC_LANDLOCK_RULES ".netPort[%zu].ports[%zu]", i, j),
                     .words = spec_landlock_names(builder->arena, allowed), .port = rule->ports[j],
                     .access = allowed.network);
    }
}

void plan_make_ruleset(struct plan_builder *builder)
{
    const struct spec_landlock *landlock = spec_landlock_of(builder->config);

    if (landlock == NULL)
        return;
    const struct spec_landlock_rights known = spec_landlock_known(builder->host->landlock_abi);
    const struct spec_landlock_rights handled = spec_landlock_handled(landlock);
    const struct spec_landlock_rights rights =
        spec_landlock_without(handled, spec_landlock_without(handled, known));
    if (is_empty(rights))
        return;
    builder->has_ruleset = true;
    PLAN_ADD(builder, MAKE_RULESET, .by = PLAN_INIT, .place = SPEC_LANDLOCK_PATH ".ruleset",
             .makes = PLAN_SLOT_LANDLOCK, .words = spec_landlock_names(builder->arena, rights),
             .files = rights.files, .network = rights.network, .scopes = rights.scopes);
    if (landlock->rules == NULL)
        return;
    allow_paths(builder, landlock->rules, known);
    allow_ports(builder, landlock->rules, known);
}

void plan_enforce_ruleset(struct plan_builder *builder)
{
    if (builder->has_ruleset)
        PLAN_ADD(builder, ENFORCE_RULESET, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_LANDLOCK),
                 .place = SPEC_LANDLOCK_PATH);
}
