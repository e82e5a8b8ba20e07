/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "program.h"

#define TAIL_SIZE 1024
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

/* Returns ": " and the last lines of a hook's output, or "" if there are none. */
static const char *tail_of(struct arena *arena, int output)
{
    char tail[TAIL_SIZE];
    struct stat info;

    if (output < 0 || fstat(output, &info) < 0)
        return "";
    off_t start = info.st_size > TAIL_SIZE ? info.st_size - TAIL_SIZE : 0;
    ssize_t size = pread(output, tail, TAIL_SIZE, start);
    while (size > 0 && isspace((unsigned char) tail[size - 1]))
        size--;
    return size <= 0 ? "" : arena_printf(arena, ": %.*s", (int) size, tail);
}

/* Engines look for runc's wording: "error running KIND hook #N:". */
static const char *act_of(struct arena *arena, const struct failed_hook *hook)
{
    char kind[32];
    unsigned number;

    if (sscanf(hook->place, "hooks.%31[A-Za-z][%u]", kind, &number) == 2)
        return arena_printf(arena, "error running %s hook #%u: %s", kind, number, hook->words);
    return hook->words;
}

int explain_hook(struct arena *arena, const struct failed_hook *hook, struct error *error)
{
    int status = hook->wait_status;
    const char *tail = tail_of(arena, hook->output);

    error_errno_at(error, hook->place, hook->number, "%s", act_of(arena, hook));
    if (hook->number == ECANCELED)
        return error_cause(error, "the container's process was killed meanwhile");
    if (hook->number == ETIMEDOUT)
        return error_cause(error, "did not end in time and was killed%s", tail);
    if (hook->number != EIO || status == 0) /* the hook never ran */
        return -hook->number;
    if (WIFSIGNALED(status))
        return error_cause(error, "killed by signal %d (%s)%s", WTERMSIG(status),
                           strsignal(WTERMSIG(status)), tail);
    return error_cause(error, "exit status %d%s", WEXITSTATUS(status), tail);
}

/* Engines look for this wording, which comes from Go's os/exec. */
static int explain_exec(struct arena *arena, const struct plan_header *plan,
                        const struct failure *failure, struct error *error)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const char *place = plan_step_place(plan, failure->step);
    const char *program = plan_text(plan, step->op == PLAN_EXECUTE ? step->execute.program
                                                                   : step->find_program.program);
    bool is_missing = failure->number == ENOENT;

    if (is_missing && step->op == PLAN_FIND_PROGRAM && strchr(program, '/') == NULL)
        error_at(error, place, ENOENT, "exec: \"%s\": executable file not found in $PATH", program);
    else
        error_errno_at(error, place, failure->number, "exec: \"%s\"", program);
    const char *hint = program_hint(arena, plan, failure->number);
    if (hint == NULL)
        hint = explain_hint(arena, plan, failure);
    if (hint != NULL)
        error_hint(error, "%s", hint);
    error->exit_status = is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    return -failure->number;
}

int explain_failure(struct arena *arena, const struct plan_header *plan,
                    const struct failure *failure, struct error *error)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const char *place = plan_step_place(plan, failure->step);

    if (step->op == PLAN_FIND_PROGRAM || step->op == PLAN_EXECUTE)
        return explain_exec(arena, plan, failure, error);
    const char *words = plan_step_words(arena, plan, failure->step);
    if (step->op == PLAN_CONNECT_AGENT) /* runc's wording, which engines look for */
        words = arena_printf(arena, "failed to connect with seccomp agent: %s", words);
    const char *hint = explain_hint(arena, plan, failure);
    if (step->op == PLAN_RUN_HOOK)
        explain_hook(arena,
                     &(struct failed_hook){place, words, failure->number, (int) failure->value,
                                           failure->output},
                     error);
    else
        error_errno_at(error, place, failure->number, "%s", words);
    if (hint != NULL)
        error_hint(error, "%s", hint);
    return -failure->number;
}
