/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <stdarg.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "report.h"

const char *reader_path(struct reader *reader)
{
    struct text path = {.arena = reader->arena};

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

/* The column counts characters from 1. */
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

/* A fault makes the whole member of the document that it lies in useless: what hangs on it cannot be judged. */
static void drop_member(struct reader *reader)
{
    const struct frame *document = reader->frames + 1;

    if (reader->top < document || document->property == NULL)
        return;
    reader->dropped |= UINT64_C(1) << (size_t) (document->property - document->type->properties);
}

void reader_complain(struct reader *reader, size_t at, const char *path, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    const char *words = arena_vprintf(reader->arena, format, values);
    va_end(values);
    size_t column = column_of(reader, at);
    reader->faults++;
    drop_member(reader);
    report_add(reader->error, "%s:%zu:%zu: %s%s%s", reader->name, reader->line + 1, column, path,
               path[0] != '\0' ? ": " : "", words);
}

static bool is_between_tokens(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == ':' ||
           byte == ',';
}

/* yajl tells where a token ends; it starts where the one before it ended. */
void reader_note_token(struct reader *reader)
{
    reader->token = reader->end;
    while (reader->token < reader->size && is_between_tokens(reader->bytes[reader->token]))
        reader->token++;
    reader->end = yajl_get_bytes_consumed(reader->handle);
}
