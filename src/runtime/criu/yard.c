/* SPDX-License-Identifier: Apache-2.0 */
/* criu mounts every cgroup hierarchy itself, without options. In the initial cgroup namespace this
 * removes the options of cgroup2 (nsdelegate, memory_recursiveprot) on the whole host (criu issue
 * 3029). criu mounts none if it is given a directory that has them, its "yard". */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/cgroup/probe.h"
#include "berth/sys/mount.h"
#include "berth/sys/probe.h"
#include "criu.h"

#define NAMED "name="

struct yard {
    char *lines;         /* of /proc/self/cgroup */
    const char *options; /* mount options of cgroup2 */
};

static int add(int dir, const char *name, const struct sys_file_system *file_system)
{
    AUTO_FD mount = sys_make_file_system(file_system);

    if (mount < 0)
        return mount;
    if (mkdirat(dir, name, 0700) < 0 ||
        syscall(SYS_move_mount, mount, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    return 0;
}

static int add_v1(struct arena *arena, int dir, const char *controllers)
{
    bool is_named = text_starts_with(controllers, NAMED);
    const struct sys_file_system file_system = {
        .type = "cgroup",
        .source = "cgroup",
        .options = is_named ? arena_printf(arena, "none,%s", controllers) : controllers,
    };

    return add(dir, is_named ? controllers + strlen(NAMED) : controllers, &file_system);
}

/* When restoring, criu 3.15 and 3.16 look for the directory without the last letter of its name. */
static int add_v2(int dir, const char *options)
{
    const struct sys_file_system file_system = {
        .type = "cgroup2", .source = "cgroup", .options = options};

    TRY(add(dir, "unified", &file_system));
    return add(dir, "unifie", &file_system);
}

static int fill(int dir, const void *what)
{
    AUTO_ARENA arena = {0};
    const struct yard *yard = what;
    char *lines = yard->lines;

    for (char *text; (text = strsep(&lines, "\n")) != NULL;) {
        struct cgroup_line line;

        if (!cgroup_line_parse(text, &line))
            continue;
        TRY(line.controllers[0] == '\0' ? add_v2(dir, yard->options)
                                        : add_v1(&arena, dir, line.controllers));
    }
    return 0;
}

static int make(struct criu *criu, const char *options)
{
    struct yard yard = {.options = options};
    const struct sys_mount_maker maker = {
        .file_system = {.type = "tmpfs", .source = "criu", .options = "mode=0700"},
        .fill = fill,
        .what = &yard,
        .name = "",
    };
    int result = file_read(criu->arena, AT_FDCWD, "/proc/self/cgroup", &yard.lines, NULL);

    return result < 0 ? result : sys_mount_apart(&maker);
}

int criu_put_yard(struct criu *criu, struct text *options)
{
    const char *v2_options;

    TRY(cgroup_read_v2_options(criu->arena, "", &v2_options, criu->error));
    if (v2_options[0] == '\0')
        return 0;
    criu->yard = make(criu, v2_options);
    if (sys_is_refusal(criu->yard)) {
        log_warning("%s: criu takes the options %s from the host's cgroup2 file system; "
                    "open_tree(2), move_mount(2), fsopen(2), fsconfig(2) and fsmount(2) would "
                    "prevent that: %s",
                    criu->act, v2_options, sys_refusal());
        return 0;
    }
    if (criu->yard < 0)
        return error_errno(criu->error, -criu->yard, "%s: mount the cgroup hierarchies for criu",
                           criu->act);
    int number = criu_give(criu, criu->yard);
    if (number < 0)
        return error_errno(criu->error, EMFILE, "%s: give criu the cgroup hierarchies", criu->act);
    criu_put_string(options, CRIU_CGROUP_YARD,
                    arena_printf(criu->arena, "/proc/self/fd/%d", number));
    return 0;
}
