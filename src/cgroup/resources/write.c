/* SPDX-License-Identifier: Apache-2.0 */
/* Carries writes out, and reverts them if one fails. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/sys/bpf.h"
#include "compile.h"
#include "hierarchy/files.h"

/* Files with a line for each item, which starts with its name; `none` after the name removes the
 * line. */
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
    for (size_t i = 0; i < COUNT(keyed_files); i++)
        if (text_equal(keyed_files[i].file, file))
            return keyed_files[i].none;
    return NULL;
}

/* The line of `text` that begins with the first word of `sample`, or a line that removes it. */
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

/* memory.oom_control: "oom_kill_disable 0" and more lines. Only the first can be written, as a
 * number. */
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

/* Notes the rules that the kernel lists, and a deny of all before them: in reverse, because
 * former writes are carried out last first. */
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

/* The open file, kept for the next write to it: device rules come by the dozen. */
struct target {
    const struct cgroup_place *place;
    const char *file;
    int fd;
};

/* Opens the file for reading too if its content is to be noted; not every file can be read. */
static int open_target(struct target *target, const struct cgroup_write *write)
{
    char path[PATH_MAX];
    int flags = write->place->exists && !is_device_rule(write) ? O_RDWR : O_WRONLY;

    if (target->fd >= 0 && target->place == write->place && text_equal(target->file, write->file))
        return 0;
    fd_close(&target->fd);
    *target = (struct target){write->place, write->file, -1};
    if (snprintf(path, sizeof(path), "%s/%s", write->place->path, write->file) >=
        (int) sizeof(path))
        return -ENAMETOOLONG;
    target->fd = open(path, flags | O_CLOEXEC);
    if (target->fd < 0 && flags == O_RDWR && (errno == EINVAL || errno == EACCES))
        target->fd = open(path, O_WRONLY | O_CLOEXEC);
    return target->fd < 0 ? -errno : 0;
}

/* Reads the open file, without its last newline; NULL if it cannot be read. */
static const char *read_target(struct arena *arena, const struct target *target)
{
    char bytes[4096];
    ssize_t size = pread(target->fd, bytes, sizeof(bytes), 0);
    char *text;

    if (size == sizeof(bytes))
        return cgroup_read(arena, target->place->path, target->file, &text) < 0 ? NULL : text;
    if (size < 0)
        return NULL;
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    return arena_copy(arena, bytes, (size_t) size);
}

/* Writing cpu.idle resets the share: notes the share, to be restored after cpu.idle. */
static void note_share(struct cgroup_writes *former, struct arena *arena,
                       const struct cgroup_write *write)
{
    const char *file = write->place->hierarchy->v2 ? "cpu.weight" : "cpu.shares";
    char *text;

    if (text_equal(write->file, "cpu.idle") &&
        cgroup_read(arena, write->place->path, file, &text) == 0)
        add_former(former, arena, write, file, text);
}

/* Notes the content of the open file, of a cgroup that existed before. */
static void note_former(struct cgroup_writes *former, struct arena *arena,
                        const struct target *target, const struct cgroup_write *write)
{
    const char *none = none_of(write->file);
    const char *text = read_target(arena, target);

    if (text == NULL)
        return;
    if (none != NULL)
        text = line_of(arena, text, write->text, none);
    else if (text_equal(write->file, "memory.oom_control"))
        text = number_of_oom_control(arena, text);
    note_share(former, arena, write);
    add_former(former, arena, write, write->file, text);
}

static int put(const struct target *target, const char *text)
{
    ssize_t written = pwrite(target->fd, text, strlen(text), 0);

    if (written < 0)
        return -errno;
    return (size_t) written == strlen(text) ? 0 : -EIO;
}

/* Warns if the kernel accepted the value but ignored it. */
static void check_kept(struct arena *arena, const struct cgroup_write *write)
{
    char *text;

    if (cgroup_read(arena, write->place->path, write->file, &text) == 0 &&
        strncmp(text, write->text, 3) != 0)
        log_warning_at(JSON_PATH("linux.resources.%s", write->field),
                       "this kernel has no such limit of its own: memory.limit counts it");
}

void cgroup_write_back(const struct cgroup_writes *former)
{
    struct target target = {.fd = -1};

    for (size_t i = former->count; i > 0; i--) {
        const struct cgroup_write *write = &former->item[i - 1];
        int result = open_target(&target, write);

        if (result == 0)
            result = put(&target, write->text);
        if (result < 0)
            log_warning_at(JSON_PATH("linux.resources.%s", write->field),
                           "write \"%s\" to %s again: %s", write->text, write->file,
                           text_of_errno(-result));
    }
    fd_close(&target.fd);
}

/* `noted`: the former device rules have been noted; the first device rule notes all of them. */
static int write_one(struct arena *arena, const struct cgroup_write *write, struct target *target,
                     struct cgroup_writes *former, bool *noted)
{
    int result = open_target(target, write);

    /* The cgroup exists: berth has created or found it before. Without the file there is no limit,
     * which is what was asked for. */
    if (result == -ENOENT && write->may_lack_file)
        return 0;
    if (result < 0)
        return result;
    if (write->place->exists && !is_device_rule(write))
        note_former(former, arena, target, write);
    if (write->place->exists && is_device_rule(write) && !*noted) {
        note_devices(former, arena, write);
        *noted = true;
    }
    result = put(target, write->text);
    return result == -EPERM && write->may_be_refused ? 0 : result;
}

int cgroup_write(struct arena *arena, const struct cgroup_writes *writes,
                 struct cgroup_writes *ret_former, struct error *error)
{
    struct cgroup_writes former = {0};
    struct target target = {.fd = -1};
    bool noted = false;
    int result = 0;

    for (size_t i = 0; i < writes->count && result == 0; i++) {
        const struct cgroup_write *write = &writes->item[i];

        result = write_one(arena, write, &target, &former, &noted);
        if (result < 0)
            cgroup_error_write(write, -result, error);
        else if (write->is_dropped)
            check_kept(arena, write);
    }
    fd_close(&target.fd);
    if (result < 0)
        cgroup_write_back(&former);
    *ret_former = former;
    return result;
}

int cgroup_attach_program(const struct cgroup_place *place,
                          const struct cgroup_device_program *program, struct error *error)
{
    AUTO_FD cgroup = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (cgroup < 0)
        return error_errno_at(error, "linux.resources.devices", errno, "open the cgroup %s",
                              place->path);
    AUTO_FD fd = sys_bpf_load_devices(program->instructions, program->count);
    int result = fd < 0 ? fd : sys_bpf_attach_devices(cgroup, fd);
    if (result >= 0)
        return result;
    error_errno_at(error, "linux.resources.devices", -result,
                   "%s its program (bpf) for the cgroup %s", fd < 0 ? "load" : "attach",
                   place->path);
    return error_hint(
        error,
        result == -EPERM
            ? "device rules on cgroup v2 need CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the "
              "initial user namespace"
            : "device rules on cgroup v2 need a kernel with CONFIG_CGROUP_BPF");
}

void cgroup_detach_program(const struct cgroup_place *place)
{
    AUTO_FD cgroup = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = cgroup < 0 ? -errno : sys_bpf_detach_devices(cgroup);

    if (result < 0)
        log_warning_at("linux.resources.devices", "take the program off the cgroup %s: %s",
                       place->path, text_of_errno(-result));
}
