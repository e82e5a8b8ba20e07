/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Unblocks SIGTTOU, so that a background job stops here until it is in the foreground. With SIGTTOU
 * blocked, the kernel would let it change the terminal under the foreground job. */
static int set_in_foreground(int fd, const struct termios *mode)
{
    sigset_t stops, before;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTTOU);
    sigprocmask(SIG_UNBLOCK, &stops, &before);
    int result = tcsetattr(fd, TCSANOW, mode) < 0 ? -errno : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

int sys_terminal_make_raw(int fd, bool keep_output, struct termios *ret_before)
{
    struct termios raw;

    if (tcgetattr(fd, &raw) < 0)
        return -errno;
    *ret_before = raw;
    cfmakeraw(&raw);
    if (keep_output)
        raw.c_oflag = ret_before->c_oflag;
    return set_in_foreground(fd, &raw);
}

void sys_terminal_restore(int fd, const struct termios *before)
{
    pid_t group = tcgetpgrp(fd);

    if (group < 0 || group == getpgrp())
        tcsetattr(fd, TCSANOW, before);
}

bool sys_terminal_has_hung_up(int fd)
{
    struct pollfd poll_fd = {.fd = fd};

    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP) != 0;
}

bool sys_terminal_is_canonical(int fd)
{
    struct termios now;

    return tcgetattr(fd, &now) == 0 && (now.c_lflag & ICANON) != 0;
}

bool sys_terminal_is_same(int one, int other)
{
    unsigned int one_device, other_device;

    return ioctl(one, TIOCGDEV, &one_device) == 0 && ioctl(other, TIOCGDEV, &other_device) == 0 &&
           one_device == other_device;
}

void sys_terminal_keep_newlines(int fd)
{
    struct termios mode;

    if (tcgetattr(fd, &mode) < 0)
        return;
    mode.c_oflag &= ~(tcflag_t) ONLCR;
    tcsetattr(fd, TCSANOW, &mode);
}

void sys_terminal_copy_size(int from, int to)
{
    struct winsize size;

    if (ioctl(from, TIOCGWINSZ, &size) == 0)
        ioctl(to, TIOCSWINSZ, &size);
}

int sys_terminal_open_peer(int master)
{
    int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int sys_terminal_open_own(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}
