/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#define EXIT_SIGNAL 128
#define BIT(signo) (1ULL << ((signo) -1))
/* Signals that stop a process or are ignored by default. SIGKILL and SIGSTOP cannot be blocked. */
#define HARMLESS_SIGNALS                                                                           \
    (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGTSTP) | BIT(SIGTTIN) |     \
     BIT(SIGTTOU))

static int open_signals(void)
{
    uint64_t mask = ~(uint64_t) HARMLESS_SIGNALS;
    int r = sys_sigprocmask(SIG_BLOCK, &mask);

    return r < 0 ? r : sys_signalfd(&mask, O_CLOEXEC | O_NONBLOCK);
}

/* PID 1 ignores signals without a handler: exits itself, so that nobody has to send SIGKILL. */
static void end_if_signalled(int signals)
{
    struct signalfd_siginfo info;

    if (sys_read(signals, &info, sizeof(info)) == sizeof(info))
        sys_exit(EXIT_SIGNAL + (int) info.ssi_signo);
}

static int wait_for_connection(int signals)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = PLAN_FD_START, .events = POLLIN}};

    for (;;) {
        int r = sys_ppoll(fds, 2, NULL);

        if (r < 0 && r != -EINTR)
            return r;
        end_if_signalled(signals);
        if (r < 0 || fds[1].revents == 0)
            continue;
        r = sys_accept(PLAN_FD_START, SYS_SOCK_CLOEXEC);
        if (r != -EINTR && r != -ECONNABORTED && r != -EAGAIN)
            return r;
    }
}

static bool is_needed(const struct init *init, int slot)
{
    const struct plan_step *steps = plan_steps(init->plan);
    bool is = slot == PLAN_SLOT_PROC || slot == PLAN_SLOT_ROOT ||
              (slot >= PLAN_SLOT_HOOK_STATE && slot <= PLAN_SLOT_HOOK_STDERR);

    for (uint32_t i = (uint32_t) init->current + 1; !is && i < init->plan->step_count; i++)
        is = plan_uses(&steps[i], slot);
    return is;
}

/* A created container may wait for a long time. A process that joins its namespaces must find as
 * little as possible in INIT: no mount, no namespace. */
static void close_unneeded_slots(struct init *init)
{
    for (int slot = 0; slot < PLAN_SLOTS; slot++)
        if (!is_needed(init, slot))
            init_empty(init, slot);
}

int init_await_start(struct init *init, const struct plan_step *step)
{
    INIT_FD signals = open_signals();
    int connection;

    (void) step;
    close_unneeded_slots(init);
    if (signals < 0)
        return signals;
    sys_close(init_take(&init->socket));
    connection = wait_for_connection(signals);
    if (connection < 0)
        return connection;
    sys_close(PLAN_FD_START);
    init->socket = connection;
    init->started = true;
    return 0;
}
