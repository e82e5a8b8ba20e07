/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts file systems for the host. Init has its own code for it, which works without a libc:
 * src/init/filesystem.c. */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/sys/mount.h"

static const struct superblock_flag {
    uint64_t flag;
    const char *name;
} superblock_flags[] = {
    {MS_RDONLY, "ro"},         {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"},
    {MS_LAZYTIME, "lazytime"}, {MS_MANDLOCK, "mand"},
};

static int configure(int context, unsigned command, const char *key, const char *value)
{
    return syscall(SYS_fsconfig, context, command, key, value, 0) < 0 ? -errno : 0;
}

/* Returns whether this is an SELinux option, whose value may contain commas. */
static bool is_label(const char *option)
{
    static const char *const keys[] = {"context=\"", "fscontext=\"", "defcontext=\"",
                                       "rootcontext=\""};

    for (size_t i = 0; i < COUNT(keys); i++)
        if (text_starts_with(option, keys[i]))
            return true;
    return false;
}

/* Returns the length of the first option, up to its comma. */
static size_t option_size(const char *options)
{
    const char *quote = is_label(options) ? strchr(strchr(options, '"') + 1, '"') : NULL;
    size_t n = quote == NULL ? 0 : (size_t) (quote - options);

    for (; options[n] != '\0' && options[n] != ','; n++)
        if (options[n] == '\\' && options[n + 1] != '\0')
            n++;
    return n;
}

static int set_option(int context, char *option)
{
    bool quoted = is_label(option);
    char *value = strchr(option, '=');

    if (option[0] == '\0')
        return 0;
    if (value == NULL)
        return configure(context, FSCONFIG_SET_FLAG, option, NULL);
    *value++ = '\0';
    if (quoted && strlen(value) > 1) { /* fsconfig(2) expects the label without quotes */
        value[strlen(value) - 1] = '\0';
        value++;
    }
    return configure(context, FSCONFIG_SET_STRING, option, value);
}

static int set_options(int context, const char *options)
{
    AUTO_ARENA arena = {0};

    while (options != NULL && *options != '\0') {
        size_t size = option_size(options);

        TRY(set_option(context, arena_copy(&arena, options, size)));
        options += size + (options[size] == ',');
    }
    return 0;
}

int sys_make_file_system(const struct sys_file_system *file_system)
{
    AUTO_FD context = (int) syscall(SYS_fsopen, file_system->type, FSOPEN_CLOEXEC);

    if (context < 0)
        return -errno;
    if (file_system->source != NULL)
        TRY(configure(context, FSCONFIG_SET_STRING, "source", file_system->source));
    for (size_t i = 0; i < COUNT(superblock_flags); i++)
        if (file_system->superblock & superblock_flags[i].flag)
            TRY(configure(context, FSCONFIG_SET_FLAG, superblock_flags[i].name, NULL));
    TRY(set_options(context, file_system->options));
    TRY(configure(context, FSCONFIG_CMD_CREATE, NULL, NULL));
    int fd =
        (int) syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned) file_system->attributes);
    return fd < 0 ? -errno : fd;
}
