/* SPDX-License-Identifier: Apache-2.0 */
/* A sandbox that answers prctl(PR_SCHED_CORE) itself, by a seccomp listener: it shows cookies, but
 * gives none. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_COOKIE 7
#define OTHER_COOKIE 8

int pretend(char **argv);

static int fail(const char *what)
{
    fprintf(stderr, "hosttool: pretend: %s: %s\n", what, strerror(errno));
    return 125;
}

static int load_filter(void)
{
    const unsigned option =
        offsetof(struct seccomp_data, args) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, option),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SCHED_CORE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                         &program);
}

static void answer(int listener)
{
    struct seccomp_notif call = {0};

    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
        return;
    struct seccomp_notif_resp response = {.id = call.id};
    if (call.data.args[1] == PR_SCHED_CORE_GET) {
        uint64_t cookie = call.data.args[2] == 0 ? OWN_COOKIE : OTHER_COOKIE;
        struct iovec from = {&cookie, sizeof(cookie)};
        struct iovec to = {(void *) (uintptr_t) call.data.args[4], sizeof(cookie)};

        if (process_vm_writev((pid_t) call.pid, &from, 1, &to, 1, 0) < 0)
            response.error = -errno;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* The parent takes the listener by its number, which stays open until the parent answers. */
static int start(char **argv, int socket)
{
    int listener = load_filter();

    if (listener < 0)
        return fail("seccomp");
    if (write(socket, &listener, sizeof(listener)) < 0 ||
        read(socket, &listener, sizeof(listener)) < 0)
        return fail("pass the listener");
    close(listener);
    close(socket);
    execvp(argv[0], argv);
    return fail(argv[0]);
}

/* Answers until COMMAND ends. */
int pretend(char **argv)
{
    int ends[2], number, status, listener;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return fail("socketpair");
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        exit(start(argv, ends[1]));
    }
    close(ends[1]);
    if (read(ends[0], &number, sizeof(number)) != sizeof(number))
        return fail("receive the listener");
    int pidfd = (int) syscall(SYS_pidfd_open, child, 0);
    listener = (int) syscall(SYS_pidfd_getfd, pidfd, number, 0);
    if (listener < 0 || write(ends[0], &number, sizeof(number)) < 0)
        return fail("take the listener");
    close(ends[0]);
    struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    while (fds[1].revents == 0 && poll(fds, 2, -1) >= 0)
        if (fds[0].revents & POLLIN)
            answer(listener);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
