/* SPDX-License-Identifier: Apache-2.0 */
/* explain. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/losses.h"
#include "berth/runtime/runtime.h"
#include "berth/seccomp/seccomp.h"
#include "explain/kernel-log.h"
#include "signals.h"
#include "state/exit.h"
#include "state/host-facts.h"

struct report {
    const struct state *state;
    struct text *text;
    struct exit_facts facts;
    struct cgroup_losses losses;
    struct error no_losses;
    int log_result; /* of kernel_log_search; 1: it was not needed */
    bool sought_oom;
    struct kernel_log_answer log;
};

static const char *times_of(const struct report *report, uint64_t count)
{
    return count == 1 ? "once" : arena_printf(report->state->arena, "%" PRIu64 " times", count);
}

/* Returns the signal that is known to have killed the process, or 0. */
static int signal_of(const struct report *report)
{
    const struct exit_facts *facts = &report->facts;

    return exit_is_known(facts) && WIFSIGNALED(facts->status) ? WTERMSIG(facts->status) : 0;
}

static void find_losses(struct report *report)
{
    const struct state *state = report->state;
    const struct cgroup_record cgroups = state_cgroups(state);

    if (cgroups.n_paths == 0)
        state_has_no_cgroup(state, &report->no_losses);
    else
        cgroup_read_losses(state->arena, &cgroups, &report->losses, &report->no_losses);
}

static const char *find_memory_cgroup(const struct state *state)
{
    const struct cgroup_record cgroups = state_cgroups(state);
    struct cgroup_host host;
    struct error ignored = {0};

    if (cgroup_probe(state->arena, "", &host, &ignored) < 0)
        return NULL;
    return cgroup_path_with(&host, &cgroups, "memory");
}

/* The kernel logs nothing about an exit, or about other signals. */
static void search_log(struct report *report)
{
    const struct exit_facts *facts = &report->facts;
    const struct cgroup_losses *losses = &report->losses;
    struct kernel_log_question question = {
        .pid = report->state->pid,
        .since = report->state->record.created,
        .until = facts->at,
    };
    int signal = signal_of(report);
    bool is_killed = signal == SIGKILL || signal == SIGSYS;

    report->log_result = 1;
    if (report->state->pid <= 0 || (exit_is_known(facts) && !is_killed))
        return;
    if (signal != SIGSYS)
        question.cgroup = find_memory_cgroup(report->state);
    report->sought_oom = question.cgroup != NULL;
    report->log_result = kernel_log_search(report->state->arena, &question, &report->log);
    report->log.has_oom &= losses->directory == NULL || losses->oom_kills > 0;
    report->log.has_seccomp &= signal == 0 || signal == SIGSYS;
}

static const char *name_of_process(const struct report *report, pid_t pid)
{
    struct arena *arena = report->state->arena;
    const char *name = host_read_text(arena, arena_printf(arena, "/proc/%d/comm", pid));
    struct text text = {.arena = arena};

    text_addf(&text, "process %d", pid);
    if (name == NULL)
        return text.bytes;
    text_add(&text, " (");
    text_add_printable(&text, name, "", "");
    text_add(&text, ")");
    return text.bytes;
}

static void put_known(const struct report *report)
{
    const struct exit_facts *facts = &report->facts;
    int signal = signal_of(report);
    const char *name = signal_name(report->state->arena, signal);

    if (signal == 0)
        text_addf(report->text, "Its process exited with status %d", WEXITSTATUS(facts->status));
    else
        text_addf(report->text, "Its process was killed by signal %d%s%s%s", signal,
                  name == NULL ? "" : " (", name == NULL ? "" : name, name == NULL ? "" : ")");
    if (facts->at != NULL)
        text_addf(report->text, " at %s", facts->at);
    if (WIFSIGNALED(facts->status) && WCOREDUMP(facts->status))
        text_add(report->text, " and dumped core");
    text_add(report->text, ".\n");
    if (facts->source == EXIT_ZOMBIE && facts->parent > 0)
        text_addf(report->text, "Its parent, %s, has not reaped the process yet.\n",
                  name_of_process(report, facts->parent));
}

static void put_unknown(const struct report *report)
{
    const struct exit_facts *facts = &report->facts;

    text_add(report->text, "Its exit status is not known: ");
    if (facts->source == EXIT_HIDDEN)
        text_add(report->text, "the kernel shows it only to root and to the process's own user.\n");
    else if (facts->source == EXIT_UNREADABLE)
        text_addf(report->text, "/proc/%d: %s.\n", report->state->pid,
                  text_of_errno(facts->number));
    else if (report->state->pid <= 0)
        text_add(report->text, "its creation has not finished.\n");
    else
        text_addf(report->text,
                  "its parent has reaped process %d, and the kernel keeps it no longer than that. "
                  "Ask the engine that started the container; `berth run --keep` in the foreground "
                  "records it.\n",
                  report->state->pid);
}

static void put_status(const struct report *report)
{
    if (exit_is_known(&report->facts))
        put_known(report);
    else
        put_unknown(report);
    if (file_access(report->state->dir, STATE_START_SOCKET, F_OK) == 0)
        text_add(report->text, "It was created, but its program never started.\n");
}

static void put_oom_limit(const struct report *report)
{
    const struct cgroup_losses *losses = &report->losses;
    const struct cgroup_limit *limit = &losses->memory;

    if (limit->file == NULL)
        return;
    if (losses->peak != NULL)
        text_addf(report->text, "%s is %s, and the most that was used is %s.\n", limit->file,
                  limit->value, losses->peak);
    else if (limit->reached > 0)
        text_addf(report->text, "%s is %s, and was reached %s.\n", limit->file, limit->value,
                  times_of(report, limit->reached));
    else if (losses->ooms_below > 0)
        text_addf(report->text, "Limits of cgroups below it were reached %s.\n",
                  times_of(report, losses->ooms_below));
    else
        text_addf(report->text,
                  "%s is %s, and was not reached: the limit of a parent cgroup was, or the host's "
                  "memory was used up.\n",
                  limit->file, limit->value);
}

static void put_losses(const struct report *report)
{
    const struct cgroup_losses *losses = &report->losses;

    if (losses->oom_kills > 0) {
        text_addf(report->text, "The kernel killed %" PRIu64 " %s in %s for lack of memory.\n",
                  losses->oom_kills, losses->oom_kills == 1 ? "process" : "processes",
                  losses->directory);
        put_oom_limit(report);
    }
    if (losses->pids.file != NULL && losses->pids.reached > 0)
        text_addf(report->text,
                  "The kernel refused to create a process %s, because a limit on processes was "
                  "reached; %s is %s.\n",
                  times_of(report, losses->pids.reached), losses->pids.file, losses->pids.value);
}

static const char *name_of_call(const struct report *report)
{
    const struct kernel_log_seccomp *seccomp = &report->log.seccomp;
    struct arena *arena = report->state->arena;
    const char *name = seccomp_name_of(arena, seccomp->machine, seccomp->call);

    return name != NULL ? name
                        : arena_printf(arena, "%" PRIu64 " of machine %08x", seccomp->call,
                                       seccomp->machine);
}

/* The kernel assigns PIDs anew: a PID in the log alone does not tell whose it was. */
static const char *name_if_sure(bool is_sure, const char *words)
{
    return is_sure ? words : ", or another one with that PID,";
}

static void put_log(const struct report *report)
{
    const struct kernel_log_answer *log = &report->log;

    if (log->has_oom)
        text_addf(report->text,
                  "The kernel's log: it killed process %d%s because %s%s was used up.\n",
                  report->state->pid, name_if_sure(report->losses.oom_kills > 0, " itself,"),
                  log->oom.limit == NULL ? "the host's memory" : "the memory of the cgroup ",
                  log->oom.limit == NULL ? "" : log->oom.limit);
    if (log->has_seccomp)
        text_addf(report->text,
                  "The kernel's log: a seccomp filter killed process %d%s at %s, for the system "
                  "call %s.\n",
                  report->state->pid, name_if_sure(exit_is_known(&report->facts), ""),
                  log->seccomp_at, name_of_call(report));
}

/* The line of an OOM kill that the cgroup counted may be lost. */
static bool is_not_in_log(const struct report *report)
{
    bool sought_all = report->sought_oom && report->losses.oom_kills == 0;

    return report->log_result == 0 && (signal_of(report) == SIGSYS || sought_all);
}

static void put_sender(const struct report *report)
{
    int signal = signal_of(report);

    if (signal == 0 || report->log.has_oom || report->log.has_seccomp)
        return;
    text_add(report->text, "The kernel does not record who sent a signal.\n");
    if (report->log_result == -EXDEV)
        text_add(report->text, "Its log has the PIDs of the host, which berth does not see in this "
                               "PID namespace.\n");
    else if (report->log_result < 0)
        text_addf(report->text, "Its log cannot be read: /dev/kmsg: %s.\n",
                  text_of_errno(-report->log_result));
    else if (is_not_in_log(report))
        text_add(report->text, "Its log does not mention it.\n");
}

static void put_container(const struct report *report, enum spec_status status)
{
    text_addf(report->text, "Container \"%s\" ", report->state->id);
    if (status == SPEC_STATUS_STOPPED)
        text_add(report->text, "has stopped.\n");
    else if (status == SPEC_STATUS_CREATING)
        text_add(report->text, "is being created.\n");
    else
        text_addf(report->text, "is %s.\n", spec_status_names[status]);
}

/* A pod has no process whose end could be explained. */
static void put_pod(const struct report *report, enum spec_status status)
{
    if (status == SPEC_STATUS_CREATING)
        return;
    if (!report->state->committed && status == SPEC_STATUS_STOPPED)
        text_add(report->text,
                 "Its creation was interrupted: berth delete removes what it left.\n");
    else
        text_add(report->text,
                 status == SPEC_STATUS_STOPPED
                     ? "It is a pod without a process, and its namespaces are not held "
                       "any more, or only in another mount namespace.\n"
                     : "It is a pod: it holds namespaces and has no process.\n");
}

int runtime_explain(const struct runtime_options *options, const char *id, struct text *text,
                    struct error *error)
{
    AUTO_STATE state = state_of(text->arena, options, id);
    struct report report = {.state = &state, .text = text};
    enum spec_status status;

    TRY(state_open_known(&state, &status, error));
    put_container(&report, status);
    if (state_is_pod(&state)) {
        put_pod(&report, status);
        return 0;
    }
    find_losses(&report);
    if (status == SPEC_STATUS_STOPPED) {
        exit_find(&state, &report.facts);
        search_log(&report);
        put_status(&report);
    }
    put_losses(&report);
    put_log(&report);
    put_sender(&report);
    if (report.no_losses.number != 0)
        text_addf(text, "Its resource counters cannot be read: %s.\n",
                  error_text(text->arena, &report.no_losses));
    return 0;
}
