/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <linux/nsfs.h>

#include "path.h"

#define IF_UP 1
#define GET_INTERFACE_FLAGS 0x8913
#define SET_INTERFACE_FLAGS 0x8914

/* keyctl_setperm(3): everything for the possessor; for the user the kernel's default (view,
 * read, link) and search */
#define KEYRING_PERMISSIONS 0x3f1b0000

/* struct ifreq: linux/if.h would pull in the libc. */
struct interface_request {
    char name[16];
    short flags;
    char rest[22];
};

int init_open_namespace(struct init *init, const struct plan_step *step)
{
    INIT_FD fd = sys_openat(AT_FDCWD, init_text(init, step->open_namespace.path),
                            O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    struct sys_statfs status;
    int r;

    if (fd < 0)
        return fd;
    r = sys_fstatfs(fd, &status);
    if (r < 0)
        return r;
    /* NS_GET_NSTYPE is only meaningful on nsfs. */
    if (status.f_type != NSFS_MAGIC ||
        sys_ioctl(fd, NS_GET_NSTYPE, NULL) != (int) step->open_namespace.type)
        return -EINVAL;
    return init_fill(init, step->makes, init_take(&fd));
}

int init_join_namespace(struct init *init, const struct plan_step *step)
{
    int r = sys_setns(init->slot[step->join_namespace.namespace], step->join_namespace.type);

    if (r == 0)
        init_empty(init, step->join_namespace.namespace);
    return r;
}

static const struct {
    uint64_t type;
    const char *file; /* in /proc/PID */
} namespaces[] = {
    {CLONE_NEWIPC, "ns/ipc"}, {CLONE_NEWUTS, "ns/uts"},   {CLONE_NEWNET, "ns/net"},
    {CLONE_NEWPID, "ns/pid"}, {CLONE_NEWTIME, "ns/time"}, {CLONE_NEWCGROUP, "ns/cgroup"},
    {CLONE_NEWNS, "ns/mnt"},  {CLONE_NEWUSER, "ns/user"},
};
#define KINDS (sizeof(namespaces) / sizeof(*namespaces))

static int join_kinds(const int fds[KINDS], uint64_t types)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < KINDS; i++)
        if (namespaces[i].type & types)
            r = sys_setns(fds[i], namespaces[i].type);
    return r;
}

/* A privileged process joins the other namespaces before the user namespace, an unprivileged one
 * after it, where it has privileges. */
static int join_opened(const int fds[KINDS], uint64_t types)
{
    const uint64_t others = types & ~(uint64_t) CLONE_NEWUSER;
    int r = join_kinds(fds, others);

    if (r == 0)
        return join_kinds(fds, types & CLONE_NEWUSER);
    if (r != -EPERM || others == types)
        return r;
    r = join_kinds(fds, CLONE_NEWUSER);
    return r < 0 ? r : join_kinds(fds, others);
}

/* PLAN_FD_PROCESS is the process's directory in /proc if setns(2) does not accept a pidfd. */
static int join_by_directory(uint64_t types)
{
    int fds[KINDS];
    int r = 0;

    for (size_t i = 0; i < KINDS; i++) {
        fds[i] = (types & namespaces[i].type) != 0
                     ? sys_openat(PLAN_FD_PROCESS, namespaces[i].file, O_RDONLY | O_CLOEXEC, 0)
                     : -1;
        if ((types & namespaces[i].type) && fds[i] < 0 && r == 0)
            r = fds[i];
    }
    if (r == 0)
        r = join_opened(fds, types);
    for (size_t i = 0; i < KINDS; i++)
        init_close(&fds[i]);
    return r;
}

int init_join_process(struct init *init, const struct plan_step *step)
{
    int r = sys_setns(PLAN_FD_PROCESS, step->join_process.namespaces);

    (void) init;
    if (r == -EINVAL)
        r = join_by_directory(step->join_process.namespaces);
    sys_close(PLAN_FD_PROCESS);
    return r;
}

/* Converts "net:[4026531840]" to "self/ns/net". Returns the length of the name, or 0 if
 * malformed. */
static size_t namespace_path(const char *name, char *ret_path, size_t size)
{
    static const char dir[] = "self/ns/";
    size_t length = 0;

    while (name[length] != '\0' && name[length] != ':')
        length++;
    if (name[length] == '\0' || sizeof(dir) + length > size)
        return 0;
    memcpy(ret_path, dir, sizeof(dir) - 1);
    memcpy(ret_path + sizeof(dir) - 1, name, length);
    ret_path[sizeof(dir) - 1 + length] = '\0';
    return length;
}

/* setns(2) enters the root of the mount namespace. In a container that was created inside a chroot
 * this is a root of the host. A process that has changed its root by chroot(2) is no reason to
 * refuse: "/" is what the container got. */
static int verify_root(struct init *init, const struct plan_step *step)
{
    const char *root = init_optional_text(init, step->verify_namespaces.root);
    struct statx own, process;

    if (root == NULL)
        return 0;
    int r = path_statx(AT_FDCWD, "/", 0, &own);
    if (r < 0)
        return r;
    if (((uint64_t) own.stx_dev_major << 32 | own.stx_dev_minor) ==
            step->verify_namespaces.device &&
        own.stx_ino == step->verify_namespaces.inode)
        return 0;
    r = path_statx(init->slot[PLAN_SLOT_PROC], root, 0, &process);
    if (r < 0)
        return r;
    return path_is_same_status(&own, &process) ? 0 : -EXDEV;
}

int init_verify_namespaces(struct init *init, const struct plan_step *step)
{
    const char *name = init_text(init, step->verify_namespaces.links.first);

    for (uint32_t i = 0; i < step->verify_namespaces.links.count; i++, name += strlen(name) + 1) {
        char path[32], own[64];
        int size;

        if (namespace_path(name, path, sizeof(path)) == 0)
            return -EINVAL;
        size = sys_readlinkat(init->slot[PLAN_SLOT_PROC], path, own, sizeof(own));
        if (size < 0)
            return size;
        if ((size_t) size != strlen(name) || memcmp(own, name, (size_t) size) != 0)
            return -ESTALE;
    }
    return step->verify_namespaces.links.count == 0 ? -EINVAL : verify_root(init, step);
}

int init_unshare(struct init *init, const struct plan_step *step)
{
    (void) init;
    return sys_unshare(step->unshare.namespaces);
}

int init_clone_init(struct init *init, const struct plan_step *step)
{
    int pidfd = -1;
    int pid = sys_clone(CLONE_PARENT | CLONE_PIDFD | SIGCHLD | step->clone_init.namespaces, &pidfd);

    if (pid < 0)
        return pid;
    if (pid == 0) {
        init->actor = PLAN_INIT;
        return INIT_SILENT;
    }
    init->value = pid;
    sys_exit(init_send(init, 0, pidfd) < 0);
}

int init_set_hostname(struct init *init, const struct plan_step *step)
{
    const char *name = init_text(init, step->set_hostname.hostname);

    return sys_sethostname(name, strlen(name));
}

int init_set_domainname(struct init *init, const struct plan_step *step)
{
    const char *name = init_text(init, step->set_domainname.domainname);

    return sys_setdomainname(name, strlen(name));
}

int init_set_loopback_up(struct init *init, const struct plan_step *step)
{
    struct interface_request request = {.name = "lo"};
    /* Any socket supports these requests; this family always exists. */
    INIT_FD socket = sys_socket(SYS_AF_UNIX, SYS_SOCK_DGRAM | SYS_SOCK_CLOEXEC, 0);
    int r;

    (void) init, (void) step;
    if (socket < 0)
        return socket;
    r = sys_ioctl(socket, GET_INTERFACE_FLAGS, &request);
    if (r < 0)
        return r;
    request.flags |= IF_UP;
    return sys_ioctl(socket, SET_INTERFACE_FLAGS, &request);
}

/* A keyring is found by its name only if its user may search it: otherwise each exec would get a
 * new one. */
int init_join_keyring(struct init *init, const struct plan_step *step)
{
    int keyring = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING,
                             SYS_WORD(init_text(init, step->join_keyring.keyring)), 0);

    /* A kernel without keyrings shares none either. */
    if (keyring == -ENOSYS)
        return 0;
    return keyring < 0 ? keyring
                       : sys_keyctl(KEYCTL_SETPERM, (unsigned long) keyring, KEYRING_PERMISSIONS);
}

int init_new_session(struct init *init, const struct plan_step *step)
{
    int r = sys_setsid();

    (void) init, (void) step;
    return r < 0 ? r : 0;
}
