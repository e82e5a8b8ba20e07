/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"
#include "path.h"

#include <asm/termios.h>

#define PTMX_MAJOR 5
#define PTMX_MINOR 2
#define PTMX "dev/pts/ptmx"

static int open_plain(int dir, const char *path, uint64_t flags, uint64_t mode)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC | O_NOFOLLOW, .mode = mode, .resolve = RESOLVE_NO_SYMLINKS};

    return path_openat2(dir, path, &how);
}

/* The image may contain anything here: only a devpts makes terminals that belong to the
 * container. */
static int open_master(int root)
{
    INIT_FD fd = open_plain(root, PTMX, O_RDWR | O_NOCTTY, 0);
    struct sys_statfs system;
    struct statx status;
    int unlocked = 0;
    int r;

    if (fd < 0)
        return fd;
    r = sys_fstatfs(fd, &system);
    if (r >= 0)
        r = path_statx(fd, "", AT_EMPTY_PATH, &status);
    if (r < 0)
        return r;
    if (system.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(status.stx_mode) ||
        status.stx_rdev_major != PTMX_MAJOR || status.stx_rdev_minor != PTMX_MINOR)
        return -ENODEV;
    r = sys_ioctl(fd, TIOCSPTLCK, &unlocked);
    return r < 0 ? r : init_take(&fd);
}

static int set_up(int terminal, const struct plan_step *step)
{
    struct winsize size = {.ws_row = (unsigned short) step->make_console.rows,
                           .ws_col = (unsigned short) step->make_console.columns};
    int r = 0;

    if (size.ws_row != 0 || size.ws_col != 0)
        r = sys_ioctl(terminal, TIOCSWINSZ, &size);
    return r < 0 ? r : sys_fchown(terminal, step->make_console.uid, (uint32_t) -1);
}

/* Opens /dev/console, or creates a file to mount on, never through a symbolic link
 * (CVE-2026-88264). */
static int open_console(int root)
{
    INIT_FD dev = open_plain(root, "dev", O_PATH | O_DIRECTORY, 0);
    INIT_FD file = -1;
    int fd;

    if (dev < 0)
        return dev;
    fd = open_plain(dev, "console", O_PATH, 0);
    if (fd != -ENOENT)
        return fd;
    file = open_plain(dev, "console", O_WRONLY | O_CREAT | O_EXCL, 0600);
    return file < 0 ? file : open_plain(dev, "console", O_PATH, 0);
}

static int bind_console(struct init *init, int root, int terminal)
{
    INIT_FD console = open_console(root);
    struct statx status;
    int r;

    if (console < 0)
        return console;
    r = path_statx(console, "", AT_EMPTY_PATH, &status);
    if (r < 0)
        return r;
    if (!S_ISREG(status.stx_mode) && !S_ISCHR(status.stx_mode))
        return -EEXIST;
    return detached_bind(init, terminal, console);
}

static int become_terminal(int terminal)
{
    int r = sys_setsid();

    /* -EPERM: it is a session leader already. */
    if (r < 0 && r != -EPERM)
        return r;
    r = sys_ioctl(terminal, TIOCSCTTY, NULL);
    for (int fd = SYS_STDIN; r >= 0 && fd <= SYS_STDERR; fd++)
        r = sys_dup3(terminal, fd, 0);
    return r < 0 ? r : 0;
}

int init_make_console(struct init *init, const struct plan_step *step)
{
    const bool is_entered = step->make_console.root == PLAN_SLOT_UNUSED;
    INIT_FD entered =
        is_entered ? sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0) : -1;
    const int root = is_entered ? entered : init->slot[step->make_console.root];
    if (root < 0)
        return root;
    INIT_FD master = open_master(root);
    INIT_FD terminal = -1;
    int r;

    if (master < 0)
        return master;
    terminal = sys_ioctl(master, TIOCGPTPEER, (void *) (O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (terminal < 0)
        return terminal;
    r = set_up(terminal, step);
    if (r == 0 && step->make_console.on_dev_console)
        r = bind_console(init, root, terminal);
    if (r == 0)
        r = become_terminal(terminal);
    return r < 0 ? r : init_fill(init, step->makes, init_take(&master));
}
