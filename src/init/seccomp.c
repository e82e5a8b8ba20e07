/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter. With a listener, the steps after loading it must work whatever the filter
 * forbids, while nobody has the listener yet:
 *
 *     main thread                             helper, without the filter
 *     starts the helper                       waits for `listener`
 *     seccomp(2), which gives the listener
 *     writes `listener`                       sends it to the host
 *     waits for `done`                        waits until the agent has it
 *                                             writes `done`, ends
 *     goes on to execve(2)
 *
 * The main thread waits by polling its memory: every system call may be forbidden by now, or wait
 * for the agent.
 */
#include "init.h"

#define NOT_YET (-4096) /* neither an errno nor a file descriptor */
#define STACK_SIZE (16UL * 1024)

struct handover {
    struct init *init;
    int listener; /* result of seccomp(2) */
    int done;
};

/* The step that the main thread's next step waits for. */
static int32_t next_wait(const struct init *init)
{
    const struct plan_step *step = &plan_steps(init->plan)[init->current + 1];

    while (step->actor != init->actor)
        step++;
    return step->wait;
}

static void hand_over(void *argument)
{
    struct handover *handover = argument;
    struct init *init = handover->init;
    int listener;

    while ((listener = __atomic_load_n(&handover->listener, __ATOMIC_ACQUIRE)) == NOT_YET)
        sys_sched_yield();
    if (listener >= 0) {
        if (init_send(init, 0, listener) < 0)
            sys_exit(1);
        init_wait(init, next_wait(init));
        sys_close(listener);
    }
    __atomic_store_n(&handover->done, 1, __ATOMIC_RELEASE);
    sys_exit_thread();
}

static int load_with_listener(struct init *init, unsigned long flags,
                              const struct sock_fprog *program)
{
    struct handover handover = {init, NOT_YET, 0};
    char *stack = init_allocate(STACK_SIZE);
    int r;

    if (stack == NULL)
        return -ENOMEM;
    r = sys_thread(stack + STACK_SIZE, hand_over, &handover);
    if (r < 0)
        return r;
    r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, program);
    __atomic_store_n(&handover.listener, r, __ATOMIC_RELEASE);
    while (__atomic_load_n(&handover.done, __ATOMIC_ACQUIRE) == 0)
        arch_relax();
    return r < 0 ? r : INIT_SILENT;
}

int init_load_seccomp(struct init *init, const struct plan_step *step)
{
    int fd = init->slot[PLAN_SLOT_SECCOMP];
    long size = sys_lseek(fd, 0, SYS_SEEK_END);
    struct sock_fprog program = {0};
    long address;

    if (size < 0)
        return (int) size;
    if (size == 0 || size / (long) sizeof(struct sock_filter) > BPF_MAXINSNS)
        return -EINVAL;
    address = sys_mmap((size_t) size, PROT_READ, MAP_PRIVATE, fd);
    if (address < 0 && address > -4096)
        return (int) address;
    program.len = (unsigned short) ((size_t) size / sizeof(struct sock_filter));
    program.filter = (struct sock_filter *) address;
    if (step->load_seccomp.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
        return load_with_listener(init, step->load_seccomp.flags, &program);
    return sys_seccomp(SECCOMP_SET_MODE_FILTER, step->load_seccomp.flags, &program);
}
