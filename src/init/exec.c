/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"
#include "path.h"

#define DEFAULT_PATH "/bin:/usr/bin" /* as in execvp(3) */
#define OLD_KERNEL_FD_LIMIT 1024

/* Only ignored signals need a reset: this program has no handlers, and execve(2) has reset those
 * of the caller. */
int init_reset_signals(const struct init *init)
{
    struct sys_signal_action action = {0};
    uint64_t none = 0;

    for (int signo = 1; signo <= SYS_SIGNAL_LAST; signo++) {
        const bool is_ignored = (init->plan->ignored_signals >> (signo - 1) & 1) != 0;
        int r = is_ignored ? sys_sigaction(signo, &action) : 0;

        if (r < 0)
            return r;
    }
    return sys_sigprocmask(SIG_SETMASK, &none);
}

int init_close_on_exec_from(int first)
{
    if (sys_close_range((unsigned) first, ~0U, SYS_CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    /* Before Linux 5.11, or with a filter that refuses the call. This program opens everything
     * close-on-exec anyway. */
    for (int fd = first; fd < OLD_KERNEL_FD_LIMIT; fd++) {
        int r = sys_fcntl(fd, F_SETFD, FD_CLOEXEC);

        if (r < 0 && r != -EBADF)
            return r;
    }
    return 0;
}

static int move_above(int *fd, int least)
{
    int moved = *fd < 0 ? -1 : sys_fcntl(*fd, F_DUPFD_CLOEXEC, (unsigned long) least);

    if (moved < 0)
        return *fd < 0 ? 0 : moved;
    sys_close(*fd);
    *fd = moved;
    return 0;
}

/* There may be gaps between the kept file descriptors; in a gap there may be one of this program
 * by now. */
static int move_down(int i)
{
    int flags = sys_fcntl(PLAN_FD_KEPT + i, F_GETFD, 0);

    if (flags >= 0 && !(flags & FD_CLOEXEC))
        return sys_dup3(PLAN_FD_KEPT + i, PLAN_FD_FIRST + i, 0);
    sys_close(PLAN_FD_FIRST + i);
    return 0;
}

/* Moves the file descriptors that are needed until execve(2) up, and the kept ones down to 3. */
static int move_kept(struct init *init, int n)
{
    int r = move_above(&init->socket, PLAN_FD_KEPT + n);

    for (int slot = 0; r == 0 && slot < PLAN_SLOTS; slot++)
        r = move_above(&init->slot[slot], PLAN_FD_KEPT + n);
    for (int i = 0; r >= 0 && i < n; i++)
        r = move_down(i);
    return r < 0 ? r : 0;
}

const char **init_list(const struct init *init, struct plan_list packed)
{
    const char **list = init_allocate(((size_t) packed.count + 2) * sizeof(char *));
    const char *text = init_text(init, packed.first);

    for (uint32_t i = 0; list != NULL && i < packed.count; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    return list;
}

/* Builds EXECUTE's lists before a seccomp filter may forbid allocating memory. */
static int prepare_lists(struct init *init)
{
    const struct plan_step *steps = plan_steps(init->plan);
    uint32_t i = (uint32_t) init->current;

    while (i < init->plan->step_count && steps[i].op != PLAN_EXECUTE)
        i++;
    if (i == init->plan->step_count)
        return 0;
    init->argv = init_list(init, steps[i].execute.argv);
    init->env = init_list(init, steps[i].execute.env);
    if (init->argv == NULL || init->env == NULL)
        return -ENOMEM;
    if (init->home[0] != '\0')
        init->env[steps[i].execute.env.count] = init->home;
    return 0;
}

int init_close_descriptors(struct init *init, const struct plan_step *step)
{
    int n = (int) step->close_descriptors.kept;
    int r = n > 0 ? move_kept(init, n) : 0;

    if (r < 0)
        return r;
    r = init_close_on_exec_from(PLAN_FD_FIRST + n);
    if (r == 0)
        r = init_reset_signals(init);
    return r < 0 ? r : prepare_lists(init);
}

static int check_program(const char *path)
{
    struct statx status;
    int r = path_statx(AT_FDCWD, path, 0, &status);

    if (r < 0)
        return r;
    if (!S_ISREG(status.stx_mode))
        return -EACCES;
    r = sys_faccessat2(AT_FDCWD, path, SYS_X_OK, AT_EACCESS);
    /* Before Linux 5.8, or if an outer container's seccomp filter does not know the call. */
    return r == -ENOSYS || r == -EPERM ? sys_faccessat(AT_FDCWD, path, SYS_X_OK) : r;
}

/* "DIR/NAME" into init->program; an empty directory is the current one. */
static int join(struct init *init, const char *dir, size_t size, const char *name)
{
    size_t name_size = strlen(name) + 1;
    char *to = init->program;

    if (size + (size > 0) + name_size > SYS_PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(to, dir, size);
    if (size > 0)
        to[size++] = '/';
    memcpy(to + size, name, name_size);
    return 0;
}

static bool may_be_elsewhere(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ENAMETOOLONG ||
           error == -ESTALE || error == -ENODEV || error == -ETIMEDOUT || error == -ELOOP;
}

static int search(struct init *init, const char *path, const char *name)
{
    int result = -ENOENT;

    for (;; path++) {
        size_t size = 0;
        int r;

        while (path[size] != ':' && path[size] != '\0')
            size++;
        r = join(init, path, size, name);
        if (r == 0)
            r = check_program(init->program);
        if (!may_be_elsewhere(r))
            return r;
        if (r == -EACCES)
            result = r;
        path += size;
        if (*path == '\0')
            return result;
    }
}

int init_find_program(struct init *init, const struct plan_step *step)
{
    const char *name = init_text(init, step->find_program.program);
    const char *path = init_optional_text(init, step->find_program.search_path);
    int r;

    if (name[0] == '\0')
        return -ENOENT;
    if (strchr(name, '/') == NULL)
        return strlen(name) > SYS_NAME_MAX ? -ENAMETOOLONG
                                           : search(init, path != NULL ? path : DEFAULT_PATH, name);
    r = join(init, "", 0, name);
    return r < 0 ? r : check_program(init->program);
}

int init_execute(struct init *init, const struct plan_step *step)
{
    struct statx status;
    int r = sys_execve(init->program, init->argv, init->env);

    (void) step;
    /* The program exists: its interpreter does not. */
    if (r == -ENOENT && path_statx(AT_FDCWD, init->program, 0, &status) == 0)
        init->value = 1;
    return r;
}
