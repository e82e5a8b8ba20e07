/* SPDX-License-Identifier: Apache-2.0 */
/* Parses mounts[].options with the table of options.c; the file system gets the options that are
 * not in it. */
#include <string.h>
#include <sys/mount.h>

#include "berth/base/text.h"
#include "berth/plan/options.h"
#include "builder.h"

static void apply_attribute(const struct plan_option *option, struct plan_attributes *attributes)
{
    uint64_t bits = option->kind == PLAN_OPTION_ATIME ? MOUNT_ATTR__ATIME : option->attribute;
    uint64_t value = option->clears ? 0 : option->attribute;

    attributes->set = (attributes->set & ~bits) | value;
    attributes->clear = option->kind == PLAN_OPTION_ATIME ? attributes->clear | bits
                        : option->clears                  ? attributes->clear | bits
                                                          : attributes->clear & ~bits;
}

static void apply_flag(uint64_t *flags, const struct plan_option *option)
{
    if (option->clears)
        *flags &= ~option->ms;
    else
        *flags |= option->ms;
}

static void apply_link_word(const struct plan_option *option, struct plan_mount_words *words)
{
    if (option->kind == PLAN_OPTION_DEFAULTS)
        return;
    words->binds_link |= option->kind == PLAN_OPTION_SOURCE_LINK;
    words->covers_link |= option->kind == PLAN_OPTION_TARGET_LINK;
    words->copies_link |= option->kind == PLAN_OPTION_COPY_LINK;
    words->link_word = option->name;
}

static void apply_word(const char *word, struct plan_mount_words *words)
{
    bool recursive;
    const struct plan_option *option = plan_option_find(word, &recursive);

    if (option == NULL) {
        text_addf(&words->data, "%s%s", words->data.size > 0 ? "," : "", word);
        words->has_long_word |= strlen(word) > FSCONFIG_VALUE_MOST;
        words->has_mode |= text_starts_with(word, "mode=");
        return;
    }
    switch (option->kind) {
    case PLAN_OPTION_ATTRIBUTE:
    case PLAN_OPTION_ATIME:
        apply_attribute(option, recursive ? &words->recursive : &words->attributes);
        if (!recursive)
            apply_flag(&words->ms, option);
        break;
    case PLAN_OPTION_SUPERBLOCK:
        apply_flag(&words->ms, option);
        words->superblock_word = word;
        break;
    case PLAN_OPTION_PROPAGATION:
        words->propagation = option->ms;
        words->propagates_recursively = recursive;
        break;
    case PLAN_OPTION_BIND:
        words->binds = true;
        words->binds_recursively |= recursive;
        break;
    case PLAN_OPTION_REMOUNT:
        words->remounts = true;
        break;
    case PLAN_OPTION_COPY_UP:
        words->copies_up = true;
        break;
    case PLAN_OPTION_ID_MAP:
        words->maps_ids = true;
        words->maps_recursively |= recursive;
        words->id_map = strchr(word, '=') != NULL ? strchr(word, '=') + 1 : words->id_map;
        break;
    default:
        apply_link_word(option, words);
        break;
    }
}

void plan_read_mount_words(struct arena *arena, const struct spec_mount *mount,
                           struct plan_mount_words *ret_words)
{
    *ret_words = (struct plan_mount_words){.data = {.arena = arena}};
    for (size_t i = 0; i < mount->n_options; i++)
        apply_word(mount->options[i], ret_words);
}
