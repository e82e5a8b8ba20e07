/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

uint64_t init_clock_ns(void)
{
    struct __kernel_timespec now = {0};

    sys_clock_gettime(SYS_CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

static int send_with_fd(int socket, struct plan_message *message, int fd)
{
    struct sys_control_fd control = {.size = offsetof(struct sys_control_fd, fd) + sizeof(int),
                                     .level = SYS_SOL_SOCKET,
                                     .type = SYS_SCM_RIGHTS,
                                     .fd = fd};
    struct iovec part = {message, sizeof(*message)};
    struct sys_message envelope = {
        .parts = &part, .n_parts = 1, .control = &control, .control_size = sizeof(control)};
    long r = sys_sendmsg(socket, &envelope, SYS_MSG_NOSIGNAL);

    return r < 0 ? (int) r : 0;
}

int init_send(struct init *init, int error, int fd)
{
    struct plan_message message = {.step = init->current, .error = error, .value = init->value};
    long r;

    if (init->plan->trace != 0) {
        message.begin_ns = init->begin_ns;
        message.end_ns = init_clock_ns();
    }
    if (fd >= 0)
        return send_with_fd(init->socket, &message, fd);
    /* write(2), not sendmsg(2): even a strict seccomp filter allows it. */
    r = sys_write(init->socket, &message, sizeof(message));
    return r < 0 ? (int) r : 0;
}

/* A host that is still connected would take a silent exit for a successful execve(2). */
static void fail_to_listen(struct init *init, int error)
{
    init_undo(init);
    init_send(init, error, -1);
    sys_exit(1);
}

/* Receives a message of the host. Ends the process on anything else. */
static void receive(struct init *init)
{
    struct plan_message message;
    struct sys_control_fd control = {0};
    struct iovec part = {&message, sizeof(message)};
    struct sys_message envelope = {
        .parts = &part, .n_parts = 1, .control = &control, .control_size = sizeof(control)};
    long r = sys_recvmsg(init->socket, &envelope, SYS_MSG_CMSG_CLOEXEC);
    bool has_fd = envelope.control_size > offsetof(struct sys_control_fd, fd) &&
                  control.level == SYS_SOL_SOCKET && control.type == SYS_SCM_RIGHTS;
    int makes;

    /* A host that exits with unread messages resets the connection: messages that it has sent
     * before still arrive. */
    if (r == -EINTR || r == -ECONNRESET)
        return;
    if (r < 0)
        fail_to_listen(init, (int) -r);
    if (r != sizeof(message) || message.step < 0 ||
        (uint32_t) message.step >= init->plan->step_count ||
        (message.error != 0 && !(plan_steps(init->plan)[message.step].flags & PLAN_OPTIONAL)))
        init_give_up(init);
    makes = plan_steps(init->plan)[message.step].makes;
    if (has_fd && makes != PLAN_NONE)
        init_fill(init, makes, control.fd);
    else if (has_fd)
        sys_close(control.fd);
    if (plan_steps(init->plan)[message.step].op == PLAN_COMPILE_SECCOMP)
        init->filter_is_blind = message.value != 0;
    if (message.step > init->heard)
        init->heard = message.step;
}

void init_wait(struct init *init, int32_t step)
{
    while (init->heard < step)
        receive(init);
}
