/* SPDX-License-Identifier: Apache-2.0 */
/* config.md: Process, POSIX process, Linux process, User */
#include <inttypes.h>

#include "berth/spec/capabilities.h"
#include "berth/spec/check.h"
#include "rules.h"

/* setuid(2) and similar calls take it as "unchanged" */
#define NO_ID UINT32_MAX

static void check_user(const struct spec_user *user, struct error *error)
{
    if (!user->has_uid && !user->has_gid)
        report_warning(error, "process.user", "uid and gid are required but missing: 0 is taken");
    else if (!user->has_uid)
        report_warning(error, "process.user.uid", "is required but missing: 0 is taken");
    else if (!user->has_gid)
        report_warning(error, "process.user.gid", "is required but missing: 0 is taken");
    if (user->uid == NO_ID)
        report_add(error, "process.user.uid", "%" PRIu32 " is not a valid id", user->uid);
    if (user->gid == NO_ID)
        report_add(error, "process.user.gid", "%" PRIu32 " is not a valid id", user->gid);
    for (size_t i = 0; i < user->n_additional_gids; i++) {
        if (user->additional_gids[i] == NO_ID)
            report_add(error, JSON_PATH("process.user.additionalGids[%zu]", i),
                       "%" PRIu32 " is not a valid id", user->additional_gids[i]);
    }
}

static void check_rlimits(const struct spec_process *process, struct error *error)
{
    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct spec_rlimit *rlimit = &process->rlimits[i];

        if (rlimit->soft > rlimit->hard)
            report_add(error, JSON_PATH("process.rlimits[%zu].soft", i),
                       "must not be above hard, got %" PRIu64 " and %" PRIu64, rlimit->soft,
                       rlimit->hard);
        for (size_t j = 0; j < i; j++) {
            if (process->rlimits[j].type == rlimit->type) {
                report_add(error, JSON_PATH("process.rlimits[%zu].type", i),
                           "%s is in rlimits[%zu] already", spec_rlimit_type_names[rlimit->type],
                           j);
                break;
            }
        }
    }
}

/* These flags belong to SCHED_DEADLINE; the kernel ignores them for other policies. */
static void check_scheduler_flags(const struct spec_scheduler *scheduler, struct error *error)
{
    for (size_t i = 0; i < scheduler->n_flags; i++) {
        enum spec_scheduler_flag flag = scheduler->flags[i];

        if (flag == SPEC_SCHEDULER_FLAG_SCHED_FLAG_RECLAIM ||
            flag == SPEC_SCHEDULER_FLAG_SCHED_FLAG_DL_OVERRUN)
            report_add(error, JSON_PATH("process.scheduler.flags[%zu]", i),
                       "%s belongs to SCHED_DEADLINE, and policy is %s",
                       spec_scheduler_flag_names[flag],
                       spec_scheduler_policy_names[scheduler->policy]);
    }
}

/* sched(7) */
static void check_scheduler(const struct spec_scheduler *scheduler, struct error *error)
{
    bool real_time = scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_FIFO ||
                     scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_RR;
    bool fair = scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_OTHER ||
                scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_BATCH;
    const char *policy = spec_scheduler_policy_names[scheduler->policy];

    if (scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_ISO)
        report_add(error, "process.scheduler.policy", "Linux has no SCHED_ISO");
    if (!fair && scheduler->nice != 0)
        report_warning(error, "process.scheduler.nice",
                       "has no effect, only SCHED_OTHER and SCHED_BATCH have one, and policy is %s",
                       policy);
    if (real_time && scheduler->priority == 0)
        report_add(error, "process.scheduler.priority", "must be 1 to 99 for %s, got 0", policy);
    if (!real_time && scheduler->priority != 0)
        report_add(error, "process.scheduler.priority", "must be 0 for %s, got %" PRId32, policy,
                   scheduler->priority);
    if (scheduler->policy == SPEC_SCHEDULER_POLICY_SCHED_DEADLINE) {
        /* A period of 0 means the same as the deadline. */
        if (scheduler->runtime == 0 || scheduler->runtime > scheduler->deadline ||
            (scheduler->period != 0 && scheduler->deadline > scheduler->period))
            report_add(error, "process.scheduler",
                       "SCHED_DEADLINE needs 0 < runtime <= deadline <= period");
        return;
    }
    check_scheduler_flags(scheduler, error);
    if (scheduler->runtime != 0 || scheduler->deadline != 0 || scheduler->period != 0)
        report_add(error, "process.scheduler",
                   "runtime, deadline and period belong to SCHED_DEADLINE, and policy is %s",
                   policy);
}

/* config.md, "Linux Process": capabilities. */
static void check_capabilities(const struct spec_capability_sets *sets, struct error *error)
{
    for (size_t i = 0; i < sets->n_unknown; i++) {
        const struct spec_unknown_capability *unknown = &sets->unknown[i];
        const char *meant = unknown->meant;

        report_warning(error, unknown->json_path, "unknown capability %s: ignored%s%s%s",
                       QUOTE(unknown->name), meant != NULL ? " (did you mean " : "",
                       meant != NULL ? meant : "", meant != NULL ? "?)" : "");
    }
}

void rules_process(const struct spec_process *process, struct error *error)
{
    if (process->cwd[0] != '/')
        report_add(error, "process.cwd", "must be absolute, got %s", QUOTE(process->cwd));
    if (process->n_args == 0)
        report_add(error, "process.args", "must have at least one entry");
    else if (process->args[0][0] == '\0')
        report_add(error, "process.args[0]", "must not be empty");
    rules_environment("process.env", process->env, process->n_env, error);
    if (process->user != NULL)
        check_user(process->user, error);
    if (process->capabilities != NULL)
        check_capabilities(process->capabilities->parsed, error);
    check_rlimits(process, error);
    if (process->io_priority != NULL && !process->io_priority->has_priority)
        report_warning(error, "process.ioPriority.priority", "is required but missing: 0 is taken");
    if (process->scheduler != NULL)
        check_scheduler(process->scheduler, error);
    if (process->exec_cpu_affinity != NULL) {
        rules_number_list("process.execCPUAffinity.initial", process->exec_cpu_affinity->initial,
                          SPEC_CPUS, error);
        rules_number_list("process.execCPUAffinity.final", process->exec_cpu_affinity->final,
                          SPEC_CPUS, error);
    }
}
