/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "session.h"

#define BASIC_TYPES "sogbynqiuxtd"

/* Returns how many basic values the type has; 0: it is neither a basic type nor a struct of basic
 * types. */
static size_t count_basics(const char *type)
{
    size_t length = strlen(type);
    bool is_struct = length > 2 && type[0] == '(' && type[length - 1] == ')';
    size_t basics = strspn(type + is_struct, BASIC_TYPES);

    return basics == length - (is_struct ? 2 : 0) && (is_struct || length == 1) ? basics : 0;
}

static int add_property(struct text_list *words, const struct bus_property *property,
                        struct error *error)
{
    bool is_array = property->signature[0] == 'a';
    size_t basics = count_basics(property->signature + is_array);

    if (basics == 0)
        return error_set(error, EINVAL, "property %s: the D-Bus type \"%s\" is none for properties",
                         property->name, property->signature);
    if (is_array ? property->n_words % basics != 0 : property->n_words != basics)
        return error_set(error, EINVAL,
                         "property %s: %zu words are not a value of the D-Bus type %s",
                         property->name, property->n_words, property->signature);
    text_list_add(words, property->name);
    text_list_add(words, property->signature);
    if (is_array)
        text_list_add(words, arena_printf(words->arena, "%zu", property->n_words / basics));
    for (size_t i = 0; i < property->n_words; i++)
        text_list_add(words, property->words[i]);
    return 0;
}

int bus_add_properties(struct text_list *words, const struct bus_property *properties,
                       size_t n_properties, struct error *error)
{
    text_list_add(words, arena_printf(words->arena, "%zu", n_properties));
    for (size_t i = 0; i < n_properties; i++)
        TRY(add_property(words, &properties[i], error));
    return 0;
}
