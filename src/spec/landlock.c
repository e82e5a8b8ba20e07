/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/landlock.h"

#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"

/* The schema lists the words in the order of the kernel's bits. */
#define BIT(word) (UINT64_C(1) << ((unsigned) (word) -1))
#define UP_TO(word) (BIT(word) | (BIT(word) - 1))

/* The rights that each version of the ABI can restrict: landlock(7), "Landlock ABI versions". */
static const struct {
    unsigned abi;
    struct spec_landlock_rights rights;
} versions[] = {
    {1, {.files = UP_TO(SPEC_LANDLOCK_FILE_MAKE_SYM)}},
    {2, {.files = UP_TO(SPEC_LANDLOCK_FILE_REFER)}},
    {3, {.files = UP_TO(SPEC_LANDLOCK_FILE_TRUNCATE)}},
    {4, {.network = UP_TO(SPEC_LANDLOCK_NET_CONNECT_TCP)}},
    {5, {.files = UP_TO(SPEC_LANDLOCK_FILE_IOCTL_DEV)}},
    {SPEC_LANDLOCK_ABI, {.scopes = UP_TO(SPEC_LANDLOCK_SCOPE_SIGNAL)}},
};

const struct spec_landlock *spec_landlock_of(const struct spec_config *config)
{
    return config->parsed == NULL || config->process == NULL ? NULL : config->parsed->landlock;
}

struct spec_landlock_rights spec_landlock_known(unsigned abi)
{
    struct spec_landlock_rights known = {0};

    for (size_t i = 0; i < COUNT(versions) && versions[i].abi <= abi; i++) {
        known.files |= versions[i].rights.files;
        known.network |= versions[i].rights.network;
        known.scopes |= versions[i].rights.scopes;
    }
    return known;
}

static uint64_t set_of(const unsigned *words, size_t count)
{
    uint64_t set = 0;

    for (size_t i = 0; i < count; i++)
        set |= BIT(words[i]);
    return set;
}

uint64_t spec_landlock_files(const enum spec_landlock_file *rights, size_t count)
{
    return set_of(rights, count);
}

uint64_t spec_landlock_network(const enum spec_landlock_net *rights, size_t count)
{
    return set_of(rights, count);
}

struct spec_landlock_rights spec_landlock_handled(const struct spec_landlock *landlock)
{
    const struct spec_landlock_ruleset *ruleset = landlock->ruleset;

    return (struct spec_landlock_rights){
        .files = set_of(ruleset->handled_access_fs, ruleset->n_handled_access_fs),
        .network = set_of(ruleset->handled_access_net, ruleset->n_handled_access_net),
        .scopes = set_of(ruleset->scoped, ruleset->n_scoped),
    };
}

struct spec_landlock_rights spec_landlock_without(struct spec_landlock_rights rights,
                                                  struct spec_landlock_rights others)
{
    return (struct spec_landlock_rights){.files = rights.files & ~others.files,
                                         .network = rights.network & ~others.network,
                                         .scopes = rights.scopes & ~others.scopes};
}

static void add_words(struct text *text, const char *const *words, uint64_t set)
{
    for (unsigned word = 1; words[word] != NULL; word++)
        if ((set & BIT(word)) != 0)
            text_addf(text, "%s%s", text->size > 0 ? ", " : "", words[word]);
}

const char *spec_landlock_names(struct arena *arena, struct spec_landlock_rights rights)
{
    struct text text = {.arena = arena};

    text_add(&text, "");
    add_words(&text, spec_landlock_file_names, rights.files);
    add_words(&text, spec_landlock_net_names, rights.network);
    add_words(&text, spec_landlock_scope_names, rights.scopes);
    return text.bytes;
}
