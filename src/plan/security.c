/* SPDX-License-Identifier: Apache-2.0 */
/* process.capabilities, noNewPrivileges, linux.seccomp. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

#define LOADER (1ULL << CAP_SYS_ADMIN) /* loads a filter and enforces a ruleset */

/* Names of the capabilities in `set`: "CAP_CHOWN, CAP_KILL". */
static const char *name_set(struct arena *arena, uint64_t set)
{
    const char *const *names = spec_capability_names(arena);
    struct text words = {.arena = arena};

    for (size_t i = 0; names[i] != NULL && set != 0; i++, set >>= 1) {
        if (!(set & 1))
            continue;
        text_add(&words, words.size > 0 ? ", " : "");
        text_add(&words, names[i]);
    }
    return words.bytes;
}

/* One warning for all sets. exec does not warn: create has, and the warning would mix with the
 * output of the user's command. */
static void keep_grantable(const struct plan_builder *builder, struct spec_capability_sets *sets)
{
    uint64_t grantable =
        plan_has_user_namespace(builder) ? UINT64_MAX : builder->host->bounding_capabilities;
    uint64_t *const set[] = {&sets->bounding, &sets->effective, &sets->permitted,
                             &sets->inheritable, &sets->ambient};
    uint64_t lacking = 0;

    for (size_t i = 0; i < COUNT(set); i++) {
        lacking |= *set[i] & ~grantable;
        *set[i] &= grantable;
    }
    if (lacking != 0 && !builder->joins)
        log_warning_at("process.capabilities",
                       "leaving out %s, which the caller's bounding set lacks",
                       name_set(builder->arena, lacking));
}

/* The kernel's rules of capabilities(7): effective within permitted, ambient within permitted and
 * inheritable. */
static void keep_within_permitted(const struct plan_builder *builder,
                                  struct spec_capability_sets *sets)
{
    uint64_t beyond = sets->effective & ~sets->permitted;

    if (beyond != 0 && !builder->joins)
        log_warning_at("process.capabilities.effective",
                       "leaving out %s, which the permitted set lacks",
                       name_set(builder->arena, beyond));
    sets->effective &= sets->permitted;
    /* `spec` of runc 1.1 writes an ambient set without an inheritable one: not the user's
     * mistake. */
    beyond = sets->ambient & ~(sets->permitted & sets->inheritable);
    if (beyond != 0 && log_shows(LOG_LEVEL_DEBUG))
        log_debug("process.capabilities.ambient: leaving out %s, which the permitted or "
                  "inheritable set lacks",
                  name_set(builder->arena, beyond));
    sets->ambient &= sets->permitted & sets->inheritable;
}

struct spec_capability_sets plan_capabilities(const struct plan_builder *builder)
{
    const struct spec_capabilities *capabilities = builder->config->process->capabilities;
    struct spec_capability_sets sets = {0};

    if (capabilities == NULL)
        return sets;
    sets = *capabilities->parsed;
    keep_grantable(builder, &sets);
    keep_within_permitted(builder, &sets);
    return sets;
}

uint64_t plan_seccomp_flag(enum spec_seccomp_flag flag)
{
    static const uint64_t values[] = {
        /* INIT has one thread, and a thread that hands over a listener must not get the filter. */
        [SPEC_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_TSYNC] = 0,
        [SPEC_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_LOG] = SECCOMP_FILTER_FLAG_LOG,
        [SPEC_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_SPEC_ALLOW] = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        [SPEC_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV] =
            PLAN_SECCOMP_WAIT_KILLABLE | SECCOMP_FILTER_FLAG_NEW_LISTENER,
    };

    return values[flag];
}

/* Replaces linux.seccomp if an annotation has the compiled filter: the plan needs no more. */
static const struct spec_seccomp ready_made = {.default_action =
                                                   SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW};

/* Replaces it in a recorded run: every system call of every architecture notifies. */
static const struct spec_seccomp recorded = {.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY};

static uint64_t seccomp_flags(const struct spec_seccomp *seccomp)
{
    uint64_t flags = spec_seccomp_notifies(seccomp) ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;

    for (size_t i = 0; i < seccomp->n_flags; i++)
        flags |= plan_seccomp_flag(seccomp->flags[i]);
    return flags;
}

static const char *filter_place(const struct plan_builder *builder)
{
    return builder->linux->seccomp == &ready_made ? "annotations[\"" SPEC_SECCOMP_BPF_DATA "\"]"
                                                  : "linux.seccomp";
}

void plan_use_ready_filter(struct plan_builder *builder)
{
    struct spec_linux *linux = ARENA_NEW(builder->arena, struct spec_linux);

    bool is_recorded = builder->request->record_seccomp != NULL;

    if (!is_recorded && spec_annotation(builder->config, SPEC_SECCOMP_BPF_DATA) == NULL)
        return;
    *linux = *builder->linux;
    linux->seccomp = is_recorded ? &recorded : &ready_made;
    builder->linux = linux;
}

void plan_compile_seccomp(struct plan_builder *builder)
{
    if (builder->linux->seccomp == &recorded)
        PLAN_ADD(builder, START_RECORDER, .by = PLAN_HOST, .makes = PLAN_SLOT_SECCOMP,
                 .file = builder->request->record_seccomp);
    else if (builder->linux->seccomp != NULL && builder->config->process != NULL)
        PLAN_ADD(builder, COMPILE_SECCOMP, .by = PLAN_HOST, .place = filter_place(builder),
                 .makes = PLAN_SLOT_SECCOMP);
}

static void set_capabilities(struct plan_builder *builder, const struct spec_capability_sets *sets)
{
    PLAN_ADD(builder, SET_CAPABILITIES, .by = PLAN_INIT, .place = "process.capabilities",
             .effective = sets->effective, .permitted = sets->permitted,
             .inheritable = sets->inheritable, .ambient = sets->ambient);
}

struct agent {
    const char *path; /* NULL: there is none */
    const char *place;
};

/* In crun's order. */
static struct agent find_agent(const struct plan_builder *builder)
{
    const char *path = builder->linux->seccomp->listener_path;
    const char *receiver = spec_annotation(builder->config, SPEC_SECCOMP_RECEIVER);

    if (path != NULL && path[0] != '\0')
        return (struct agent){path, "linux.seccomp.listenerPath"};
    if (receiver != NULL && receiver[0] != '\0')
        return (struct agent){receiver, "annotations[\"" SPEC_SECCOMP_RECEIVER "\"]"};
    return (struct agent){builder->request->seccomp_receiver, "RUN_OCI_SECCOMP_RECEIVER"};
}

int plan_check_filter(struct plan_builder *builder)
{
    const struct spec_seccomp *seccomp = builder->linux->seccomp;

    if (seccomp == NULL || seccomp == &recorded || !spec_seccomp_notifies(seccomp) ||
        find_agent(builder).path != NULL)
        return 0;
    return error_at(builder->error, "linux.seccomp.listenerPath", EINVAL,
                    "SCMP_ACT_NOTIFY needs one");
}

/* A relative path is relative to the bundle: `start` may run in another directory than `create`. */
static const char *agent_path(const struct plan_builder *builder, const char *path)
{
    return path[0] == '/' || path[0] == '@'
               ? path
               : text_path_join(builder->arena, builder->request->bundle, path);
}

static void load_seccomp_with_listener(struct plan_builder *builder)
{
    const struct spec_seccomp *seccomp = builder->linux->seccomp;
    const struct agent agent = find_agent(builder);
    const char *path = agent_path(builder, agent.path);

    plan_signal(builder, PLAN_TOKEN_PREPARED);
    PLAN_ADD(builder, CONNECT_AGENT, .by = PLAN_HOST, .awaits = PLAN_TOKEN_PREPARED,
             .signals = PLAN_TOKEN_AGENT, .place = agent.place, .socket = path);
    PLAN_ADD(builder, LOAD_SECCOMP, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_SECCOMP),
             .awaits = PLAN_TOKEN_AGENT, .makes = PLAN_SLOT_LISTENER, .place = "linux.seccomp",
             .flags = seccomp_flags(seccomp));
    PLAN_ADD(builder, HAND_LISTENER, .by = PLAN_HOST, .uses = PLAN_BIT(PLAN_SLOT_LISTENER),
             .signals = PLAN_TOKEN_HANDED, .place = agent.place, .socket = path,
             .metadata = seccomp->listener_metadata, .is_exec = builder->joins);
    plan_wait(builder, PLAN_TOKEN_HANDED);
}

static void load_recorder(struct plan_builder *builder)
{
    uint64_t flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
                     (builder->host->waits_killable ? PLAN_SECCOMP_WAIT_KILLABLE : 0);

    PLAN_ADD(builder, LOAD_SECCOMP, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_SECCOMP),
             .makes = PLAN_SLOT_LISTENER, .flags = flags);
    PLAN_ADD(builder, HAND_RECORDER, .by = PLAN_HOST, .uses = PLAN_BIT(PLAN_SLOT_LISTENER),
             .signals = PLAN_TOKEN_HANDED, .file = builder->request->record_seccomp);
    plan_wait(builder, PLAN_TOKEN_HANDED);
}

static void load_seccomp(struct plan_builder *builder)
{
    const struct spec_seccomp *seccomp = builder->linux->seccomp;

    if (seccomp == NULL)
        return;
    if (seccomp == &recorded) {
        load_recorder(builder);
        return;
    }
    /* A missing path is an error, but the dry run still shows a plan. */
    if (spec_seccomp_notifies(seccomp) && find_agent(builder).path != NULL)
        load_seccomp_with_listener(builder);
    else
        PLAN_ADD(builder, LOAD_SECCOMP, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_SECCOMP),
                 .place = filter_place(builder), .flags = seccomp_flags(seccomp));
}

static bool is_confined(const struct plan_builder *builder)
{
    return builder->linux->seccomp != NULL || builder->has_ruleset;
}

void plan_hold_capabilities(struct plan_builder *builder, const struct spec_capability_sets *sets)
{
    bool confines_with_rights =
        is_confined(builder) && !builder->config->process->no_new_privileges;

    set_capabilities(builder, &(struct spec_capability_sets){
                                  .effective = sets->effective,
                                  .permitted = sets->permitted | sets->inheritable |
                                               (confines_with_rights ? LOADER : 0),
                              });
}

/* Without no_new_privs, loading a filter or enforcing a ruleset requires CAP_SYS_ADMIN, so the
 * container's own capabilities are set after it. With no_new_privs the filter comes last, and need
 * not allow capset(2). */
void plan_confine(struct plan_builder *builder, const struct spec_capability_sets *sets)
{
    if (builder->config->process->no_new_privileges) {
        PLAN_ADD(builder, SET_NO_NEW_PRIVILEGES, .by = PLAN_INIT,
                 .place = "process.noNewPrivileges");
        set_capabilities(builder, sets);
        plan_enforce_ruleset(builder);
        load_seccomp(builder);
        return;
    }
    if (is_confined(builder)) {
        set_capabilities(builder, &(struct spec_capability_sets){
                                      .effective = LOADER,
                                      .permitted = sets->permitted | sets->inheritable | LOADER,
                                  });
        plan_enforce_ruleset(builder);
        load_seccomp(builder);
    }
    set_capabilities(builder, sets);
}
