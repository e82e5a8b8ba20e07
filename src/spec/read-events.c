/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "berth/base/arena.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"
#include "berth/spec/capabilities.h"
#include "berth/spec/mount-options.h"
#include "reader.h"
#include "report.h"

/* limits yajl's stack, which grows with every level */
#define DEEPEST_NESTING 1000

/* more than fit into the error */
#define MAX_FAULTS 100

enum token { TOKEN_NULL, TOKEN_BOOLEAN, TOKEN_NUMBER, TOKEN_STRING, TOKEN_ARRAY, TOKEN_OBJECT };

static const char *const token_names[] = {
    "null", "a boolean", "a number", "a string", "an array", "an object",
};

/* Adds a zeroed item to an array or map, and keeps another zeroed item after it. */
static unsigned char *add_item(struct reader *reader, struct frame *frame, size_t size)
{
    if (frame->count + 1 >= frame->room) {
        size_t room = frame->room == 0 ? 4 : frame->room * 2;
        unsigned char *larger = arena_array(reader->arena, room, size);

        if (frame->count > 0)
            memcpy(larger, frame->items, frame->count * size);
        frame->items = larger;
        frame->room = room;
    }
    return frame->items + frame->count++ * size;
}

static enum token expected_token(const struct frame *frame)
{
    static const enum token tokens[] = {
        [SPEC_KIND_STRING] = TOKEN_STRING,  [SPEC_KIND_BOOLEAN] = TOKEN_BOOLEAN,
        [SPEC_KIND_INTEGER] = TOKEN_NUMBER, [SPEC_KIND_ENUM] = TOKEN_STRING,
        [SPEC_KIND_OBJECT] = TOKEN_OBJECT,
    };

    if (frame->type != NULL && frame->property->shape == SPEC_SHAPE_MANY)
        return TOKEN_ARRAY;
    if (frame->type != NULL && frame->property->shape == SPEC_SHAPE_MAP)
        return TOKEN_OBJECT;
    return tokens[frame->property->kind];
}

/* Returns the memory for the value that starts with `got`, or NULL if the value is ignored or has
 * the wrong type. */
static void *begin_value(struct reader *reader, enum token got)
{
    struct frame *top = reader->top;
    void *place;

    reader_note_token(reader);
    if (reader->ignored > 0 || top->property == NULL)
        return NULL;
    if (top->type == NULL && top->property->shape == SPEC_SHAPE_MAP) {
        struct spec_pair *pair = (void *) add_item(reader, top, sizeof(*pair));

        pair->key = top->key;
        place = &pair->value;
    } else if (top->type == NULL) {
        place = add_item(reader, top, top->property->size);
    } else {
        if (got == TOKEN_NULL && top != reader->frames)
            return NULL;
        place = top->object + top->property->offset;
        top->seen |= UINT64_C(1) << ((size_t) (top->property - top->type->properties) & 63);
    }
    if (got == expected_token(top))
        return place;
    reader_add_error(reader, reader->token, reader_path(reader), "expected %s, got %s",
                     token_names[expected_token(top)], token_names[got]);
    if (top->type == NULL && top->property->kind == SPEC_KIND_STRING)
        memcpy(place, &(const char *){""}, sizeof(const char *));
    return NULL;
}

/* Sets the has_ member of a scalar that was read. */
static void mark_present(struct reader *reader)
{
    struct frame *top = reader->top;

    if (top->type != NULL && top->property->extra_offset > 0)
        memcpy(top->object + top->property->extra_offset, &(bool){true}, sizeof(bool));
}

static int goes_on(const struct reader *reader)
{
    return reader->faults < MAX_FAULTS;
}

static int on_null(void *context)
{
    begin_value(context, TOKEN_NULL);
    return goes_on(context);
}

static int on_boolean(void *context, int value)
{
    void *place = begin_value(context, TOKEN_BOOLEAN);

    if (place != NULL) {
        memcpy(place, &(bool){value != 0}, sizeof(bool));
        mark_present(context);
    }
    return goes_on(context);
}

struct integer {
    bool negative;
    bool too_large;
    uint64_t amount;
};

/* Parses -?[0-9]+. Returns false for a fraction or an exponent. */
static bool parse_integer(const char *digits, size_t length, struct integer *ret_integer)
{
    struct integer integer = {.negative = digits[0] == '-'};

    for (size_t i = integer.negative; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        if (__builtin_mul_overflow(integer.amount, 10, &integer.amount) ||
            __builtin_add_overflow(integer.amount, (uint64_t) (digits[i] - '0'), &integer.amount))
            integer.too_large = true;
    }
    *ret_integer = integer;
    return true;
}

static bool is_in_range(const struct integer *integer, const struct spec_property *property)
{
    if (integer->too_large)
        return false;
    if (!integer->negative || integer->amount == 0)
        return integer->amount <= property->maximum &&
               (property->minimum <= 0 || integer->amount >= (uint64_t) property->minimum);
    /* cppcheck-suppress knownConditionTrueFalse ; it takes -1U to be negative */
    return property->minimum < 0 && integer->amount <= -(uint64_t) property->minimum;
}

static void store_integer(void *place, const struct integer *integer, size_t size)
{
    uint64_t bits = integer->negative ? -integer->amount : integer->amount;

    if (size == sizeof(uint16_t))
        memcpy(place, &(uint16_t){(uint16_t) bits}, size);
    else if (size == sizeof(uint32_t))
        memcpy(place, &(uint32_t){(uint32_t) bits}, size);
    else
        memcpy(place, &bits, sizeof(bits));
}

static int on_number(void *context, const char *digits, size_t length)
{
    struct reader *reader = context;
    void *place = begin_value(reader, TOKEN_NUMBER);
    const struct spec_property *property = reader->top->property;
    struct integer integer;
    int shown = length < 40 ? (int) length : 40;

    if (place == NULL)
        return goes_on(reader);
    if (!parse_integer(digits, length, &integer)) {
        reader_add_error(reader, reader->token, reader_path(reader),
                         "expected a whole number, got %.*s", shown, digits);
    } else if (!is_in_range(&integer, property)) {
        reader_add_error(reader, reader->token, reader_path(reader),
                         "%.*s is out of range, %lld to %llu", shown, digits,
                         (long long) property->minimum, (unsigned long long) property->maximum);
    } else {
        store_integer(place, &integer, property->size);
        mark_present(reader);
    }
    return goes_on(reader);
}

static void report_unknown_value(struct reader *reader, const char *word, size_t length)
{
    const char *const *words = reader->top->property->words;
    struct text known = {.arena = reader->arena};
    struct similar similar = {.word = arena_copy(reader->arena, word, length)};
    struct report_quote quote;

    for (size_t value = 1; words[value] != NULL; value++) {
        text_addf(&known, "%s%s", value > 1 ? ", " : "known: ", words[value]);
        similar_offer(&similar, words[value]);
    }
    const struct finding finding = {
        .path = reader_path(reader),
        .cause = arena_printf(reader->arena, "unknown value %s",
                              report_quote_bytes(&quote, word, length)),
        .hint = similar.best == NULL
                    ? known.bytes
                    : arena_printf(reader->arena, "did you mean %s? %s", similar.best, known.bytes),
    };
    reader_add_finding(reader, reader->token, &finding);
}

static void store_word(struct reader *reader, void *place, const char *word, size_t length)
{
    const char *const *words = reader->top->property->words;

    /* Go encoders write "" where nothing is set. */
    if (length == 0 && reader->top->type != NULL && !reader->top->property->required) {
        if (reader->warns)
            log_warning_at(reader_path(reader), "\"\" counts as absent");
        return;
    }
    for (unsigned value = 1; words[value] != NULL; value++) {
        if (strlen(words[value]) == length && memcmp(words[value], word, length) == 0) {
            memcpy(place, &value, sizeof(value));
            return;
        }
    }
    report_unknown_value(reader, word, length);
}

/* Neither a C string nor a name in the kernel can contain a NUL. */
static const char *copy_string(struct reader *reader, const unsigned char *bytes, size_t length)
{
    if (memchr(bytes, '\0', length) != NULL)
        reader_add_error(reader, reader->token, reader_path(reader),
                         "a NUL character (\\u0000) is not allowed");
    return arena_copy(reader->arena, bytes, length);
}

static int on_string(void *context, const unsigned char *bytes, size_t length)
{
    struct reader *reader = context;
    void *place = begin_value(reader, TOKEN_STRING);

    if (place == NULL)
        return goes_on(reader);
    if (reader->top->property->kind == SPEC_KIND_ENUM) {
        store_word(reader, place, (const char *) bytes, length);
    } else {
        const char *string = copy_string(reader, bytes, length);

        memcpy(place, &string, sizeof(string));
    }
    return goes_on(reader);
}

/* Skips an object or array that nobody reads. */
static int ignore_nested(struct reader *reader)
{
    if (reader->ignored++ < DEEPEST_NESTING)
        return goes_on(reader);
    reader_add_error(reader, reader->token, "", "nested deeper than %d levels", DEEPEST_NESTING);
    return 0;
}

static struct frame *push(struct reader *reader)
{
    *++reader->top = (struct frame){.start = reader->token};
    return reader->top;
}

static int on_array_open(void *context)
{
    struct reader *reader = context;

    if (begin_value(reader, TOKEN_ARRAY) == NULL)
        return ignore_nested(reader);
    const struct spec_property *property = reader->top->property;
    push(reader)->property = property;
    return 1;
}

/* Stores the items in their member of the enclosing object, all or none. */
static int close_items(struct reader *reader)
{
    struct frame *items = reader->top--;
    struct frame *around = reader->top;
    unsigned char *member = around->object + around->property->offset;

    if (items->at_fault != 0) {
        reader_note_fault(reader);
        return 1;
    }
    /* [] and {} are not NULL: features.md distinguishes null from empty */
    if (items->items == NULL)
        items->items = arena_array(reader->arena, 1, sizeof(struct spec_pair));
    memcpy(member, &items->items, sizeof(void *));
    memcpy(around->object + around->property->extra_offset, &items->count, sizeof(size_t));
    return 1;
}

static int on_array_close(void *context)
{
    struct reader *reader = context;

    reader_note_token(reader);
    if (reader->ignored > 0) {
        reader->ignored--;
        return 1;
    }
    return close_items(reader);
}

static int on_object_open(void *context)
{
    struct reader *reader = context;
    void *place = begin_value(reader, TOKEN_OBJECT);
    struct frame *top = reader->top;

    if (place == NULL)
        return ignore_nested(reader);
    const struct spec_property *property = top->property;
    if (top->type != NULL && property->shape == SPEC_SHAPE_MAP) {
        push(reader)->property = property;
        return 1;
    }
    void *object = place;
    if (property->shape != SPEC_SHAPE_MANY) {
        object = arena_alloc(reader->arena, property->type->size);
        memcpy(place, &object, sizeof(object));
    }
    top = push(reader);
    top->type = property->type;
    top->object = object;
    return 1;
}

static const struct spec_property *find_property(const struct reader *reader, const char *key,
                                                 size_t length)
{
    const struct spec_type *type = reader->top->type;

    for (size_t i = 0; i < type->count; i++) {
        const char *name = type->properties[i].name;

        if (strlen(name) == length &&
            (reader->any_case ? strncasecmp : strncmp)(name, key, length) == 0)
            return &type->properties[i];
    }
    return NULL;
}

static uint64_t bit_of(const struct frame *object)
{
    return UINT64_C(1) << ((size_t) (object->property - object->type->properties) & 63);
}

/* Objects must not have duplicate names (glossary.md, "JSON"). Go's decoder, whose callers write
 * names in any case, accepts them. */
static void check_unique(struct reader *reader)
{
    struct frame *top = reader->top;

    if (top->property == NULL)
        return;
    if ((top->named & bit_of(top)) != 0 && !reader->any_case)
        reader_add_error(reader, reader->token, reader_path(reader), "appears twice");
    top->named |= bit_of(top);
}

static void report_unknown_name(struct reader *reader, const char *name)
{
    const struct finding finding = {
        .path = reader_path(reader),
        .cause = arena_printf(reader->arena, "unknown property %s", QUOTE(name)),
        .hint = table_suggest(reader->arena, reader->top->type, name),
    };
    reader_add_finding(reader, reader->token, &finding);
}

static int on_key(void *context, const unsigned char *key, size_t length)
{
    struct reader *reader = context;

    reader_note_token(reader);
    if (reader->ignored > 0)
        return 1;
    if (reader->top->type != NULL) {
        reader->top->property = find_property(reader, (const char *) key, length);
        if (reader->strict && reader->top->property == NULL)
            report_unknown_name(reader, arena_copy(reader->arena, key, length));
        check_unique(reader);
    } else {
        reader->top->key = copy_string(reader, key, length);
    }
    return goes_on(reader);
}

static void report_duplicate_key(struct reader *reader, const char *key)
{
    reader->top->key = key;
    reader_add_error(reader, reader->top->start, reader_path(reader), "appears twice");
}

struct numbered_pair {
    struct spec_pair pair;
    size_t number;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct numbered_pair *left = a;
    const struct numbered_pair *right = b;
    int order = strcmp(left->pair.key, right->pair.key);

    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* Sorts by key, so that the result does not depend on the order in the text. */
static void sort_pairs(struct reader *reader, struct frame *map)
{
    struct spec_pair *pairs = (void *) map->items;
    struct numbered_pair *sorted = ARENA_ARRAY(reader->arena, map->count, struct numbered_pair);
    size_t kept = 0;

    for (size_t i = 0; i < map->count; i++)
        sorted[i] = (struct numbered_pair){pairs[i], i};
    qsort(sorted, map->count, sizeof(*sorted), compare_pairs);
    for (size_t i = 0; i < map->count; i++) {
        if (i + 1 == map->count || strcmp(sorted[i].pair.key, sorted[i + 1].pair.key) != 0)
            pairs[kept++] = sorted[i].pair;
        else if (!reader->any_case)
            report_duplicate_key(reader, sorted[i].pair.key);
    }
    map->count = kept;
}

static void check_required(struct reader *reader, struct frame *object)
{
    for (size_t i = 0; i < object->type->count; i++) {
        const struct spec_property *property = &object->type->properties[i];

        object->property = property;
        if (property->required && (object->seen >> i & 1) == 0)
            reader_add_error(reader, object->start, reader_path(reader), "is required but missing");
    }
}

static int close_object(struct reader *reader)
{
    struct frame *object = reader->top;

    check_required(reader, object);
    reader->top--;
    if (object->at_fault != 0 && !reader_mend_object(object))
        reader_note_fault(reader);
    if (object->type == &spec_type_mount)
        spec_parse_mount_options(reader->arena, (void *) object->object);
    if (object->type == &spec_type_capabilities)
        spec_parse_capabilities(reader->arena, (void *) object->object);
    return goes_on(reader);
}

static int on_object_close(void *context)
{
    struct reader *reader = context;

    reader_note_token(reader);
    if (reader->ignored > 0) {
        reader->ignored--;
        return 1;
    }
    if (reader->top->type != NULL)
        return close_object(reader);
    if (reader->top->count > 1 && reader->top->at_fault == 0)
        sort_pairs(reader, reader->top);
    return close_items(reader);
}

const yajl_callbacks reader_events = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object_open,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_close,
    .yajl_start_array = on_array_open,
    .yajl_end_array = on_array_close,
};
