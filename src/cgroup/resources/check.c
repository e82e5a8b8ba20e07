/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "hierarchy/files.h"
#include "hierarchy/nearest.h"

/* Returns the errno with which the kernel would refuse to enable controllers for the cgroup's
 * children, 0 if it would not. The root, which has no cgroup.type, may have processes too. */
static int preflight_enable_error(struct arena *arena, const char *path)
{
    const char *file = text_path_join(arena, path, "cgroup.subtree_control");
    char *processes;

    int result = file_access(AT_FDCWD, file, W_OK);
    if (result < 0)
        return -result;
    if (cgroup_has_file(path, "cgroup.type") &&
        cgroup_read(arena, path, "cgroup.procs", &processes) == 0 && processes[0] != '\0')
        return EBUSY;
    return 0;
}

/* The parent has to enable the controller for the container's cgroup, unless systemd does. */
static int check_enabled(struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    struct cgroup_place place = *write->place;
    const char *above = cgroup_nearest(compiler->arena, place.path);
    const char *controller = cgroup_controller_of(compiler->arena, write->file);
    char *enabled;

    if (place.exists || place.is_systemds || !place.hierarchy->v2 ||
        text_equal(controller, "cgroup") ||
        cgroup_read(compiler->arena, above, "cgroup.subtree_control", &enabled) < 0 ||
        cgroup_has_word(enabled, controller))
        return 0;
    place.enable_error = preflight_enable_error(compiler->arena, above);
    place.enable_path = above;
    if (place.enable_error == 0)
        return 0;
    return cgroup_error_v2(compiler, &place, write->field, controller);
}

/* No file shows the page sizes if no cgroup there has the controller yet, but sysfs does. */
static bool lacks_page_size(struct arena *arena, const char *file)
{
    static const char units[] = "KMGTPE"; /* each 1024 times the previous one */
    static const char prefix[] = "hugetlb.";
    char *unit;

    if (!text_starts_with(file, prefix))
        return false;
    unsigned long long size = strtoull(file + strlen(prefix), &unit, 10);
    const char *found = *unit != '\0' ? strchr(units, *unit) : NULL;
    const char *path = found == NULL
                           ? ""
                           : arena_printf(arena, "/sys/kernel/mm/hugepages/hugepages-%llukB",
                                          size << 10 * (found - units));
    return access(path, F_OK) < 0;
}

static int check_file(struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    if (write->may_lack_file || (cgroup_can_have_file(compiler->arena, write->place, write->file) &&
                                 !lacks_page_size(compiler->arena, write->file)))
        return 0;
    error_errno_at(compiler->error, JSON_PATH("linux.resources.%s", write->field), ENOENT,
                   "write \"%s\" to %s", write->text, write->file);
    return error_hint(compiler->error, "this kernel has no such file in %s",
                      write->place->hierarchy->mount_point);
}

/* Files with a line for each device, which has to exist. */
static const struct {
    const char *file;
    const char *devices; /* directory with an entry for each device */
    const char *hint;
} keyed_files[] = {
    {"blkio.", "/sys/dev/block", "/proc/partitions lists those of this host"},
    {"io.", "/sys/dev/block", "/proc/partitions lists those of this host"},
    {"net_prio.ifpriomap", "/sys/class/net", "/sys/class/net lists those of this host"},
    {"rdma.max", "/sys/class/infiniband", "/sys/class/infiniband lists those of this host"},
};

static int check_device(struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    size_t length = strcspn(write->text, " ");

    if (write->text[length] == '\0' || strncmp(write->text, "default ", length + 1) == 0)
        return 0;
    for (size_t i = 0; i < COUNT(keyed_files); i++) {
        const char *path = arena_printf(compiler->arena, "%s/%.*s", keyed_files[i].devices,
                                        (int) length, write->text);

        if (!text_starts_with(write->file, keyed_files[i].file) || access(path, F_OK) == 0)
            continue;
        error_errno_at(compiler->error, JSON_PATH("linux.resources.%s", write->field), ENODEV,
                       "write \"%s\" to %s", write->text, write->file);
        return error_hint(compiler->error, "%s", keyed_files[i].hint);
    }
    return 0;
}

/* --- processors and memory nodes -------------------------------------------------------------- */

/* Returns whether the list `all` contains the list `numbers` ("0-3,7"). */
static bool is_part_of(const char *numbers, const char *all)
{
    for (uint64_t next, to; text_next_range(&numbers, &next, &to); numbers += *numbers == ',') {
        const char *rest = all;

        for (uint64_t first, last; next <= to && text_next_range(&rest, &first, &last);
             rest += *rest == ',')
            if (next >= first && next <= last)
                next = last + 1;
        if (next <= to)
            return false;
    }
    return *numbers == '\0';
}

/* v1 accepts only what the parent has; v2 everything that may ever exist. */
static const struct {
    const char *file;
    const char *v1;
    const char *v2_dir;
} lists[] = {
    {"cpuset.cpus", "cpuset.effective_cpus", "/sys/devices/system/cpu"},
    {"cpuset.mems", "cpuset.effective_mems", "/sys/devices/system/node"},
};

static int check_list(struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    bool v2 = write->place->hierarchy->v2;

    for (size_t i = 0; i < COUNT(lists); i++) {
        const char *dir =
            v2 ? lists[i].v2_dir : cgroup_nearest(compiler->arena, write->place->path);
        char *all;

        if (!text_equal(lists[i].file, write->file) || write->place->exists ||
            cgroup_read(compiler->arena, dir, v2 ? "possible" : lists[i].v1, &all) < 0 ||
            is_part_of(write->text, all))
            continue;
        error_errno_at(compiler->error, JSON_PATH("linux.resources.%s", write->field),
                       v2 ? ERANGE : EACCES, "write \"%s\" to %s", write->text, write->file);
        return error_hint(compiler->error, "%s has %s", dir, all);
    }
    return 0;
}

static int check_write(struct cgroup_compiler *compiler, const struct cgroup_write *write)
{
    TRY(check_enabled(compiler, write));
    TRY(check_file(compiler, write));
    TRY(check_list(compiler, write));
    TRY(cgroup_check_range(write, compiler->error));
    return check_device(compiler, write);
}

int cgroup_check_writes(struct cgroup_compiler *compiler)
{
    for (size_t i = 0; i < compiler->writes.count; i++)
        TRY(error_collect(compiler->error, check_write(compiler, &compiler->writes.item[i])));
    return 0;
}
