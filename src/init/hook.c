/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#define EXIT_NOT_EXECUTED 127
#define TIMEOUT_MAX_S (1ULL << 31)

static int output_of(const struct init *init, enum plan_slot file)
{
    return init->slot[file] >= 0 ? init->slot[file] : init->slot[PLAN_SLOT_HOOK_OUTPUT];
}

static size_t count_of(const char **list)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    return count;
}

/* Returns the hook's environment: its own variables, after those that it inherits. */
static const char **environment_of(const struct init *init, const struct plan_step *step)
{
    const char **own = init_list(init, step->run_hook.env);
    size_t inherited, added;

    if (own == NULL || !step->run_hook.inherits_env || init->env == NULL)
        return own;
    inherited = count_of(init->env);
    added = count_of(own);
    const char **env = init_allocate((inherited + added + 1) * sizeof(char *));
    for (size_t i = 0; env != NULL && i < inherited + added; i++)
        env[i] = i < inherited ? init->env[i] : own[i - inherited];
    return env;
}

/* Returns only on failure. */
static int execute_hook(const struct init *init, const struct plan_step *step)
{
    const char **argv = init_list(init, step->run_hook.argv);
    const char **env = environment_of(init, step);
    const int stdio[] = {init->slot[PLAN_SLOT_HOOK_STATE], output_of(init, PLAN_SLOT_HOOK_STDOUT),
                         output_of(init, PLAN_SLOT_HOOK_STDERR)};
    int r;

    if (argv == NULL || env == NULL)
        return -ENOMEM;
    sys_lseek(stdio[0], 0, SYS_SEEK_SET); /* the previous hook may have read it */
    r = step->run_hook.in_root ? sys_fchdir(init->slot[PLAN_SLOT_ROOT]) : 0;
    if (r < 0)
        return r;
    for (int fd = SYS_STDIN; fd <= SYS_STDERR; fd++) {
        r = stdio[fd] < 0 ? 0 : sys_dup3(stdio[fd], fd, 0);

        if (r < 0)
            return r;
    }
    r = init_close_on_exec_from(PLAN_FD_FIRST);
    if (r == 0)
        r = init_reset_signals(init);
    if (r < 0)
        return r;
    sys_umask(init->umask);
    return sys_execve(init_text(init, step->run_hook.program), argv, env);
}

__attribute__((noreturn)) static void run_child(const struct init *init,
                                                const struct plan_step *step, int report)
{
    int r = execute_hook(init, step);

    sys_write(report, &r, sizeof(r));
    sys_exit(EXIT_NOT_EXECUTED);
}

/* Returns 0 if the process has exited, -ETIMEDOUT, or -ECONNRESET if the host has exited; after
 * `start` has connected, the container continues without it. */
static int wait_for_end(const struct init *init, int pidfd, uint64_t timeout_s)
{
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
                           {.fd = init->started ? -1 : init->socket}};
    struct __kernel_timespec left = {
        .tv_sec = (int64_t) (timeout_s < TIMEOUT_MAX_S ? timeout_s : TIMEOUT_MAX_S)};
    int r;

    do
        r = sys_ppoll(fds, 2, timeout_s != 0 ? &left : NULL); /* the kernel updates `left` */
    while (r == -EINTR);
    if (r < 0)
        return r;
    return r == 0 ? -ETIMEDOUT : fds[0].revents == 0 ? -ECONNRESET : 0;
}

/* Gets the status of the child, and reaps others that were reparented to PID 1 meanwhile. */
static int reap(int pid, int *ret_status)
{
    int other;
    int r;

    do
        r = sys_wait4(pid, ret_status, 0);
    while (r == -EINTR);
    while (sys_wait4(-1, &other, WNOHANG) > 0)
        continue;
    return r < 0 ? r : 0;
}

static int finish(struct init *init, int pid, int pidfd, uint64_t timeout_s)
{
    int late = wait_for_end(init, pidfd, timeout_s);
    int status = 0;
    int r;

    if (late < 0)
        sys_pidfd_send_signal(pidfd, SIGKILL);
    r = reap(pid, &status);
    if (late < 0 || r < 0)
        return late < 0 ? late : r;
    init->value = status;
    return status == 0 ? 0 : -EIO;
}

int init_run_hook(struct init *init, const struct plan_step *step)
{
    int report[2] = {-1, -1};
    int r = sys_pipe2(report, O_CLOEXEC | O_NONBLOCK);
    INIT_FD read_end = report[0];
    INIT_FD write_end = report[1];
    INIT_FD pidfd = -1;
    int pid, error;

    if (r < 0)
        return r;
    pid = sys_clone(CLONE_PIDFD | SIGCHLD, &pidfd);
    if (pid < 0)
        return pid;
    if (pid == 0)
        run_child(init, step, write_end);
    r = finish(init, pid, pidfd, step->run_hook.timeout_s);
    if (sys_read(read_end, &error, sizeof(error)) == sizeof(error)) {
        init->value = 0;
        return error;
    }
    return r;
}
