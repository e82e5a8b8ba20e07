/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/mount-options.h"

#include <linux/mount.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"

static const struct spec_mount_option table[] = {
    {"ro", SPEC_MOUNT_ATTRIBUTE, false, false, MS_RDONLY, MOUNT_ATTR_RDONLY},
    {"rw", SPEC_MOUNT_ATTRIBUTE, true, false, MS_RDONLY, MOUNT_ATTR_RDONLY},
    {"suid", SPEC_MOUNT_ATTRIBUTE, true, false, MS_NOSUID, MOUNT_ATTR_NOSUID},
    {"nosuid", SPEC_MOUNT_ATTRIBUTE, false, false, MS_NOSUID, MOUNT_ATTR_NOSUID},
    {"dev", SPEC_MOUNT_ATTRIBUTE, true, false, MS_NODEV, MOUNT_ATTR_NODEV},
    {"nodev", SPEC_MOUNT_ATTRIBUTE, false, false, MS_NODEV, MOUNT_ATTR_NODEV},
    {"exec", SPEC_MOUNT_ATTRIBUTE, true, false, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"noexec", SPEC_MOUNT_ATTRIBUTE, false, false, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"symfollow", SPEC_MOUNT_ATTRIBUTE, true, false, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    {"nosymfollow", SPEC_MOUNT_ATTRIBUTE, false, false, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    {"diratime", SPEC_MOUNT_ATTRIBUTE, true, false, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"nodiratime", SPEC_MOUNT_ATTRIBUTE, false, false, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"atime", SPEC_MOUNT_ATIME, true, false, MS_NOATIME, MOUNT_ATTR_NOATIME},
    {"noatime", SPEC_MOUNT_ATIME, false, false, MS_NOATIME, MOUNT_ATTR_NOATIME},
    {"relatime", SPEC_MOUNT_ATIME, false, false, MS_RELATIME, MOUNT_ATTR_RELATIME},
    {"norelatime", SPEC_MOUNT_ATIME, true, false, MS_RELATIME, MOUNT_ATTR_RELATIME},
    {"strictatime", SPEC_MOUNT_ATIME, false, false, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {"nostrictatime", SPEC_MOUNT_ATIME, true, false, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {"async", SPEC_MOUNT_SUPERBLOCK, true, false, MS_SYNCHRONOUS, 0},
    {"sync", SPEC_MOUNT_SUPERBLOCK, false, false, MS_SYNCHRONOUS, 0},
    {"dirsync", SPEC_MOUNT_SUPERBLOCK, false, false, MS_DIRSYNC, 0},
    {"lazytime", SPEC_MOUNT_SUPERBLOCK, false, false, MS_LAZYTIME, 0},
    {"nolazytime", SPEC_MOUNT_SUPERBLOCK, true, false, MS_LAZYTIME, 0},
    {"mand", SPEC_MOUNT_SUPERBLOCK, false, false, MS_MANDLOCK, 0},
    {"nomand", SPEC_MOUNT_SUPERBLOCK, true, false, MS_MANDLOCK, 0},
    {"iversion", SPEC_MOUNT_SUPERBLOCK, false, false, MS_I_VERSION, 0},
    {"noiversion", SPEC_MOUNT_SUPERBLOCK, true, false, MS_I_VERSION, 0},
    {"silent", SPEC_MOUNT_SUPERBLOCK, false, false, MS_SILENT, 0},
    {"loud", SPEC_MOUNT_SUPERBLOCK, true, false, MS_SILENT, 0},
    {"private", SPEC_MOUNT_PROPAGATION, false, false, MS_PRIVATE, 0},
    {"rprivate", SPEC_MOUNT_PROPAGATION, false, true, MS_PRIVATE, 0},
    {"shared", SPEC_MOUNT_PROPAGATION, false, false, MS_SHARED, 0},
    {"rshared", SPEC_MOUNT_PROPAGATION, false, true, MS_SHARED, 0},
    {"slave", SPEC_MOUNT_PROPAGATION, false, false, MS_SLAVE, 0},
    {"rslave", SPEC_MOUNT_PROPAGATION, false, true, MS_SLAVE, 0},
    {"unbindable", SPEC_MOUNT_PROPAGATION, false, false, MS_UNBINDABLE, 0},
    {"runbindable", SPEC_MOUNT_PROPAGATION, false, true, MS_UNBINDABLE, 0},
    {"bind", SPEC_MOUNT_BIND, false, false, MS_BIND, 0},
    {"rbind", SPEC_MOUNT_BIND, false, true, MS_BIND, 0},
    {"remount", SPEC_MOUNT_REMOUNT, false, false, MS_REMOUNT, 0},
    {"idmap", SPEC_MOUNT_ID_MAP, false, false, 0, 0},
    {"ridmap", SPEC_MOUNT_ID_MAP, false, true, 0, 0},
    {"tmpcopyup", SPEC_MOUNT_COPY_UP, false, false, 0, 0},
    {"src-nofollow", SPEC_MOUNT_SOURCE_LINK, false, false, 0, 0},
    {"dest-nofollow", SPEC_MOUNT_TARGET_LINK, false, false, 0, 0},
    {"copy-symlink", SPEC_MOUNT_COPY_LINK, false, false, 0, 0},
    {"defaults", SPEC_MOUNT_DEFAULTS, false, false, 0, 0},
};

const struct spec_mount_option *spec_mount_option_table(size_t *ret_count)
{
    *ret_count = COUNT(table);
    return table;
}

/* The first letters tell most words apart. */
static const struct spec_mount_option *find(const char *word)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].name[0] == word[0] && strcmp(table[i].name, word) == 0)
            return &table[i];
    return NULL;
}

/* Looks up an option of mounts[].options, and sets *ret_recursive if it is the recursive form of
 * a table entry. Among options with "=" it knows only idmap and ridmap. Returns NULL for an
 * option of the file system. */
static const struct spec_mount_option *find_with_twin(const char *word, bool *ret_recursive)
{
    const struct spec_mount_option *option = find(word);

    if (strncmp(word, "idmap=", 6) == 0 || strncmp(word, "ridmap=", 7) == 0)
        option = find(word[0] == 'r' ? "ridmap" : "idmap");
    *ret_recursive = option != NULL && option->recursive;
    if (option != NULL || word[0] != 'r')
        return option;
    option = find(word + 1);
    if (option == NULL)
        return NULL;
    *ret_recursive = option->kind == SPEC_MOUNT_ATTRIBUTE || option->kind == SPEC_MOUNT_ATIME;
    /* crun accepts "rsync" too; the option is per file system, so it is the same as "sync". */
    return *ret_recursive || option->kind == SPEC_MOUNT_SUPERBLOCK ? option : NULL;
}

static void apply_attribute(const struct spec_mount_option *option,
                            struct spec_mount_attributes *attributes)
{
    uint64_t bits = option->kind == SPEC_MOUNT_ATIME ? MOUNT_ATTR__ATIME : option->attribute;
    uint64_t value = option->clears ? 0 : option->attribute;

    attributes->set = (attributes->set & ~bits) | value;
    attributes->clear = option->kind == SPEC_MOUNT_ATIME ? attributes->clear | bits
                        : option->clears                 ? attributes->clear | bits
                                                         : attributes->clear & ~bits;
}

static void apply_flag(uint64_t *flags, const struct spec_mount_option *option)
{
    if (option->clears)
        *flags &= ~option->ms;
    else
        *flags |= option->ms;
}

static void apply_link_word(const struct spec_mount_option *option,
                            struct spec_mount_options *options)
{
    if (option->kind == SPEC_MOUNT_DEFAULTS)
        return;
    options->binds_link |= option->kind == SPEC_MOUNT_SOURCE_LINK;
    options->covers_link |= option->kind == SPEC_MOUNT_TARGET_LINK;
    options->copies_link |= option->kind == SPEC_MOUNT_COPY_LINK;
    options->link_word = option->name;
}

static void apply_word(const char *word, struct spec_mount_options *options, struct text *data)
{
    bool recursive;
    const struct spec_mount_option *option = find_with_twin(word, &recursive);

    if (option == NULL) {
        text_addf(data, "%s%s", data->size > 0 ? "," : "", word);
        options->has_long_word |= strlen(word) > FSCONFIG_VALUE_MAX;
        options->has_mode |= text_starts_with(word, "mode=");
        return;
    }
    switch (option->kind) {
    case SPEC_MOUNT_ATTRIBUTE:
    case SPEC_MOUNT_ATIME:
        apply_attribute(option, recursive ? &options->recursive : &options->attributes);
        if (!recursive)
            apply_flag(&options->ms, option);
        break;
    case SPEC_MOUNT_SUPERBLOCK:
        apply_flag(&options->ms, option);
        options->superblock_word = word;
        break;
    case SPEC_MOUNT_PROPAGATION:
        options->propagation = option->ms;
        options->propagates_recursively = recursive;
        break;
    case SPEC_MOUNT_BIND:
        options->binds = true;
        options->binds_recursively |= recursive;
        break;
    case SPEC_MOUNT_REMOUNT:
        options->remounts = true;
        break;
    case SPEC_MOUNT_COPY_UP:
        options->copies_up = true;
        break;
    case SPEC_MOUNT_ID_MAP:
        options->maps_ids = true;
        options->maps_recursively |= recursive;
        options->id_map = strchr(word, '=') != NULL ? strchr(word, '=') + 1 : options->id_map;
        break;
    default:
        apply_link_word(option, options);
        break;
    }
}

void spec_parse_mount_options(struct arena *arena, struct spec_mount *mount)
{
    struct spec_mount_options *options = ARENA_NEW(arena, struct spec_mount_options);
    struct text data = {.arena = arena};

    for (size_t i = 0; i < mount->n_options; i++)
        apply_word(mount->options[i], options, &data);
    options->data = data.size > 0 ? data.bytes : NULL;
    mount->parsed = options;
}
