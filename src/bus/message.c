/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"

#define STRINGS "sog"
#define NUMBERS "ybnqiuxt"

/* A basic value as libsystemd reads and writes it. */
union basic {
    const char *string;
    uint8_t y;
    int b;
    int16_t n;
    uint16_t q;
    int32_t i;
    uint32_t u;
    int64_t x;
    uint64_t t;
    double d;
};

struct writer {
    const struct library *library;
    sd_bus_message *message;
    const struct text_list *words;
    size_t at;
    const char *fault;
};

static bool is_one_of(char type, const char *types)
{
    return type != '\0' && strchr(types, type) != NULL;
}

/* Returns the length of the first complete type in `signature`; 0: there is none. */
static size_t type_length(const char *signature)
{
    size_t arrays = strspn(signature, "a");
    const char *at = signature + arrays;
    int depth = 0;

    do {
        depth += (*at == '(' || *at == '{') - (*at == ')' || *at == '}');
        if (*at == '\0' || depth < 0)
            return 0;
        at++;
    } while (depth > 0);
    return (size_t) (at - signature);
}

static const char *pop_word(struct writer *writer)
{
    if (writer->at < writer->words->count)
        return writer->words->item[writer->at++];
    writer->fault = "values are missing";
    return NULL;
}

static int refuse(struct writer *writer, char type, const char *word)
{
    if (writer->fault == NULL)
        writer->fault =
            arena_printf(writer->words->arena, "no value of the D-Bus type %c: \"%s\"", type, word);
    return -EINVAL;
}

static int parse_unsigned(char type, const char *word, union basic *ret_value)
{
    static const struct {
        char type;
        uint64_t most;
    } types[] = {{'y', UINT8_MAX}, {'q', UINT16_MAX}, {'u', UINT32_MAX}, {'t', UINT64_MAX}};
    uint64_t number;

    TRY(text_to_u64(word, &number));
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].type == type && number > types[i].most)
            return -ERANGE;
    if (type == 'y')
        ret_value->y = (uint8_t) number;
    else if (type == 'q')
        ret_value->q = (uint16_t) number;
    else if (type == 'u')
        ret_value->u = (uint32_t) number;
    else
        ret_value->t = number;
    return 0;
}

static int parse_signed(char type, const char *word, union basic *ret_value)
{
    int64_t number;

    TRY(text_to_i64(word, &number));
    if ((type == 'n' && number != (int16_t) number) || (type == 'i' && number != (int32_t) number))
        return -ERANGE;
    if (type == 'n')
        ret_value->n = (int16_t) number;
    else if (type == 'i')
        ret_value->i = (int32_t) number;
    else
        ret_value->x = number;
    return 0;
}

static int parse_basic(char type, const char *word, union basic *ret_value)
{
    char *end;

    if (is_one_of(type, "yqut"))
        return parse_unsigned(type, word, ret_value);
    if (is_one_of(type, "nix"))
        return parse_signed(type, word, ret_value);
    if (type == 'b') {
        ret_value->b = text_equal(word, "true");
        return ret_value->b || text_equal(word, "false") ? 0 : -EINVAL;
    }
    if (type != 'd')
        return -EINVAL;
    ret_value->d = strtod(word, &end);
    return end != word && *end == '\0' ? 0 : -EINVAL;
}

static int append_basic(struct writer *writer, char type)
{
    const char *word = pop_word(writer);
    union basic value;
    const void *place = &value;
    int result = 0;

    if (word == NULL)
        return -EINVAL;
    if (is_one_of(type, STRINGS))
        place = word;
    else
        result = parse_basic(type, word, &value);
    if (result == 0)
        result = writer->library->sd_bus_message_append_basic(writer->message, type, place);
    return result < 0 ? refuse(writer, type, word) : 0;
}

static int append_types(struct writer *writer, const char *signature, size_t length);

static int append_array(struct writer *writer, const char *element, size_t length)
{
    const char *word = pop_word(writer);
    uint64_t count;

    if (word == NULL || text_to_u64(word, &count) < 0)
        return refuse(writer, 'a', word == NULL ? "" : word);
    while (count-- > 0)
        TRY(append_types(writer, element, length));
    return 0;
}

/* Appends the container whose type is the first `length` bytes of `signature`. */
static int append_container(struct writer *writer, const char *signature, size_t length)
{
    const struct library *library = writer->library;
    bool is_array = signature[0] == 'a';
    bool is_struct = signature[0] == '(';
    const char *contents = signature + 1;
    size_t size = is_array ? length - 1 : length - 2;

    if (signature[0] == 'v') {
        contents = pop_word(writer);
        size = contents == NULL ? 0 : type_length(contents);
        if (size == 0 || contents[size] != '\0')
            return refuse(writer, 'v', contents == NULL ? "" : contents);
    }
    const char *copy = arena_copy(writer->words->arena, contents, size);
    char kind = signature[0] == '{' ? SD_BUS_TYPE_DICT_ENTRY
                : is_struct         ? SD_BUS_TYPE_STRUCT
                                    : signature[0];
    int result = library->sd_bus_message_open_container(writer->message, kind, copy);
    if (result < 0)
        return result;
    TRY(is_array ? append_array(writer, copy, size) : append_types(writer, copy, size));
    return library->sd_bus_message_close_container(writer->message);
}

static int append_types(struct writer *writer, const char *signature, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t size = type_length(signature + at);

        if (size == 0 || size > length - at)
            return -EINVAL;
        if (size == 1 && signature[at] != 'v')
            TRY(append_basic(writer, signature[at]));
        else
            TRY(append_container(writer, signature + at, size));
        at += size;
    }
    return 0;
}

int message_append(const struct library *library, sd_bus_message *message, const char *signature,
                   struct message_values *values)
{
    struct writer writer = {
        .library = library, .message = message, .words = values->words, .at = values->first};
    int result = append_types(&writer, signature, strlen(signature));

    if (result == 0 && writer.at != values->words->count) {
        writer.fault = "values are left over";
        result = -EINVAL;
    }
    if (result < 0)
        values->fault = writer.fault != NULL ? writer.fault : "no values of the D-Bus types";
    return result;
}

static void add_basic(struct text_list *words, char type, const union basic *value)
{
    struct arena *arena = words->arena;
    const char *word = NULL;

    if (is_one_of(type, STRINGS))
        word = arena_string(arena, value->string);
    else if (type == 'b')
        word = value->b ? "true" : "false";
    else if (type == 'd')
        word = arena_printf(arena, "%.17g", value->d);
    else if (is_one_of(type, "nix"))
        word = arena_printf(arena, "%" PRId64,
                            type == 'n'   ? (int64_t) value->n
                            : type == 'i' ? (int64_t) value->i
                                          : value->x);
    else
        word = arena_printf(arena, "%" PRIu64,
                            type == 'y'   ? (uint64_t) value->y
                            : type == 'q' ? (uint64_t) value->q
                            : type == 'u' ? (uint64_t) value->u
                                          : value->t);
    text_list_add(words, word);
}

static int read_values(const struct library *library, sd_bus_message *message,
                       struct text_list *words, size_t *ret_count);

static int read_container(const struct library *library, sd_bus_message *message, char type,
                          const char *contents, struct text_list *words)
{
    size_t head = words->count;
    size_t count;

    if (type == SD_BUS_TYPE_VARIANT)
        text_list_add(words, arena_string(words->arena, contents));
    else if (type == SD_BUS_TYPE_ARRAY)
        text_list_add(words, "");
    int result = library->sd_bus_message_enter_container(message, type, contents);
    if (result < 0)
        return result;
    TRY(read_values(library, message, words, &count));
    if (type == SD_BUS_TYPE_ARRAY)
        words->item[head] = arena_printf(words->arena, "%zu", count);
    return library->sd_bus_message_exit_container(message);
}

/* Reads values to the end of the current container. */
static int read_values(const struct library *library, sd_bus_message *message,
                       struct text_list *words, size_t *ret_count)
{
    const char *contents;
    char type;
    int more;

    for (*ret_count = 0; (more = library->sd_bus_message_peek_type(message, &type, &contents)) > 0;
         ++*ret_count) {
        union basic value;

        if (is_one_of(type, STRINGS NUMBERS "d")) {
            TRY(library->sd_bus_message_read_basic(message, type, &value));
            add_basic(words, type, &value);
        } else if (contents != NULL) {
            TRY(read_container(library, message, type, contents, words));
        } else {
            return -EBADMSG;
        }
    }
    return more;
}

int message_read(const struct library *library, sd_bus_message *message, struct text_list *words)
{
    size_t count;

    text_list_add(words,
                  arena_string(words->arena, library->sd_bus_message_get_signature(message, 1)));
    return read_values(library, message, words, &count);
}
