/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/capabilities.h"

#include <ctype.h>
#include <strings.h>
#include <sys/capability.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"

#define CAPABILITIES_MAX 64 /* bits in a set */

const char *const *spec_capability_names(struct arena *arena)
{
    struct text_list names = {.arena = arena};

    for (cap_value_t value = 0; value < CAPABILITIES_MAX; value++) {
        char *name = cap_to_name(value); /* "cap_chown", or a number if unknown */
        char *upper = arena_string(arena, name != NULL ? name : "");

        cap_free(name);
        for (char *letter = upper; *letter != '\0'; letter++)
            *letter = (char) toupper((unsigned char) *letter);
        if (text_starts_with(upper, "CAP_"))
            text_list_add(&names, upper);
    }
    text_list_add(&names, NULL);
    return (const char *const *) names.item;
}

uint64_t spec_capability(const char *name)
{
    cap_value_t value;

    return cap_from_name(name, &value) < 0 || value >= CAPABILITIES_MAX ? 0 : UINT64_C(1) << value;
}

const char *spec_capability_suggest(struct arena *arena, const char *name)
{
    const char *const *known = spec_capability_names(arena);
    struct similar similar = {.word = name};
    const char *prefixed = arena_printf(arena, "CAP_%s", name);

    for (; *known != NULL; known++) {
        if (strcasecmp(*known, prefixed) == 0)
            return *known;
        similar_offer(&similar, *known);
    }
    return similar.best;
}

void spec_parse_capabilities(struct arena *arena, struct spec_capabilities *capabilities)
{
    struct spec_capability_sets *sets = ARENA_NEW(arena, struct spec_capability_sets);
    const struct {
        const char *name;
        const char *const *words;
        size_t n_words;
        uint64_t *set;
    } lists[] = {
        {"bounding", capabilities->bounding, capabilities->n_bounding, &sets->bounding},
        {"effective", capabilities->effective, capabilities->n_effective, &sets->effective},
        {"permitted", capabilities->permitted, capabilities->n_permitted, &sets->permitted},
        {"inheritable", capabilities->inheritable, capabilities->n_inheritable, &sets->inheritable},
        {"ambient", capabilities->ambient, capabilities->n_ambient, &sets->ambient},
    };
    struct spec_unknown_capability *unknown = NULL;
    size_t room = 0;

    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t j = 0; j < lists[i].n_words; j++) {
            uint64_t capability = spec_capability(lists[i].words[j]);

            *lists[i].set |= capability;
            if (capability != 0)
                continue;
            unknown = arena_grow(arena, unknown, sets->n_unknown, &room, sizeof(*unknown));
            unknown[sets->n_unknown++] = (struct spec_unknown_capability){
                arena_printf(arena, "process.capabilities.%s[%zu]", lists[i].name, j),
                lists[i].words[j], spec_capability_suggest(arena, lists[i].words[j])};
        }
    }
    sets->unknown = unknown;
    capabilities->parsed = sets;
}
