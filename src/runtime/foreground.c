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
#include "console.h"
#include "notify.h"

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

/* As a subreaper this process gets the container's orphans; the container's process itself is reaped by its pidfd. */
static void reap_others(pid_t pid)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
           info.si_pid != pid) {
        waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
        info.si_pid = 0;
    }
}

static void handle_signal(const struct foreground *foreground, const struct console *console,
                          const struct signalfd_siginfo *info)
{
    int signal = (int) info->ssi_signo;
    /* From our own write to a stdout that nobody reads. */
    bool is_own = signal == SIGPIPE && info->ssi_pid == (uint32_t) getpid();

    if (is_own)
        return;
    if (signal == SIGCHLD)
        reap_others(foreground->pid);
    else if (signal == SIGWINCH && foreground->console >= 0)
        console_resize(console);
    else if (signal != SIGWINCH && signal != SIGURG)
        sys_pidfd_signal(foreground->pidfd, signal);
}

static void take_signals(const struct foreground *foreground, const struct console *console)
{
    struct signalfd_siginfo info;

    while (read(foreground->signals, &info, sizeof(info)) == sizeof(info))
        handle_signal(foreground, console, &info);
}

/* Until the container's process has ended. */
static int loop(struct foreground *foreground, struct console *console)
{
    struct pollfd fds[3 + CONSOLE_POLL_FDS] = {
        {.fd = foreground->signals, .events = POLLIN},
        {.fd = foreground->pidfd, .events = POLLIN},
        {.fd = foreground->notify, .events = POLLIN},
    };
    nfds_t count = foreground->console >= 0 ? 3 + CONSOLE_POLL_FDS : 3;

    for (;;) {
        if (foreground->console >= 0)
            console_prepare_poll(console, &fds[3]);
        if (poll(fds, count, -1) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        if (fds[0].revents != 0)
            take_signals(foreground, console);
        if (fds[2].revents != 0 && notify_forward(foreground->notify, foreground->pid))
            fds[2].fd = -1;
        if (foreground->console >= 0)
            console_move(console, &fds[3]);
        if (fds[1].revents != 0)
            return 0;
    }
}

int foreground_wait(struct foreground *foreground, struct error *error)
{
    struct console console = {.master = -1, .slave = -1};
    sigset_t all;

    sigfillset(&all);
    if (signalfd(foreground->signals, &all, 0) < 0)
        return error_errno(error, errno, "open a signalfd");
    if (foreground->console >= 0)
        console_open(&console, foreground->console);
    int result = loop(foreground, &console);
    if (foreground->console >= 0)
        console_close(&console);
    if (result == 0)
        result = sys_pidfd_reap(foreground->pidfd, NULL);
    fd_close(&foreground->notify);
    if (result < 0)
        return error_errno(error, -result, "wait for the container's end");
    return result;
}
