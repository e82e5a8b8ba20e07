/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"

enum { WIRE_VARINT = 0, WIRE_64_BITS = 1, WIRE_BYTES = 2, WIRE_32_BITS = 5 };

/* --- requests --------------------------------------------------------------------------------- */

static void put_varint(struct text *message, uint64_t number)
{
    unsigned char byte;

    do {
        byte = number & 0x7f;
        number >>= 7;
        if (number != 0)
            byte |= 0x80;
        text_add_bytes(message, &byte, 1);
    } while (number != 0);
}

static void put_key(struct text *message, unsigned field, unsigned kind)
{
    put_varint(message, (uint64_t) field << 3 | kind);
}

static void put_bytes(struct text *message, unsigned field, const void *bytes, size_t size)
{
    put_key(message, field, WIRE_BYTES);
    put_varint(message, size);
    text_add_bytes(message, bytes, size);
}

void criu_put_number(struct text *message, unsigned field, int64_t number)
{
    put_key(message, field, WIRE_VARINT);
    put_varint(message, (uint64_t) number);
}

void criu_put_string(struct text *message, unsigned field, const char *string)
{
    put_bytes(message, field, string, strlen(string));
}

void criu_put_message(struct text *message, unsigned field, const struct text *inner)
{
    put_bytes(message, field, inner->bytes, inner->size);
}

void criu_put_pair(struct text *message, unsigned field, const char *first, const char *second)
{
    struct text inner = {.arena = message->arena};

    criu_put_string(&inner, 1, first);
    criu_put_string(&inner, 2, second);
    criu_put_message(message, field, &inner);
}

void criu_put_key_fd(struct text *message, unsigned field, const char *key, int fd)
{
    struct text inner = {.arena = message->arena};

    criu_put_string(&inner, 1, key);
    criu_put_number(&inner, 2, fd);
    criu_put_message(message, field, &inner);
}

/* --- answers ---------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *next;
    const unsigned char *end;
};

struct field {
    unsigned number;
    uint64_t value; /* of a number, or the size of bytes */
    const unsigned char *bytes;
};

static int read_varint(struct reader *reader, uint64_t *ret_number)
{
    *ret_number = 0;
    for (unsigned shift = 0; shift < 64 && reader->next < reader->end; shift += 7) {
        unsigned char byte = *reader->next++;

        *ret_number |= (uint64_t) (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return 0;
    }
    return -EPROTO;
}

static int skip(struct reader *reader, size_t size)
{
    if (size > (size_t) (reader->end - reader->next))
        return -EPROTO;
    reader->next += size;
    return 0;
}

static int read_field(struct reader *reader, struct field *ret_field)
{
    uint64_t key;

    TRY(read_varint(reader, &key));
    *ret_field = (struct field){.number = (unsigned) (key >> 3)};
    switch (key & 7) {
    case WIRE_VARINT:
        return read_varint(reader, &ret_field->value);
    case WIRE_BYTES:
        TRY(read_varint(reader, &ret_field->value));
        ret_field->bytes = reader->next;
        return skip(reader, ret_field->value);
    case WIRE_64_BITS:
        return skip(reader, 8);
    case WIRE_32_BITS:
        return skip(reader, 4);
    default:
        return -EPROTO;
    }
}

typedef void taker(struct arena *arena, const struct field *field, struct criu_answer *answer);

static int read_message(struct arena *arena, struct reader reader, taker *take,
                        struct criu_answer *answer)
{
    while (reader.next < reader.end) {
        struct field field;

        TRY(read_field(&reader, &field));
        take(arena, &field, answer);
    }
    return 0;
}

static const char *string_of(struct arena *arena, const struct field *field)
{
    return field->bytes == NULL ? "" : arena_copy(arena, (const char *) field->bytes, field->value);
}

/* criu_restore_resp */
static void parse_restored(struct arena *arena, const struct field *field,
                           struct criu_answer *answer)
{
    (void) arena;
    if (field->number == 1)
        answer->pid = (pid_t) field->value;
}

/* criu_notify */
static void parse_notice(struct arena *arena, const struct field *field, struct criu_answer *answer)
{
    if (field->number == 1)
        answer->script = string_of(arena, field);
    else if (field->number == 2)
        answer->pid = (pid_t) field->value;
}

/* criu_features */
static void parse_feature(struct arena *arena, const struct field *field,
                          struct criu_answer *answer)
{
    (void) arena;
    if (field->number == CRIU_FEATURE_MEM_TRACK)
        answer->mem_track = field->value != 0;
    else if (field->number == CRIU_FEATURE_LAZY_PAGES)
        answer->lazy_pages = field->value != 0;
}

/* criu_version: major, minor, and for a release after the first a sublevel */
static void parse_version(struct arena *arena, const struct field *field,
                          struct criu_answer *answer)
{
    (void) arena;
    if (field->number == 1)
        answer->version += (unsigned) field->value * 10000;
    else if (field->number == 2)
        answer->version += (unsigned) field->value * 100;
    else if (field->number == 4)
        answer->version += (unsigned) field->value;
}

/* criu_resp, but for the messages in it */
static void parse_value(struct arena *arena, const struct field *field, struct criu_answer *answer)
{
    switch (field->number) {
    case 1:
        answer->type = (enum criu_type) field->value;
        break;
    case 2:
        answer->success = field->value != 0;
        break;
    case 7:
        answer->number = (int) field->value;
        break;
    case 9:
        answer->words = string_of(arena, field);
        break;
    default:
        break;
    }
}

static taker *taker_of(unsigned field)
{
    static taker *const takers[] = {
        [4] = parse_restored, [5] = parse_notice, [8] = parse_feature, [10] = parse_version};

    return field < COUNT(takers) ? takers[field] : NULL;
}

int criu_read_answer(struct arena *arena, const void *bytes, size_t size,
                     struct criu_answer *ret_answer)
{
    struct reader reader = {bytes, (const unsigned char *) bytes + size};

    *ret_answer = (struct criu_answer){0};
    while (reader.next < reader.end) {
        struct field field;

        TRY(read_field(&reader, &field));
        taker *take = taker_of(field.number);
        if (take == NULL)
            parse_value(arena, &field, ret_answer);
        else if (field.bytes != NULL)
            TRY(read_message(arena, (struct reader){field.bytes, field.bytes + field.value}, take,
                             ret_answer));
    }
    return 0;
}
