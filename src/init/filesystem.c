/* SPDX-License-Identifier: Apache-2.0 */
/* New file systems: by fsopen(2), or by mount(2) for options that fsopen(2) cannot express. */
#include "init.h"
#include "path.h"

#define OPTION_MAX 512 /* fsconfig(2) accepts 255 bytes of name and 255 of value */

static const struct superblock_flag {
    unsigned long flag;
    const char *name;
} superblock_flags[] = {
    {MS_RDONLY, "ro"},         {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"},
    {MS_LAZYTIME, "lazytime"}, {MS_MANDLOCK, "mand"},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* SELinux's options in the form of mount(2): in quotes because labels contain commas. */
static bool is_label(const char *options)
{
    return init_begins(options, "context=\"") || init_begins(options, "fscontext=\"") ||
           init_begins(options, "defcontext=\"") || init_begins(options, "rootcontext=\"");
}

/* The length of the option, up to the comma that ends it. These commas do not end it: an escaped
 * one, as in overlay's paths, one before a digit in a memory policy ("mpol=bind:0-3,5"), and one
 * in quotes. */
static size_t option_size(const char *options)
{
    const bool is_policy = init_begins(options, "mpol=");
    size_t n = 0;

    if (is_label(options)) {
        const char *quote = strchr(strchr(options, '"') + 1, '"');

        n = quote == NULL ? 0 : (size_t) (quote - options);
    }
    for (; options[n] != '\0'; n++) {
        if (options[n] == '\\' && options[n + 1] != '\0')
            n++;
        else if (options[n] == ',' && !(is_policy && is_digit(options[n + 1])))
            break;
    }
    return n;
}

static int set_option(int context, const char *text, size_t size)
{
    char option[OPTION_MAX];

    if (size == 0)
        return 0;
    if (size >= sizeof(option))
        return -EINVAL;
    memcpy(option, text, size);
    option[size] = '\0';
    char *value = strchr(option, '=');
    if (value == NULL)
        return sys_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
    *value = '\0';
    /* fsconfig(2) takes the label without quotes. */
    if (is_label(text) && value[1] == '"' && option[size - 1] == '"') {
        value++;
        option[size - 1] = '\0';
    }
    return sys_fsconfig(context, FSCONFIG_SET_STRING, option, value + 1, 0);
}

static int set_options(int context, const char *options)
{
    int err = 0;

    while (err == 0 && options != NULL && *options != '\0') {
        const size_t size = option_size(options);
        err = set_option(context, options, size);
        options += size + (options[size] == ',');
    }
    return err;
}

static int configure(const struct init *init, const struct plan_step *step, int context)
{
    const char *source = init_optional_text(init, step->make_mount.source);
    int err = 0;

    if (source != NULL)
        err = sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0);
    for (size_t i = 0; err == 0 && i < sizeof(superblock_flags) / sizeof(*superblock_flags); i++)
        if ((step->make_mount.superblock & superblock_flags[i].flag) != 0)
            err = sys_fsconfig(context, FSCONFIG_SET_FLAG, superblock_flags[i].name, NULL, 0);
    if (err == 0)
        err = set_options(context, init_optional_text(init, step->make_mount.options));
    if (err == 0)
        err = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    return err;
}

/* Sets attributes after mounting, so that a shared superblock does not become read-only. */
static int make_staged(struct init *init, const struct plan_step *step)
{
    const struct mount_attr attributes = {.attr_set = step->make_mount.attributes,
                                          .attr_clr = MOUNT_ATTR__ATIME};
    const struct init_file_system system = {init_text(init, step->make_mount.type),
                                            init_optional_text(init, step->make_mount.source),
                                            init_optional_text(init, step->make_mount.options),
                                            (unsigned long) step->make_mount.superblock};
    INIT_FD fd = detached_make(init, &system);
    const int err = fd < 0 ? fd : detached_change(init, fd, &attributes, false);

    return err < 0 ? err : init_fill(init, step->makes, init_take(&fd));
}

int init_make_mount(struct init *init, const struct plan_step *step)
{
    if (init->plan->stages_mounts)
        return make_staged(init, step);
    INIT_FD context = sys_fsopen(init_text(init, step->make_mount.type), FSOPEN_CLOEXEC);
    if (context < 0)
        return context;
    const int err = configure(init, step, context);
    if (err < 0)
        return err;
    return init_fill(init, step->makes,
                     sys_fsmount(context, FSMOUNT_CLOEXEC, (unsigned) step->make_mount.attributes));
}

/* mount(2) on a file descriptor, through the working directory because no path leads there
 * safely. */
static int mount_at(const struct init_file_system *system, int target)
{
    INIT_FD before = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (before < 0)
        return before;
    int err = sys_fchdir(target);
    if (err < 0)
        return err;
    err = sys_mount(system->source, ".", system->type, system->flags, system->options);
    const int back = sys_fchdir(before);
    return err < 0 ? err : back;
}

/* Opens the root of the mount that covers the directory: ".." at the root of a lookup stays
 * there, and steps onto the mount on top. */
static int open_cover(int target)
{
    struct statx below, above;
    const int fd = path_open(target, "..", O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int err = path_status(target, &below);
    if (err == 0)
        err = path_status(fd, &above);
    if (err == 0 && ((above.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0 ||
                     above.stx_mnt_id == below.stx_mnt_id))
        err = -ESTALE;
    if (err == 0)
        return fd;
    sys_close(fd);
    return err;
}

int init_mount_over(struct init *init, const struct plan_step *step)
{
    const struct init_file_system system = {init_optional_text(init, step->mount_over.type),
                                            init_optional_text(init, step->mount_over.source),
                                            init_optional_text(init, step->mount_over.options),
                                            (unsigned long) step->mount_over.flags};
    const int target = init->slot[PLAN_SLOT_TARGET];
    const int covers_root = init_covers_root(init);
    if (covers_root < 0)
        return covers_root;
    if (covers_root && step->mount_over.live)
        return -EBUSY;
    const bool is_remount = (system.flags & MS_REMOUNT) != 0;
    const bool is_staged = init->plan->stages_mounts && !is_remount;
    int err = is_staged ? 0 : mount_at(&system, target);
    if (err < 0 || is_remount)
        return err;
    INIT_FD fd = is_staged ? detached_make(init, &system) : open_cover(target);
    err = fd >= 0 && is_staged ? detached_attach(init, fd, target) : 0;
    if (err == 0)
        err = init_fill(init, step->makes, init_take(&fd));
    if (err == 0 && step->mount_over.live)
        err = init_note_mount(init, init->slot[step->makes], NULL);
    if (err == 0 && covers_root)
        err =
            init_fill(init, PLAN_SLOT_ROOT, sys_fcntl(init->slot[step->makes], F_DUPFD_CLOEXEC, 0));
    return err;
}
