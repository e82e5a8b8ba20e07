/* SPDX-License-Identifier: Apache-2.0 */
/* A second pass over the text, for `check` and `update`: the specification makes a runtime ignore
 * unknown properties, so the first pass does not stop at them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yajl/yajl_parse.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/finding.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"
#include "berth/spec/load.h"
#include "report.h"
#include "table.h"

/* Properties that the specification defines for other platforms. */
static const char *const foreign[] = {
    "freebsd", "solaris", "vm", "windows", "zos", "process.commandLine", "process.user.username",
};

/* An open object or array whose contents are known. */
struct level {
    const struct spec_type *type;         /* of an object; NULL: an array or a map */
    const struct spec_property *property; /* of the next value; NULL: unknown */
    bool is_array;
    size_t index; /* of the next item of an array */
    const char *key;
    const char *path; /* of the object or array itself */
};

struct search {
    struct arena *arena;
    struct findings *findings;
    const char *root; /* the path of the document */
    bool any_case;    /* names of properties need not be in lower case */
    size_t ignored;   /* open objects and arrays below an unknown property */
    struct level levels[SPEC_TABLE_DEPTH + 2];
    struct level *top;
};

static const char *path_of_value(const struct search *search)
{
    const struct level *top = search->top;

    if (top->is_array)
        return arena_printf(search->arena, "%s[%zu]", top->path, top->index);
    if (top->type == NULL)
        return arena_printf(search->arena, "%s[\"%s\"]", top->path, top->key);
    return arena_printf(search->arena, "%s%s%s", top->path, top->path[0] != '\0' ? "." : "",
                        top->key);
}

/* Returns a key in a form that can be printed on one line. */
static const char *printable(struct arena *arena, const unsigned char *bytes, size_t length)
{
    struct report_quote quote;
    const char *quoted = report_quote_bytes(&quote, (const char *) bytes, length);

    return arena_copy(arena, quoted + 1, strlen(quoted) - 2);
}

const char *table_suggest(struct arena *arena, const struct spec_type *type, const char *key)
{
    struct similar similar = {.word = key};

    for (size_t i = 0; i < type->count; i++)
        similar_offer(&similar, type->properties[i].name);
    return similar.best == NULL ? NULL : arena_printf(arena, "did you mean %s?", similar.best);
}

static void tell(struct search *search, const char *key)
{
    search->top->key = key;
    struct finding finding = {
        .severity = FINDING_WARNING,
        .path = path_of_value(search),
        .cause = "the specification has no such property, and it is ignored",
    };

    if (text_is_one_of(finding.path, foreign, COUNT(foreign)))
        return;
    finding.hint = table_suggest(search->arena, search->top->type, key);
    findings_add(search->findings, &finding);
}

static int on_key(void *context, const unsigned char *bytes, size_t length)
{
    struct search *search = context;
    struct level *top = search->top;

    if (search->ignored > 0)
        return 1;
    top->key = arena_copy(search->arena, bytes, length);
    if (top->type == NULL)
        return 1;
    top->property = NULL;
    for (size_t i = 0; i < top->type->count && top->property == NULL; i++)
        if ((search->any_case ? strcasecmp : strcmp)(top->type->properties[i].name, top->key) == 0)
            top->property = &top->type->properties[i];
    if (top->property == NULL)
        tell(search, printable(search->arena, bytes, length));
    return 1;
}

static int end_value(struct search *search)
{
    search->top->index++;
    return 1;
}

static int on_null(void *context)
{
    struct search *search = context;

    return search->ignored > 0 ? 1 : end_value(search);
}

static int on_boolean(void *context, int value)
{
    (void) value;
    return on_null(context);
}

static int on_number(void *context, const char *digits, size_t length)
{
    (void) digits;
    (void) length;
    return on_null(context);
}

static int on_string(void *context, const unsigned char *bytes, size_t length)
{
    (void) bytes;
    (void) length;
    return on_null(context);
}

/* Opens what `property` describes: an array, a map or an object. Ignores a value of another
 * type. */
static int on_open(struct search *search, bool is_array)
{
    const struct level *top = search->top;
    const struct spec_property *property = top->property;
    bool is_one = property != NULL && (top->type == NULL || property->shape == SPEC_SHAPE_ONE);
    const struct spec_type *type = is_one ? property->type : NULL;

    if (search->ignored > 0 || property == NULL || (is_one && (is_array || type == NULL)) ||
        top + 1 == search->levels + SPEC_TABLE_DEPTH + 2) {
        search->ignored++;
        return 1;
    }
    const char *path = top == search->levels ? search->root : path_of_value(search);
    *++search->top = (struct level){type, is_one ? NULL : property, is_array, 0, "", path};
    return 1;
}

static int on_map_open(void *context)
{
    return on_open(context, false);
}

static int on_array_open(void *context)
{
    return on_open(context, true);
}

static int on_close(void *context)
{
    struct search *search = context;

    if (search->ignored > 0)
        return --search->ignored > 0 ? 1 : end_value(search);
    search->top--;
    return end_value(search);
}

static const yajl_callbacks events = {
    on_null,     on_boolean, NULL,     NULL,          on_number, on_string,
    on_map_open, on_key,     on_close, on_array_open, on_close,
};

static void find_unknown(struct search *search, const struct spec_type *type, const char *bytes,
                         size_t size)
{
    /* Treats the document as the only item of an enclosing list. */
    const struct spec_property document = {
        .shape = SPEC_SHAPE_ONE, .kind = SPEC_KIND_OBJECT, .type = type};
    yajl_handle handle = yajl_alloc(&events, NULL, search);

    search->top = search->levels;
    *search->top = (struct level){NULL, &document, false, 0, "", ""};
    yajl_parse(handle, (const unsigned char *) bytes, size);
    yajl_free(handle);
}

void spec_find_unknown(const char *bytes, size_t size, struct findings *findings)
{
    struct search search = {.arena = findings->arena, .findings = findings, .root = ""};

    find_unknown(&search, &spec_type_config, bytes, size);
}

void spec_find_unknown_resources(const char *bytes, size_t size, struct findings *findings)
{
    struct search search = {.arena = findings->arena,
                            .findings = findings,
                            .root = "linux.resources",
                            .any_case = true};

    find_unknown(&search, &spec_type_resources, bytes, size);
}
