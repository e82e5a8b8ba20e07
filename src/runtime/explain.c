/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "berth/sys/probe.h"
#include "interpreter.h"

#define TAIL_SIZE 1024
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

/* ": " and the last lines of a hook's output, "" if there are none. */
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

int explain_hook(struct arena *arena, const struct failed_hook *hook, struct error *error)
{
    int status = hook->wait_status;
    const char *tail = tail_of(arena, hook->output);

    if (hook->number == ETIMEDOUT)
        return error_set(error, ETIMEDOUT, "%s: %s: did not end in time and was killed%s",
                         hook->place, hook->words, tail);
    if (hook->number != EIO || status == 0) /* it never ran */
        return error_errno(error, hook->number, "%s: %s", hook->place, hook->words);
    if (WIFSIGNALED(status))
        return error_set(error, EIO, "%s: %s: killed by signal %d (%s)%s", hook->place,
                         hook->words, WTERMSIG(status), strsignal(WTERMSIG(status)), tail);
    return error_set(error, EIO, "%s: %s: exit status %d%s", hook->place, hook->words,
                     WEXITSTATUS(status), tail);
}

/* The program is there, and yet execve(2) says that something is not. */
static void hint_at_interpreter(struct arena *arena, const struct plan_header *plan,
                                struct error *error)
{
    const char *interpreter = interpreter_of_program(arena, plan);

    if (interpreter != NULL)
        error_hint(error, "the script is there, but not its interpreter \"%s\"", interpreter);
    else
        error_hint(error, "the file is there, but not the interpreter or loader that it names");
}

/* Callers look for these words, which Go's os/exec has coined. */
static int explain_exec(struct arena *arena, const struct plan_header *plan,
                        const struct failure *failure, struct error *error)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const char *place = plan_step_place(plan, failure->step);
    const char *program = plan_text(plan, step->text[0]);
    bool is_missing = failure->number == ENOENT;

    if (is_missing && step->op == PLAN_FIND_PROGRAM && strchr(program, '/') == NULL)
        error_set(error, ENOENT, "%s: exec: \"%s\": executable file not found in $PATH", place,
                  program);
    else
        error_errno(error, failure->number, "%s: exec: \"%s\"", place, program);
    if (is_missing && step->op == PLAN_EXECUTE)
        hint_at_interpreter(arena, plan, error);
    error->exit_status = is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    return -failure->number;
}

static const struct {
    unsigned flag;
    const char *name;
} namespace_names[] = {
    {CLONE_NEWPID, "pid"},   {CLONE_NEWNET, "network"}, {CLONE_NEWNS, "mount"},
    {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},     {CLONE_NEWUSER, "user"},
    {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"},
};

static void hint_at_namespace(const char *path, struct error *error)
{
    unsigned type = sys_namespace_type(path);

    for (size_t i = 0; i < sizeof(namespace_names) / sizeof(namespace_names[0]); i++) {
        if (namespace_names[i].flag == type) {
            error_hint(error, "the file is a %s namespace", namespace_names[i].name);
            return;
        }
    }
    error_hint(error, "the file is no namespace");
}

/* What is known to help: the first row that fits. */
static const struct {
    enum plan_op op;
    int number;
    const char *text; /* text 0 of the step; NULL: any */
    const char *hint;
} hints[] = {
    {PLAN_MAKE_MOUNT, EPERM, "proc",
     "a user namespace needs a pid namespace of its own to mount proc, and an unmasked /proc outside"},
    {PLAN_MAKE_MOUNT, EPERM, "sysfs",
     "a user namespace needs a network namespace of its own to mount sysfs"},
    {PLAN_MAKE_MOUNT, EPERM, "mqueue",
     "a user namespace needs an ipc namespace of its own to mount mqueue"},
    {PLAN_MAKE_MOUNT, ENODEV, NULL, "the kernel does not have this file system"},
    {PLAN_MAP_MOUNT, EINVAL, NULL,
     "the file system cannot be mapped: idmapped mounts need Linux 5.12 and a file system that allows them"},
    {PLAN_MAP_MOUNT, ENOSYS, NULL, "idmapped mounts need Linux 5.12"},
    {PLAN_MAP_MOUNT, EPERM, NULL,
     "the mount has a mapping already, or its file system belongs to another user namespace"},
    {PLAN_MAKE_ID_MAP, EINVAL, NULL, "a range is empty, overlaps with another or goes beyond the last id"},
    {PLAN_MAKE_ID_MAP, EPERM, NULL, "the caller's own user namespace does not have all these ids"},
    {PLAN_MOVE_NET_DEVICE, EEXIST, NULL,
     "the container has a device of that name; a name such as \"eth%d\" gets a free number"},
    {PLAN_MOVE_NET_DEVICE, EINVAL, NULL, "the kernel binds some devices to their network namespace"},
    {PLAN_MOVE_NET_DEVICE, EACCES, NULL, "IPv6 is switched off there, and the device has such an address"},
    {PLAN_MOVE_NET_DEVICE, EPERM, NULL,
     "devices are moved with CAP_NET_ADMIN on both sides and CAP_SYS_ADMIN in the container's network namespace"},
    {PLAN_PUT_FILE, ERANGE, "/proc/self/timens_offsets", "the clock would be before zero or too far ahead"},
    {PLAN_LAUNCH, EPERM, NULL, "new namespaces need root's rights or a user namespace"},
    {PLAN_LAUNCH, ENOSPC, NULL, "see the limits in /proc/sys/user/"},
    {PLAN_UNSHARE, ENOSPC, NULL, "see the limits in /proc/sys/user/"},
    {PLAN_UNSHARE, EPERM, "user", "see /proc/sys/user/max_user_namespaces and kernel.unprivileged_userns_clone"},
    {PLAN_CLONE_INIT, ENOSPC, NULL, "see the limits in /proc/sys/user/"},
    {PLAN_MAP_IDS, EPERM, NULL, "ordinary users may map their own id and those of /etc/subuid and /etc/subgid"},
    {PLAN_SET_RLIMIT, EPERM, NULL, "a hard limit is raised only by a caller with CAP_SYS_RESOURCE"},
    {PLAN_SET_SCHEDULER, EPERM, NULL,
     "a better priority than the caller's needs CAP_SYS_NICE outside a user namespace; a real-time policy may also need "
     "linux.resources.cpu.realtimeRuntime"},
    {PLAN_SET_SCHEDULER, EBUSY, NULL, "the processors have not so much time left for deadlines"},
    {PLAN_SET_SCHEDULER, EINVAL, NULL, "the kernel does not take these values together; see sched_setattr(2)"},
    {PLAN_SET_SCHEDULER, EOPNOTSUPP, NULL, "the kernel is built without clamps of the utilization"},
    {PLAN_SET_IO_PRIORITY, EPERM, NULL, "the class IOPRIO_CLASS_RT needs CAP_SYS_NICE outside a user namespace"},
    {PLAN_SET_MEMORY_POLICY, EINVAL, NULL,
     "the kernel does not know the mode or the flags, or has no such nodes, or linux.resources.cpu.mems has none of them"},
    {PLAN_SET_MEMORY_POLICY, ENOSYS, NULL, "the kernel is built without memory policies"},
    {PLAN_SET_PERSONALITY, EINVAL, NULL, "the machine runs no 32-bit programs"},
    {PLAN_PUT_FILE, ENOENT, "self/attr/apparmor/exec", "no profile of this name is loaded"},
    {PLAN_PUT_FILE, EINVAL, "self/attr/exec", "the policy of the host does not know this label"},
    {PLAN_SET_OOM_SCORE, EACCES, NULL, "a lower value than the caller's needs CAP_SYS_RESOURCE"},
    {PLAN_MAKE_NODE, EPERM, NULL, "device nodes need CAP_MKNOD outside a user namespace"},
    {PLAN_SET_HOSTNAME, EPERM, NULL, "the container needs a uts namespace of its own"},
    {PLAN_CONNECT_AGENT, ECONNREFUSED, NULL, "no agent listens there"},
    {PLAN_CONNECT_AGENT, EPROTOTYPE, NULL, "the agent's socket is to be a stream"},
    {PLAN_LOAD_SECCOMP, EBUSY, NULL, "the runtime is under a filter with a listener itself"},
    {PLAN_LOAD_SECCOMP, EAGAIN, NULL,
     "handing over the listener takes a thread: see linux.resources.pids and RLIMIT_NPROC"},
    {PLAN_LOAD_SECCOMP, EINVAL, NULL, "the kernel does not know the filter's flags or actions"},
};

static void add_hint(const struct plan_header *plan, const struct failure *failure,
                     struct error *error)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const char *text = plan_text(plan, step->text[0]);

    if (step->op == PLAN_JOIN_NAMESPACE && failure->number == EINVAL) {
        hint_at_namespace(text, error);
        return;
    }
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (hints[i].op != step->op || hints[i].number != failure->number)
            continue;
        if (hints[i].text != NULL && (text == NULL || !text_equal(text, hints[i].text)))
            continue;
        error_hint(error, "%s", hints[i].hint);
        return;
    }
}

int explain_failure(struct arena *arena, const struct plan_header *plan,
                    const struct failure *failure, struct error *error)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const char *place = plan_step_place(plan, failure->step);

    if (step->op == PLAN_FIND_PROGRAM || step->op == PLAN_EXECUTE)
        return explain_exec(arena, plan, failure, error);
    const char *words = plan_step_words(arena, plan, failure->step);
    if (step->op == PLAN_RUN_HOOK)
        return explain_hook(arena,
                            &(struct failed_hook){place, words, failure->number,
                                                  (int) failure->value, failure->output},
                            error);
    error_errno(error, failure->number, "%s", words);
    if (place != NULL)
        error_prefix(error, "%s", place);
    add_hint(plan, failure, error);
    return -failure->number;
}
