/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

int sys_terminal_make_raw(int fd, bool keep_output, struct termios *ret_before)
{
    struct termios raw;

    if (tcgetattr(fd, &raw) < 0)
        return -errno;
    *ret_before = raw;
    cfmakeraw(&raw);
    if (keep_output)
        raw.c_oflag = ret_before->c_oflag;
    return tcsetattr(fd, TCSANOW, &raw) < 0 ? -errno : 0;
}

void sys_terminal_restore(int fd, const struct termios *before)
{
    tcsetattr(fd, TCSANOW, before);
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
