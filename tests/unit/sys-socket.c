/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets with a slow or missing peer, and messages that a stream accepts in parts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/sys/probe.h"
#include "berth/sys/socket.h"
#include "tap.h"

#define LARGE (4 << 20)

static char dir[] = "/tmp/sys-socket-XXXXXX";
static char path[64];

static int listen_at_path(void)
{
    int place = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = sys_socket_bind(place, "s", SOCK_STREAM);

    close(place);
    if (fd < 0 || listen(fd, 0) < 0)
        exit(1);
    return fd;
}

static void test_connecting(void)
{
    int connected[4], count = 0;

    tap_ok(sys_socket_connect_within(path, SOCK_STREAM, 1000) == -ENOENT,
           "connecting to a path that does not exist fails with ENOENT");
    int fd = listen_at_path();
    tap_ok(sys_socket_connect_within(path, SOCK_SEQPACKET, 1000) == -EPROTOTYPE,
           "connecting to a socket of another type fails");
    while (count < 4 && (connected[count] = sys_socket_connect_within(path, SOCK_STREAM, 30)) >= 0)
        count++;
    tap_ok(count > 0 && count < 4 && connected[count] == -EAGAIN,
           "connecting is given up when nobody accepts: %d", count);
    while (count > 0)
        close(connected[--count]);
    close(fd);
    tap_ok(sys_socket_connect_within(path, SOCK_STREAM, 1000) == -ECONNREFUSED,
           "connecting fails when nobody listens any more");
    unlink(path);
}

/* Reads everything. Returns 0 if there were LARGE bytes, and a descriptor with only the first of
 * them. */
static int read_all(int fd)
{
    size_t total = 0, passed_later = 0;
    char bytes[65536];
    int passed = -1, first = -1;
    ssize_t size;

    while ((size = sys_socket_receive(fd, bytes, sizeof(bytes), &passed)) > 0) {
        if (total == 0)
            first = passed;
        else
            passed_later += passed >= 0;
        total += (size_t) size;
    }
    return total == LARGE && first >= 0 && passed_later == 0 ? 0 : 1;
}

static void test_sending(void)
{
    char *bytes = calloc(1, LARGE);
    int listener = listen_at_path();
    int near = sys_socket_connect_within(path, SOCK_STREAM, 10000);
    int far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int status = -1;

    pid_t child = fork();
    if (child == 0) {
        close(near);
        _exit(read_all(far));
    }
    close(far);
    int result = sys_socket_send(near, bytes, LARGE, STDERR_FILENO);
    close(near);
    waitpid(child, &status, 0);
    tap_ok(result == 0 && status == 0,
           "a message larger than the socket's buffer is sent while the peer reads");
    near = sys_socket_connect_within(path, SOCK_STREAM, 30);
    tap_ok(sys_socket_send(near, bytes, LARGE, -1) == -EAGAIN,
           "sending is given up when nobody reads");
    close(near);
    close(listener);
    free(bytes);
}

static void test_seccomp_flags(void)
{
    tap_ok(sys_probe_seccomp_flags(0) == 0 && sys_probe_seccomp_flags(SECCOMP_FILTER_FLAG_LOG) == 0,
           "flags that the kernel knows are accepted");
    tap_ok(sys_probe_seccomp_flags(1U << 30) < 0 &&
               sys_probe_seccomp_flags(1U << 30 | SECCOMP_FILTER_FLAG_LOG) < 0,
           "a flag that the kernel does not know is refused");
}

int main(void)
{
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/s", dir);
    test_connecting();
    test_sending();
    test_seccomp_flags();
    unlink(path);
    rmdir(dir);
    return tap_end();
}
