/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "report.h"

const char *reader_path(struct reader *reader)
{
    struct text path = {.arena = reader->arena};

    if (reader->place != NULL)
        text_add(&path, reader->place);
    for (struct frame *frame = reader->frames + 1; frame <= reader->top; frame++) {
        if (frame->type != NULL && frame->property != NULL)
            text_addf(&path, "%s%s", path.size > 0 ? "." : "", frame->property->name);
        else if (frame->key != NULL)
            text_addf(&path, "[%s]", QUOTE(frame->key));
        else if (frame->type == NULL && frame->count > 0)
            text_addf(&path, "[%zu]", frame->count - 1);
    }
    return path.size > 0 ? path.bytes : "";
}

/* Columns count characters, from 1. */
static size_t column_of(struct reader *reader, size_t at)
{
    size_t column = 1;

    if (at < reader->line_start) {
        reader->line = 0;
        reader->line_start = 0;
    }
    for (size_t i = reader->line_start; i < at; i++) {
        if (reader->bytes[i] == '\n') {
            reader->line++;
            reader->line_start = i + 1;
            column = 1;
        } else if (((unsigned char) reader->bytes[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return column;
}

void reader_note_fault(struct reader *reader)
{
    struct frame *top = reader->top;

    if (top->property == NULL)
        return;
    text_list_add(&reader->at_fault, reader_path(reader));
    if (top->type != NULL)
        top->at_fault |= UINT64_C(1) << ((size_t) (top->property - top->type->properties) & 63);
    else if (top->property->kind != SPEC_KIND_STRING)
        top->at_fault = 1;
}

static void clear_member(unsigned char *object, const struct spec_property *property)
{
    bool is_list = property->shape != SPEC_SHAPE_ONE;
    const char *empty = "";

    if (is_list || property->kind == SPEC_KIND_OBJECT)
        memset(object + property->offset, 0, sizeof(void *));
    else if (property->kind == SPEC_KIND_STRING)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): the member is a pointer */
        memcpy(object + property->offset, &empty, sizeof(empty));
    else
        memset(object + property->offset, 0, property->size);
    if (property->extra_offset > 0)
        memset(object + property->extra_offset, 0, is_list ? sizeof(size_t) : sizeof(bool));
}

/* Absent objects and lists, and empty strings, are recognisable; a number 0 is not. */
bool reader_mend_object(const struct frame *object)
{
    bool useful = true;

    for (size_t i = 0; i < object->type->count; i++) {
        const struct spec_property *property = &object->type->properties[i];

        if ((object->at_fault >> i & 1) == 0)
            continue;
        clear_member(object->object, property);
        if (property->required && property->shape == SPEC_SHAPE_ONE &&
            property->kind != SPEC_KIND_STRING && property->kind != SPEC_KIND_OBJECT)
            useful = false;
    }
    return useful;
}

void reader_add_finding(struct reader *reader, size_t at, const struct finding *finding)
{
    struct finding placed = *finding;

    reader->faults++;
    reader_note_fault(reader);
    placed.number = EINVAL;
    if (reader->name != NULL) { /* else the caller has made the text */
        placed.file = reader->name;
        placed.column = column_of(reader, at);
        placed.line = reader->line + 1;
    }
    error_add(reader->error, &placed);
}

void reader_add_error(struct reader *reader, size_t at, const char *path, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    const struct finding finding = {.path = path,
                                    .cause = arena_vprintf(reader->arena, format, values)};
    va_end(values);
    reader_add_finding(reader, at, &finding);
}

static bool is_between_tokens(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == ':' ||
           byte == ',';
}

/* yajl only tells where a token ends; it starts after the end of the previous one. */
void reader_note_token(struct reader *reader)
{
    reader->token = reader->end;
    while (reader->token < reader->size && is_between_tokens(reader->bytes[reader->token]))
        reader->token++;
    reader->end = yajl_get_bytes_consumed(reader->handle);
}
