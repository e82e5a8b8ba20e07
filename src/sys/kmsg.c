/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "berth/base/fd.h"

#define DEVICE makedev(1, 11)
#define RECORD_SIZE 8192    /* the kernel's limit */
#define RECORDS_MAX 1000000 /* if someone writes them faster than they are read */

/* "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n KEY=VALUE\n...": the priority is 8 * facility + level, and
 * facility 0 is the kernel's own. */
static void take_record(char *record, sys_kmsg_taker *take, void *context)
{
    char *text = strchr(record, ';');

    if (text == NULL || strtoul(record, NULL, 10) >= 8)
        return;
    text[strcspn(text, "\n")] = '\0';
    take(context, text + 1);
}

int sys_kmsg_read(sys_kmsg_taker *take, void *context)
{
    char record[RECORD_SIZE];
    struct stat info;

    AUTO_FD fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != DEVICE)
        return -ENODEV;
    for (int count = 0; count < RECORDS_MAX; count++) {
        ssize_t size = read(fd, record, sizeof(record) - 1);

        if (size > 0) {
            record[size] = '\0';
            take_record(record, take, context);
        } else if (size == 0 || errno == EAGAIN) {
            return 0;
        } else if (errno != EPIPE && errno != EINTR && errno != EINVAL) {
            return -errno;
        }
    }
    return 0;
}
