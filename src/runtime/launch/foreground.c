/* SPDX-License-Identifier: Apache-2.0 */
#include "foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/process.h"
#include "berth/sys/terminal.h"
#include "console.h"
#include "notify.h"

/* How long a program may take to save its data after its terminal has hung up. */
#define HANGUP_GRACE_MS 3000

struct watch {
    const struct foreground *foreground;
    struct console console;
    bool ignores_hangups; /* as the caller requests, for example with nohup(1) */
    bool has_hung_up;
};

int foreground_block_signals(bool all, struct error *error)
{
    sigset_t ending, blocked;

    sigemptyset(&ending);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGQUIT);
    sigaddset(&ending, SIGTERM);
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, all ? &blocked : &ending, NULL);
    int fd = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_errno(error, errno, "open a signalfd") : fd;
}

/* As a subreaper, this process adopts the container's orphans and reaps them. It reaps the
 * container's process itself by its pidfd. */
static void reap_others(pid_t pid)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
           info.si_pid != pid) {
        waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
        info.si_pid = 0;
    }
}

static void handle_signal(struct watch *watch, const struct signalfd_siginfo *info)
{
    const struct foreground *foreground = watch->foreground;
    int signal = (int) info->ssi_signo;
    /* From a write of this process to a stdout that nobody reads, or that may not become larger. */
    bool is_own = (signal == SIGPIPE || signal == SIGXFSZ) && info->ssi_pid == (uint32_t) getpid();
    bool is_hangup = signal == SIGHUP && sys_terminal_has_hung_up(foreground->terminal);

    if (is_own)
        return;
    if (signal == SIGCONT && foreground->console >= 0)
        console_continue(&watch->console);
    if (is_hangup)
        watch->has_hung_up = !watch->ignores_hangups;
    else if (signal == SIGCHLD)
        reap_others(foreground->pid);
    else if (signal == SIGWINCH && foreground->console >= 0)
        console_resize(&watch->console);
    else if (signal != SIGWINCH && signal != SIGURG)
        sys_pidfd_signal(foreground->pidfd, signal);
}

static void read_signals(struct watch *watch)
{
    struct signalfd_siginfo info;

    while (read(watch->foreground->signals, &info, sizeof(info)) == sizeof(info))
        handle_signal(watch, &info);
}

/* Runs until the container's process has ended, or its terminal has hung up. */
static int loop(struct watch *watch)
{
    const struct foreground *foreground = watch->foreground;
    bool has_console = foreground->console >= 0;
    struct pollfd fds[3 + CONSOLE_POLL_FDS] = {
        {.fd = foreground->signals, .events = POLLIN},
        {.fd = foreground->pidfd, .events = POLLIN},
        {.fd = foreground->notify, .events = POLLIN},
    };

    for (;;) {
        if (has_console)
            console_prepare_poll(&watch->console, &fds[3]);
        if (poll(fds, has_console ? 3 + CONSOLE_POLL_FDS : 3, -1) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        if (fds[0].revents != 0)
            read_signals(watch);
        if (fds[2].revents != 0 && notify_forward(foreground->notify, foreground->pid))
            fds[2].fd = -1;
        if (has_console)
            console_move(&watch->console, &fds[3]);
        watch->has_hung_up |= watch->console.has_hung_up && !watch->ignores_hangups;
        if (fds[1].revents != 0 || watch->has_hung_up)
            return 0;
    }
}

static bool is_ignored(int signal)
{
    struct sigaction action;

    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int foreground_wait(struct foreground *foreground, struct error *error)
{
    struct watch watch = {.foreground = foreground,
                          .console = {.master = -1, .slave = -1},
                          .ignores_hangups = is_ignored(SIGHUP)};
    sigset_t all;

    sigfillset(&all);
    if (signalfd(foreground->signals, &all, 0) < 0)
        return error_errno(error, errno, "open a signalfd");
    if (foreground->console >= 0)
        console_open(&watch.console, foreground->console);
    int result = loop(&watch);
    if (foreground->console >= 0)
        console_close(&watch.console);
    if (watch.has_hung_up) {
        /* SIGHUP does not end process 1 of a PID namespace unless it handles that signal. */
        sys_pidfd_signal(foreground->pidfd, SIGHUP);
        sys_pidfd_signal(foreground->pidfd, SIGCONT);
        if (sys_pidfd_wait(foreground->pidfd, HANGUP_GRACE_MS) == -ETIMEDOUT)
            sys_pidfd_signal(foreground->pidfd, SIGKILL);
    }
    if (result == 0)
        result = sys_pidfd_reap(foreground->pidfd, &foreground->status);
    fd_close(&foreground->notify);
    if (result < 0)
        return error_errno(error, -result, "wait for the container's end");
    return result;
}
