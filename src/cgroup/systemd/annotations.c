/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/spec/config.h"
#include "properties.h"
#include "value.h"

#define KEY_PREFIX "org.systemd.property."
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SECONDS "Sec"
#define USEC_PER_SEC 1000000

void cgroup_add_property(struct cgroup_properties *properties, struct bus_property property)
{
    properties->item = arena_grow(properties->arena, properties->item, properties->count,
                                  &properties->room, sizeof(property));
    properties->item[properties->count++] = property;
}

/* "TimeoutStopSec", but not "TimeoutStopUSec", which is D-Bus's own name. */
static bool is_in_seconds(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(SECONDS) && text_equal(name + length - strlen(SECONDS), SECONDS) &&
           name[length - strlen(SECONDS) - 1] >= 'a';
}

/* Converts seconds to uint64 microseconds. Returns false if the value is no number, or too
 * large. */
static bool convert_seconds(struct arena *arena, struct cgroup_value *value)
{
    uint64_t number;

    if (strlen(value->signature) != 1 || strchr("ynqiuxtd", value->signature[0]) == NULL)
        return false;
    if (value->signature[0] == 'd') {
        double seconds = strtod(value->words.item[0], NULL);

        /* Comparisons with NaN are false. */
        if (!(seconds >= 0 && seconds < 0x1p64 / USEC_PER_SEC))
            return false;
        number = (uint64_t) (seconds * USEC_PER_SEC);
    } else if (text_to_u64(value->words.item[0], &number) < 0 ||
               __builtin_mul_overflow(number, (uint64_t) USEC_PER_SEC, &number)) {
        return false;
    }
    value->signature = "t";
    value->words.item[0] = arena_printf(arena, "%" PRIu64, number);
    return true;
}

static int add_annotation(struct cgroup_properties *properties, const struct spec_pair *annotation,
                          struct error *error)
{
    struct arena *arena = properties->arena;
    const char *name = annotation->key + strlen(KEY_PREFIX);
    struct cgroup_value value;

    if (name[0] == '\0' || name[strspn(name, LETTERS)] != '\0')
        return error_at(error, JSON_PATH("annotations[\"%s\"]", annotation->key), EINVAL,
                        "expected the name of a property, of letters alone, after \"" KEY_PREFIX
                        "\"");
    const char *fault = cgroup_read_value(arena, annotation->value, &value);
    if (fault == NULL && is_in_seconds(name)) {
        if (!convert_seconds(arena, &value))
            fault = "expected a number of seconds";
        name = arena_printf(arena, "%.*sU" SECONDS, (int) (strlen(name) - strlen(SECONDS)), name);
    }
    if (fault != NULL)
        return error_at(error, JSON_PATH("annotations[\"%s\"]", annotation->key), EINVAL,
                        "%s, got \"%s\"", fault, annotation->value);
    cgroup_add_property(properties, (struct bus_property){
                                        .name = name,
                                        .signature = value.signature,
                                        .words = (const char *const *) value.words.item,
                                        .n_words = value.words.count,
                                    });
    return 0;
}

int cgroup_add_annotations(struct cgroup_properties *properties,
                           const struct spec_pair *annotations, size_t n_annotations,
                           struct error *error)
{
    for (size_t i = 0; i < n_annotations; i++)
        if (text_starts_with(annotations[i].key, KEY_PREFIX))
            TRY(add_annotation(properties, &annotations[i], error));
    return 0;
}
