/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a seccomp agent: what listens at linux.seccomp.listenerPath (config-linux.md,
 * "Seccomp"). To be read, and to be changed into what you need; the behaviour tests use it, too.
 *
 *     seccomp-agent SOCKET [CALL=ANSWER...]
 *
 * It listens on SOCKET ("@NAME" is an abstract one). For each container whose filter has a rule
 * with SCMP_ACT_NOTIFY the runtime connects, sends one JSON object, the container process state,
 * with a descriptor (SCM_RIGHTS) in the first message, and closes. That descriptor is the listener
 * of seccomp_unotify(2): it is readable when a process of the container waits in a system call for
 * an answer, and hung up when no process is under the filter any more. Calls that wait fail with
 * ENOSYS when the agent ends.
 *
 * ANSWER is
 *     continue   the kernel carries the call out after all: also for calls without a rule here.
 *                Nothing that
 *                protects may be decided this way: the arguments in memory can change until the
 *                kernel reads them
 *     N          the call fails with errno N; 0: it succeeds without being carried out
 *     do         the agent carries it out for the container: mkdir, mkdirat, mknod, mknodat
 *
 * Output: "listening", then a line for each thing that happens:
 *     state fds=N later=N JSON
 *     call NAME pid=PID: ANSWER
 *     gone
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX 256
#define STATE_MAX (1 << 20)
#define DESCRIPTORS_MAX 8
#define PAGE 4096

/* The bytes received over a connection so far. */
struct state {
    char text[STATE_MAX];
    size_t size;
    size_t n_fds; /* with the first message */
    size_t n_later;
};

struct agent {
    char **rules; /* "CALL=ANSWER", ended by NULL */
    /* the first is the socket, the others are connections and listeners */
    struct pollfd fds[FDS_MAX];
    struct state *states[FDS_MAX]; /* NULL but for connections */
    nfds_t n_fds;
    struct seccomp_notif *call; /* as large as this kernel's */
    struct seccomp_notif_resp *answer;
    size_t call_size;
    size_t answer_size;
};

static void die(const char *what)
{
    fprintf(stderr, "seccomp-agent: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the calls that the agent can carry out --------------------------------------------------- */

static const struct {
    const char *name;
    int dirfd_argument; /* -1: it has none */
    int path_argument;
    int mode_argument;
    bool is_mknod;
} doable[] = {
    {"mkdir", -1, 0, 1, false},
    {"mkdirat", 0, 1, 2, false},
    {"mknod", -1, 0, 1, true},
    {"mknodat", 0, 1, 2, true},
};

/* The owner of the caller's files as seen from here, and the caller's umask. */
static int read_status(pid_t pid, unsigned *ret_uid, unsigned *ret_gid, unsigned *ret_umask)
{
    char name[64], line[256];
    int found = 0;

    snprintf(name, sizeof(name), "/proc/%d/status", pid);
    FILE *file = fopen(name, "re");
    if (file == NULL)
        return -errno;
    while (fgets(line, sizeof(line), file) != NULL)
        found += sscanf(line, "Umask: %o", ret_umask) == 1 ||
                 sscanf(line, "Uid: %*u %*u %*u %u", ret_uid) == 1 ||
                 sscanf(line, "Gid: %*u %*u %*u %u", ret_gid) == 1;
    fclose(file);
    return found == 3 ? 0 : -ESRCH;
}

static int read_path(pid_t pid, uint64_t address, char path[static PATH_MAX])
{
    /* In two parts, for a short string may lie at the end of a mapping. */
    size_t first = PAGE - address % PAGE < PATH_MAX - 1 ? PAGE - address % PAGE : PATH_MAX - 1;
    struct iovec here = {.iov_base = path, .iov_len = PATH_MAX - 1};
    struct iovec there[] = {
        {.iov_base = (void *) (uintptr_t) address, .iov_len = first},
        {.iov_base = (void *) (uintptr_t) (address + first), .iov_len = PATH_MAX - 1 - first},
    };
    ssize_t size = process_vm_readv(pid, &here, 1, there, 2, 0);

    if (size < 0)
        return -errno;
    path[size] = '\0';
    return strlen(path) < (size_t) size ? 0 : -ENAMETOOLONG;
}

/* The directory in which the last part of `path` lies, as the container sees it; nothing leads out
 * of the container's root. */
static int open_parent(pid_t pid, char *path, const char **ret_name)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    char name[64];
    char *last = strrchr(path, '/');

    snprintf(name, sizeof(name), "/proc/%d/%s", pid, path[0] == '/' ? "root" : "cwd");
    int start = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (start < 0)
        return -errno;
    *ret_name = last == NULL ? path : last + 1;
    if (last != NULL)
        *last = '\0';
    int parent = (int) syscall(SYS_openat2, start, last == NULL || last == path ? "." : path, &how,
                               sizeof(how));
    int error = errno;
    close(start);
    return parent < 0 ? -error : parent;
}

static int make_node(int parent, const char *name, const struct seccomp_notif *call, size_t i)
{
    unsigned uid, gid, mask;
    int error = read_status((pid_t) call->pid, &uid, &gid, &mask);
    mode_t mode = (mode_t) call->data.args[doable[i].mode_argument] & ~mask;

    if (error < 0)
        return error;
    int result = doable[i].is_mknod ? mknodat(parent, name, mode,
                                              (dev_t) call->data.args[doable[i].mode_argument + 1])
                                    : mkdirat(parent, name, mode);
    if (result < 0 || fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int carry_out(int listener, const struct seccomp_notif *call, const char *call_name)
{
    char path[PATH_MAX];
    const char *name = NULL;
    size_t i = 0;

    while (i < sizeof(doable) / sizeof(doable[0]) && strcmp(doable[i].name, call_name) != 0)
        i++;
    if (i == sizeof(doable) / sizeof(doable[0]))
        return -ENOSYS;
    int error = read_path((pid_t) call->pid, call->data.args[doable[i].path_argument], path);
    if (error < 0)
        return error;
    if (path[0] != '/' && doable[i].dirfd_argument >= 0 &&
        (int) call->data.args[doable[i].dirfd_argument] != AT_FDCWD)
        return -ENOSYS;
    int parent = open_parent((pid_t) call->pid, path, &name);
    if (parent < 0)
        return parent;
    /* As long as the call waits, its process id is not another one's: so all that was read is the
     * caller's. */
    error = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) < 0
                ? -errno
                : make_node(parent, name, call, i);
    close(parent);
    return error;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const char *find_rule(const struct agent *agent, const char *name)
{
    size_t length = strlen(name);

    for (char **rule = agent->rules; *rule != NULL; rule++)
        if (strncmp(*rule, name, length) == 0 && (*rule)[length] == '=')
            return *rule + length + 1;
    return "continue";
}

static void decide(struct agent *agent, int listener)
{
    char *name = seccomp_syscall_resolve_num_arch(agent->call->data.arch, agent->call->data.nr);
    const char *rule = find_rule(agent, name != NULL ? name : "?");

    agent->answer->id = agent->call->id;
    if (strcmp(rule, "continue") == 0)
        agent->answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (strcmp(rule, "do") == 0)
        agent->answer->error = carry_out(listener, agent->call, name);
    else
        agent->answer->error = -atoi(rule);
    printf("call %s pid=%u: %s\n", name != NULL ? name : "?", agent->call->pid, rule);
    free(name);
}

/* Takes one call that waits, and answers it. */
static void answer(struct agent *agent, int listener)
{
    /* The kernel refuses what is not all zero, and writes only as much as it knows. */
    memset(agent->call, 0, agent->call_size);
    memset(agent->answer, 0, agent->answer_size);
    /* ENOENT: the caller was killed meanwhile. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, agent->call) < 0)
        return;
    decide(agent, listener);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, agent->answer) < 0 && errno != ENOENT)
        die("SECCOMP_IOCTL_NOTIF_SEND");
}

/* --- connections ------------------------------------------------------------------------------ */

static void add(struct agent *agent, int fd, struct state *state)
{
    if (agent->n_fds == FDS_MAX) {
        free(state);
        close(fd);
        return;
    }
    agent->states[agent->n_fds] = state;
    agent->fds[agent->n_fds++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void end(struct agent *agent, nfds_t i)
{
    free(agent->states[i]);
    close(agent->fds[i].fd);
    agent->fds[i] = agent->fds[--agent->n_fds];
    agent->states[i] = agent->states[agent->n_fds];
}

static void welcome(struct agent *agent)
{
    int connection = accept4(agent->fds[0].fd, NULL, NULL, SOCK_CLOEXEC);
    struct state *state = calloc(1, sizeof(*state));

    if (connection < 0 || state == NULL)
        die("accept");
    add(agent, connection, state);
}

/*
 * The member "fds" of the state says what each descriptor is, and an agent that serves containers
 * of several kinds looks at "metadata" and "state" with a JSON parser; this one has the same
 * answers for all of them and knows that there is one name: "seccompFd".
 */
static void take_descriptors(struct agent *agent, struct state *state, const struct cmsghdr *header)
{
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[DESCRIPTORS_MAX];

    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    for (size_t i = 0; i < count; i++) {
        if (i == 0 && state->size == 0)
            add(agent, fds[i], NULL);
        else
            close(fds[i]);
    }
    *(state->size == 0 ? &state->n_fds : &state->n_later) += count;
}

/* Takes one message. Not every runtime closes the connection at once, so the listener is served
 * before the state is complete. */
static void listen_to_runtime(struct agent *agent, nfds_t i)
{
    struct state *state = agent->states[i];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = state->text + state->size, .iov_len = STATE_MAX - state->size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(agent->fds[i].fd, &message, MSG_CMSG_CLOEXEC);

    for (struct cmsghdr *c = size < 0 ? NULL : CMSG_FIRSTHDR(&message); c != NULL;
         c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            take_descriptors(agent, state, c);
    if (size > 0) {
        state->size += (size_t) size;
        return;
    }
    for (char *text = state->text;
         (text = memchr(text, '\n', state->size - (size_t) (text - state->text))) != NULL;)
        *text = ' ';
    printf("state fds=%zu later=%zu %.*s\n", state->n_fds, state->n_later, (int) state->size,
           state->text);
    end(agent, i);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        errno = ENAMETOOLONG;
    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        die(path);
    strcpy(address.sun_path, path);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
        size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path));
    } else {
        unlink(path);
    }
    if (bind(fd, (struct sockaddr *) &address, size) < 0 || listen(fd, 16) < 0)
        die(path);
    return fd;
}

static void make_room(struct agent *agent)
{
    struct seccomp_notif_sizes sizes;

    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
        die("SECCOMP_GET_NOTIF_SIZES");
    agent->call_size =
        sizes.seccomp_notif > sizeof(*agent->call) ? sizes.seccomp_notif : sizeof(*agent->call);
    agent->answer_size = sizes.seccomp_notif_resp > sizeof(*agent->answer)
                             ? sizes.seccomp_notif_resp
                             : sizeof(*agent->answer);
    agent->call = malloc(agent->call_size);
    agent->answer = malloc(agent->answer_size);
    if (agent->call == NULL || agent->answer == NULL)
        die("memory");
}

static void serve(struct agent *agent)
{
    if (poll(agent->fds, agent->n_fds, -1) < 0 && errno != EINTR)
        die("poll");
    /* Backwards: what is added comes behind, and the last takes the place of what ends. */
    for (nfds_t i = agent->n_fds; i-- > 1;) {
        if (agent->fds[i].revents != 0 && agent->states[i] != NULL) {
            listen_to_runtime(agent, i);
        } else if (agent->fds[i].revents & POLLIN) {
            answer(agent, agent->fds[i].fd);
        } else if (agent->fds[i].revents != 0) {
            puts("gone");
            end(agent, i);
        }
    }
    if (agent->fds[0].revents != 0)
        welcome(agent);
}

int main(int argc, char **argv)
{
    struct agent agent = {.rules = argv + 2, .n_fds = 1};

    if (argc < 2) {
        fprintf(stderr, "usage: seccomp-agent SOCKET [CALL=ANSWER...]\n");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    make_room(&agent);
    agent.fds[0] = (struct pollfd){.fd = listen_at(argv[1]), .events = POLLIN};
    puts("listening");
    for (;;)
        serve(&agent);
}
