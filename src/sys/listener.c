/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

int sys_listener_receive(int listener, struct sys_notice *ret_notice)
{
    struct seccomp_notif notice = {0};

    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
        return -errno;
    *ret_notice = (struct sys_notice){notice.id, notice.data.arch, (uint32_t) notice.data.nr};
    return 0;
}

int sys_listener_continue(int listener, uint64_t id)
{
    struct seccomp_notif_resp answer = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 ? -errno : 0;
}
