/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/init/image.h"

#define HIGH_FD 100
#define PATIENCE_MS 60000
#define MOMENT_MS 50

void test_must(bool good, const char *what)
{
    if (good)
        return;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

void test_need_root(void)
{
    if (geteuid() == 0)
        return;
    printf("1..0 # SKIP needs root\n");
    exit(0);
}

bool test_exited(int wait_status, int status)
{
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == status;
}

/* --- the plan --------------------------------------------------------------------------------- */

struct plan_strings test_list(size_t count, const char *const *strings)
{
    static struct arena arena; /* lives until the test ends */
    const char **copy = ARENA_ARRAY(&arena, count, const char *);

    memcpy(copy, strings, count * sizeof(*copy));
    return (struct plan_strings){copy, count};
}

static struct plan_step step_of(const struct test_step *from, struct text *data)
{
    struct plan_step step = {
        .op = (uint16_t) from->op,
        .actor = (uint8_t) from->actor,
        .flags = (uint8_t) from->flags,
        .makes = (int16_t) (from->makes == 0 ? PLAN_NONE : from->makes),
        .uses = from->uses,
        .signals = (uint16_t) from->signals,
        .awaits = (uint16_t) from->awaits,
        .wait = from->wait == 0 ? PLAN_NONE : from->wait - 1,
    };

    plan_put_operands(&step, &from->save_state, data);
    return step;
}

static uint32_t count_steps(const struct test_plan *plan)
{
    uint32_t n = 0;

    while (plan->steps[n].op != PLAN_SAVE_STATE || plan->steps[n].actor != PLAN_INIT)
        test_must(++n < TEST_STEPS, "TEST_END");
    return n;
}

static int build_plan(const struct test_plan *plan)
{
    uint32_t n = count_steps(plan);
    AUTO_ARENA arena = {0};
    struct text data = {.arena = &arena};
    struct plan_step *steps = ARENA_ARRAY(&arena, n + 1, struct plan_step);
    struct plan_header header = {.magic = PLAN_MAGIC,
                                 .step_count = n,
                                 .steps = sizeof(header),
                                 .trace = plan->trace,
                                 .fault_step = plan->fault == 0 ? PLAN_NONE : plan->fault - 1,
                                 .fault_errno = plan->fault_errno,
                                 .ignored_signals = plan->ignored_signals};

    text_add_bytes(&data, &header, sizeof(header));
    text_add_bytes(&data, steps, n * sizeof(*steps));
    for (uint32_t i = 0; i < n; i++)
        steps[i] = step_of(&plan->steps[i], &data);
    header.size = (uint32_t) data.size;
    memcpy(data.bytes, &header, sizeof(header));
    memcpy(data.bytes + sizeof(header), steps, n * sizeof(*steps));
    return test_memfd(data.bytes, data.size);
}

int test_memfd(const void *bytes, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    test_must(fd >= 0 && write(fd, bytes, size) == (ssize_t) size, "memfd");
    return fd;
}

/* --- launching -------------------------------------------------------------------------------- */

static int listen_somewhere(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    test_must(fd >= 0 && bind(fd, (void *) &address, sizeof(address.sun_family)) == 0 &&
                  listen(fd, 1) == 0,
              "listen");
    return fd;
}

int test_connect(const struct test_init *init)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    test_must(fd >= 0 && getsockname(init->listener, (void *) &address, &size) == 0 &&
                  connect(fd, (void *) &address, size) == 0,
              "connect");
    return fd;
}

/* Moves the descriptor above the numbers that init expects. */
static int lift(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

    test_must(high >= 0, "move a descriptor");
    close(fd);
    return high;
}

static void arrange(const struct test_plan *plan, const int given[static 3])
{
    for (int i = 0; i < plan->n_kept; i++)
        if (plan->kept[i] > 0)
            test_must(dup2(plan->kept[i] - 1, PLAN_FD_KEPT + i) >= 0, "dup2");
    for (int i = 0; i < 3; i++)
        if (given[i] >= 0)
            test_must(dup2(given[i], PLAN_FD_FIRST + i) >= 0, "dup2");
}

static void run_init(const struct test_plan *plan, const int given[static 3], int output)
{
    char *const argv[] = {"berth-init", NULL};
    char *const env[] = {NULL};
    size_t size;
    const void *image = init_image(&size);
    int program = lift(test_memfd(image, size));

    dup2(output, STDOUT_FILENO);
    if (plan->prepare != NULL)
        plan->prepare();
    arrange(plan, given);
    syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
    _exit(99);
}

struct test_init test_launch(const struct test_plan *plan)
{
    int pair[2], output[2];
    struct test_init init = {.listener = -1};

    fflush(stdout);
    test_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    test_must(pipe2(output, O_CLOEXEC) == 0, "pipe");
    if (plan->listen)
        init.listener = lift(listen_somewhere());
    int given[3] = {lift(pair[1]), lift(build_plan(plan)), init.listener};
    init.pid = (pid_t) syscall(SYS_clone, plan->clone_flags | SIGCHLD, 0, 0, 0, 0);
    test_must(init.pid >= 0, "clone");
    if (init.pid == 0) {
        close(pair[0]);
        run_init(plan, given, output[1]);
    }
    close(given[0]);
    close(given[1]);
    close(output[1]);
    init.socket = pair[0];
    init.output = output[0];
    return init;
}

struct test_result test_finish(struct test_init *init)
{
    struct test_result result = {0};
    size_t size = 0;
    ssize_t n;

    shutdown(init->socket, SHUT_WR); /* no announcement will come */
    while ((n = read(init->output, result.output + size, sizeof(result.output) - 1 - size)) > 0)
        size += (size_t) n;
    close(init->output);
    close(init->socket);
    if (init->listener >= 0)
        close(init->listener);
    test_must(waitpid(init->pid, &result.status, __WALL) == init->pid, "wait");
    return result;
}

struct test_result test_run(const struct test_plan *plan)
{
    struct test_init init = test_launch(plan);

    return test_finish(&init);
}

struct plan_message test_fail(const struct test_plan *plan)
{
    struct test_init init = test_launch(plan);
    struct plan_message message = {.step = -1};

    while (test_receive(init.socket, &message, NULL) && message.error == 0)
        message.step = -1;
    test_finish(&init);
    return message;
}

void test_make_mounts_private(void)
{
    test_must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
}

/* --- messages --------------------------------------------------------------------------------- */

bool test_is_readable(int socket)
{
    struct pollfd fds = {.fd = socket, .events = POLLIN};

    return poll(&fds, 1, MOMENT_MS) == 1;
}

bool test_receive(int socket, struct plan_message *ret_message, int *ret_fd)
{
    struct iovec part = {ret_message, sizeof(*ret_message)};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct msghdr envelope = {.msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control)};
    struct pollfd fds = {.fd = socket, .events = POLLIN};
    int fd = -1;

    test_must(poll(&fds, 1, PATIENCE_MS) == 1, "a message of the init's");
    ssize_t n = recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == ECONNRESET) /* it left a message unread; its own messages still arrive */
        n = recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&envelope);
    if (header != NULL)
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    if (ret_fd != NULL)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return n == sizeof(*ret_message);
}

void test_announce(int socket, int step, int error, int fd)
{
    struct plan_message message = {.step = step, .error = error};
    struct iovec part = {&message, sizeof(message)};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr envelope = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd >= 0) {
        envelope.msg_control = control;
        envelope.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&envelope);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    test_must(sendmsg(socket, &envelope, MSG_NOSIGNAL) == sizeof(message), "send");
}
