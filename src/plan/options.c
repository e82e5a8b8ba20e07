/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/options.h"
#include "berth/base/array.h"

#include <string.h>
#include <sys/mount.h>

static const struct plan_option options[] = {
    {"ro", PLAN_OPTION_ATTRIBUTE, false, false, MS_RDONLY, MOUNT_ATTR_RDONLY},
    {"rw", PLAN_OPTION_ATTRIBUTE, true, false, MS_RDONLY, MOUNT_ATTR_RDONLY},
    {"suid", PLAN_OPTION_ATTRIBUTE, true, false, MS_NOSUID, MOUNT_ATTR_NOSUID},
    {"nosuid", PLAN_OPTION_ATTRIBUTE, false, false, MS_NOSUID, MOUNT_ATTR_NOSUID},
    {"dev", PLAN_OPTION_ATTRIBUTE, true, false, MS_NODEV, MOUNT_ATTR_NODEV},
    {"nodev", PLAN_OPTION_ATTRIBUTE, false, false, MS_NODEV, MOUNT_ATTR_NODEV},
    {"exec", PLAN_OPTION_ATTRIBUTE, true, false, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"noexec", PLAN_OPTION_ATTRIBUTE, false, false, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"symfollow", PLAN_OPTION_ATTRIBUTE, true, false, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    {"nosymfollow", PLAN_OPTION_ATTRIBUTE, false, false, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    {"diratime", PLAN_OPTION_ATTRIBUTE, true, false, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"nodiratime", PLAN_OPTION_ATTRIBUTE, false, false, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"atime", PLAN_OPTION_ATIME, true, false, MS_NOATIME, MOUNT_ATTR_NOATIME},
    {"noatime", PLAN_OPTION_ATIME, false, false, MS_NOATIME, MOUNT_ATTR_NOATIME},
    {"relatime", PLAN_OPTION_ATIME, false, false, MS_RELATIME, MOUNT_ATTR_RELATIME},
    {"norelatime", PLAN_OPTION_ATIME, true, false, MS_RELATIME, MOUNT_ATTR_RELATIME},
    {"strictatime", PLAN_OPTION_ATIME, false, false, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {"nostrictatime", PLAN_OPTION_ATIME, true, false, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {"async", PLAN_OPTION_SUPERBLOCK, true, false, MS_SYNCHRONOUS, 0},
    {"sync", PLAN_OPTION_SUPERBLOCK, false, false, MS_SYNCHRONOUS, 0},
    {"dirsync", PLAN_OPTION_SUPERBLOCK, false, false, MS_DIRSYNC, 0},
    {"lazytime", PLAN_OPTION_SUPERBLOCK, false, false, MS_LAZYTIME, 0},
    {"nolazytime", PLAN_OPTION_SUPERBLOCK, true, false, MS_LAZYTIME, 0},
    {"mand", PLAN_OPTION_SUPERBLOCK, false, false, MS_MANDLOCK, 0},
    {"nomand", PLAN_OPTION_SUPERBLOCK, true, false, MS_MANDLOCK, 0},
    {"iversion", PLAN_OPTION_SUPERBLOCK, false, false, MS_I_VERSION, 0},
    {"noiversion", PLAN_OPTION_SUPERBLOCK, true, false, MS_I_VERSION, 0},
    {"silent", PLAN_OPTION_SUPERBLOCK, false, false, MS_SILENT, 0},
    {"loud", PLAN_OPTION_SUPERBLOCK, true, false, MS_SILENT, 0},
    {"private", PLAN_OPTION_PROPAGATION, false, false, MS_PRIVATE, 0},
    {"rprivate", PLAN_OPTION_PROPAGATION, false, true, MS_PRIVATE, 0},
    {"shared", PLAN_OPTION_PROPAGATION, false, false, MS_SHARED, 0},
    {"rshared", PLAN_OPTION_PROPAGATION, false, true, MS_SHARED, 0},
    {"slave", PLAN_OPTION_PROPAGATION, false, false, MS_SLAVE, 0},
    {"rslave", PLAN_OPTION_PROPAGATION, false, true, MS_SLAVE, 0},
    {"unbindable", PLAN_OPTION_PROPAGATION, false, false, MS_UNBINDABLE, 0},
    {"runbindable", PLAN_OPTION_PROPAGATION, false, true, MS_UNBINDABLE, 0},
    {"bind", PLAN_OPTION_BIND, false, false, MS_BIND, 0},
    {"rbind", PLAN_OPTION_BIND, false, true, MS_BIND, 0},
    {"remount", PLAN_OPTION_REMOUNT, false, false, MS_REMOUNT, 0},
    {"idmap", PLAN_OPTION_ID_MAP, false, false, 0, 0},
    {"ridmap", PLAN_OPTION_ID_MAP, false, true, 0, 0},
    {"tmpcopyup", PLAN_OPTION_COPY_UP, false, false, 0, 0},
    {"src-nofollow", PLAN_OPTION_SOURCE_LINK, false, false, 0, 0},
    {"dest-nofollow", PLAN_OPTION_TARGET_LINK, false, false, 0, 0},
    {"copy-symlink", PLAN_OPTION_COPY_LINK, false, false, 0, 0},
    {"defaults", PLAN_OPTION_DEFAULTS, false, false, 0, 0},
};

const struct plan_option *plan_options(size_t *ret_count)
{
    *ret_count = COUNT(options);
    return options;
}

static const struct plan_option *find(const char *word)
{
    for (size_t i = 0; i < COUNT(options); i++)
        if (strcmp(options[i].name, word) == 0)
            return &options[i];
    return NULL;
}

const struct plan_option *plan_option_find(const char *word, bool *ret_recursive)
{
    const struct plan_option *option = find(word);

    if (strncmp(word, "idmap=", 6) == 0 || strncmp(word, "ridmap=", 7) == 0)
        option = find(word[0] == 'r' ? "ridmap" : "idmap");
    *ret_recursive = option != NULL && option->recursive;
    if (option != NULL || word[0] != 'r')
        return option;
    option = find(word + 1);
    if (option == NULL)
        return NULL;
    *ret_recursive = option->kind == PLAN_OPTION_ATTRIBUTE || option->kind == PLAN_OPTION_ATIME;
    /* crun accepts "rsync" too; the option is per file system, so it is the same as "sync". */
    return *ret_recursive || option->kind == PLAN_OPTION_SUPERBLOCK ? option : NULL;
}
