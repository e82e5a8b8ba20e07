/* SPDX-License-Identifier: Apache-2.0 */
/* Carries writes out and, when one fails, takes those before it back. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/sys/bpf.h"
#include "compile.h"
#include "files.h"

/* Files with a line for each of many things. A text for one begins with its name; `none` is what stands behind that
 * to have no such line. */
static const struct {
    const char *file;
    const char *none;
} keyed_files[] = {
    {"io.max", "rbps=max wbps=max riops=max wiops=max"},
    {"io.weight", "default"},
    {"io.bfq.weight", "default"},
    {"io.latency", "target=0"},
    {"rdma.max", "hca_handle=max hca_object=max"},
    {"misc.max", "max"},
    {"blkio.weight_device", "default"},
    {"blkio.bfq.weight_device", "default"},
    {"blkio.leaf_weight_device", "default"},
    {"blkio.throttle.read_bps_device", "0"},
    {"blkio.throttle.write_bps_device", "0"},
    {"blkio.throttle.read_iops_device", "0"},
    {"blkio.throttle.write_iops_device", "0"},
    {"net_prio.ifpriomap", "0"},
};

static const char *none_of(const char *file)
{
    for (size_t i = 0; i < sizeof(keyed_files) / sizeof(keyed_files[0]); i++)
        if (text_equal(keyed_files[i].file, file))
            return keyed_files[i].none;
    return NULL;
}

/* The line of `text` that begins with the first word of `sample`, or one that says that there was none. */
static const char *line_of(struct arena *arena, const char *text, const char *sample,
                           const char *none)
{
    int length = (int) strcspn(sample, " ");

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, sample, (size_t) length) == 0 && line[length] == ' ')
            return arena_printf(arena, "%.*s", (int) strcspn(line, "\n"), line);
    }
    return arena_printf(arena, "%.*s %s", length, sample, none);
}

/* "oom_kill_disable 0" and more lines, of which only the first can be written, as its number. */
static const char *number_of_oom_control(struct arena *arena, const char *text)
{
    const char *number = text + strcspn(text, " ");

    number += strspn(number, " ");
    return arena_printf(arena, "%.*s", (int) strcspn(number, "\n"), number);
}

static void add_former(struct cgroup_writes *former, struct arena *arena,
                       const struct cgroup_write *write, const char *file, const char *text)
{
    former->item =
        arena_grow(arena, former->item, former->count, &former->room, sizeof(*former->item));
    former->item[former->count++] = (struct cgroup_write){
        .field = write->field, .place = write->place, .file = file, .text = text};
}

/* The rules as the kernel lists them, behind a deny of all: noted last first, as all are taken back. */
static void note_devices(struct cgroup_writes *former, struct arena *arena,
                         const struct cgroup_write *write)
{
    char *list;
    struct text_list lines = {.arena = arena};

    if (cgroup_read(arena, write->place->path, "devices.list", &list) < 0)
        return;
    for (char *line; (line = strsep(&list, "\n")) != NULL;)
        text_list_add(&lines, line);
    for (size_t i = lines.count; i > 0; i--)
        add_former(former, arena, write, "devices.allow", lines.item[i - 1]);
    add_former(former, arena, write, "devices.deny", "a");
}

static bool is_device_rule(const struct cgroup_write *write)
{
    return text_equal(write->file, "devices.allow") || text_equal(write->file, "devices.deny");
}

/* Notes what a file of a cgroup that was there before holds. `before`: the write carried out before, or NULL. */
static void note_former(struct cgroup_writes *former, struct arena *arena,
                        const struct cgroup_write *write, const struct cgroup_write *before)
{
    const char *none = none_of(write->file);
    char *text;

    if (!write->place->exists)
        return;
    if (is_device_rule(write)) {
        if (before == NULL || !is_device_rule(before))
            note_devices(former, arena, write);
        return;
    }
    if (cgroup_read(arena, write->place->path, write->file, &text) < 0)
        return;
    if (none != NULL)
        add_former(former, arena, write, write->file, line_of(arena, text, write->text, none));
    else if (text_equal(write->file, "memory.oom_control"))
        add_former(former, arena, write, write->file, number_of_oom_control(arena, text));
    else
        add_former(former, arena, write, write->file, text);
}

/* Rules for devices come a dozen at a time: the file stays open as long as the next write is to it too. */
static int put(const struct cgroup_write *write, const struct cgroup_write *before, int *fd)
{
    char path[PATH_MAX];

    if (*fd < 0 || before->place != write->place || !text_equal(before->file, write->file)) {
        fd_close(fd);
        if (snprintf(path, sizeof(path), "%s/%s", write->place->path, write->file) >=
            (int) sizeof(path))
            return -ENAMETOOLONG;
        *fd = open(path, O_WRONLY | O_CLOEXEC);
    }
    if (*fd < 0)
        return -errno;
    ssize_t written = pwrite(*fd, write->text, strlen(write->text), 0);
    if (written < 0)
        return -errno;
    return (size_t) written == strlen(write->text) ? 0 : -EIO;
}

static int complain(const struct cgroup_write *write, int number, struct error *error)
{
    error_errno(error, number, "linux.resources.%s: write \"%s\" to %s", write->field, write->text,
                write->file);
    if (number == ENOENT)
        error_hint(error, "this kernel has no such file in %s", write->place->path);
    if (number == EBUSY && text_starts_with(write->file, "memory."))
        error_hint(error, "so much is in use that cannot be given up");
    if (number == EOPNOTSUPP && strstr(write->file, "bfq") != NULL)
        error_hint(error, "the scheduler of the device is not bfq: see its queue/scheduler");
    return -number;
}

/* Of a value that newer kernels take and forget. */
static void check_kept(struct arena *arena, const struct cgroup_write *write)
{
    char *text;

    if (cgroup_read(arena, write->place->path, write->file, &text) == 0 &&
        strncmp(text, write->text, 3) != 0)
        log_warning("linux.resources.%s: this kernel has no such limit of its own: memory.limit counts it",
                    write->field);
}

void cgroup_write_back(const struct cgroup_writes *former)
{
    AUTO_FD fd = -1;

    for (size_t i = former->count; i > 0; i--) {
        const struct cgroup_write *write = &former->item[i - 1];
        int result = put(write, i == former->count ? NULL : write + 1, &fd);

        if (result < 0)
            log_warning("linux.resources.%s: write \"%s\" to %s again: %s", write->field,
                        write->text, write->file, error_text_of(-result));
    }
}

int cgroup_write(struct arena *arena, const struct cgroup_writes *writes,
                 struct cgroup_writes *ret_former, struct error *error)
{
    struct cgroup_writes former = {0};
    AUTO_FD fd = -1;

    for (size_t i = 0; i < writes->count; i++) {
        const struct cgroup_write *write = &writes->item[i];
        const struct cgroup_write *before = i == 0 ? NULL : write - 1;

        note_former(&former, arena, write, before);
        int result = put(write, before, &fd);
        if (result < 0 && (write->forgiven == 0 || result != -write->forgiven)) {
            complain(write, -result, error);
            cgroup_write_back(&former);
            return result;
        }
        if (write->is_dropped)
            check_kept(arena, write);
    }
    *ret_former = former;
    return 0;
}

int cgroup_attach_program(const struct cgroup_place *place,
                          const struct cgroup_device_program *program, struct error *error)
{
    AUTO_FD cgroup = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (cgroup < 0)
        return error_errno(error, errno, "linux.resources.devices: open the cgroup %s", place->path);
    AUTO_FD fd = sys_bpf_load_devices(program->instructions, program->count);
    int result = fd < 0 ? fd : sys_bpf_attach_devices(cgroup, fd);
    if (result == 0)
        return 0;
    error_errno(error, -result, "linux.resources.devices: %s its program (bpf) for the cgroup %s",
                fd < 0 ? "load" : "attach", place->path);
    return error_hint(error, result == -EPERM
                                 ? "device rules on cgroup v2 need CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the "
                                   "initial user namespace"
                                 : "device rules on cgroup v2 need a kernel with CONFIG_CGROUP_BPF");
}
