/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"

#define NUMBERS "ynqiuxtd"
#define STRINGS "sog"
#define ANY_VALUE                                                                                  \
    "expected true, false, a number, a text in quotes, or an array of such in brackets"

/* A number, a string or a boolean before its type is known. */
enum token_kind { TOKEN_NUMBER, TOKEN_STRING, TOKEN_BOOLEAN };

struct token {
    enum token_kind kind;
    char type; /* the type given before it; '\0': none */
    const char *text;
};

struct reader {
    struct arena *arena;
    const char *at;
    const char *fault;
    struct token *tokens;
    size_t count;
    size_t room;
};

static const struct {
    const char *word;
    char type;
} types[] = {
    {"boolean", 'b'}, {"byte", 'y'},   {"int16", 'n'},      {"uint16", 'q'},
    {"int32", 'i'},   {"uint32", 'u'}, {"int64", 'x'},      {"uint64", 't'},
    {"double", 'd'},  {"string", 's'}, {"objectpath", 'o'}, {"signature", 'g'},
};

static bool fail(struct reader *reader, const char *fault)
{
    if (reader->fault == NULL)
        reader->fault = fault;
    return false;
}

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\n\r\v\f");
}

static bool takes(struct reader *reader, char character)
{
    skip_blanks(reader);
    if (*reader->at != character)
        return false;
    reader->at++;
    return true;
}

/* Consumes a word such as "uint64" or "true", if it is next. */
static bool takes_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(reader->at, word, length) != 0 || isalnum((unsigned char) reader->at[length]))
        return false;
    reader->at += length;
    return true;
}

static void add_utf8(struct text *text, unsigned long code)
{
    if (code < 0x80)
        text_addf(text, "%c", (int) code);
    else if (code < 0x800)
        text_addf(text, "%c%c", (int) (0xc0 | code >> 6), (int) (0x80 | (code & 0x3f)));
    else if (code < 0x10000)
        text_addf(text, "%c%c%c", (int) (0xe0 | code >> 12), (int) (0x80 | (code >> 6 & 0x3f)),
                  (int) (0x80 | (code & 0x3f)));
    else
        text_addf(text, "%c%c%c%c", (int) (0xf0 | code >> 18), (int) (0x80 | (code >> 12 & 0x3f)),
                  (int) (0x80 | (code >> 6 & 0x3f)), (int) (0x80 | (code & 0x3f)));
}

/* "\u" with 4 or "\U" with 8 hexadecimal digits. */
static bool read_code(struct reader *reader, size_t digits, struct text *text)
{
    char hex[9] = "";

    memcpy(hex, reader->at, strnlen(reader->at, digits));
    unsigned long code = strtoul(hex, NULL, 16);
    if (strspn(hex, "0123456789abcdefABCDEF") != digits || code == 0 || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
        return fail(reader, "expected the number of a character after \\u");
    reader->at += digits;
    add_utf8(text, code);
    return true;
}

static bool read_escape(struct reader *reader, struct text *text)
{
    static const char letters[] = "abfnrtv", controls[] = "\a\b\f\n\r\t\v";
    char letter = *reader->at++;
    const char *control = letter == '\0' ? NULL : strchr(letters, letter);

    if (letter == '\0')
        return fail(reader, "expected a quote at the end of the text");
    if (letter == 'u' || letter == 'U')
        return read_code(reader, letter == 'u' ? 4 : 8, text);
    text_addf(text, "%c", control != NULL ? controls[control - letters] : letter);
    return true;
}

static bool read_string(struct reader *reader, struct token *token)
{
    struct text text = {.arena = reader->arena};
    char quote = *reader->at++;

    token->kind = TOKEN_STRING;
    text_add(&text, "");
    while (*reader->at != quote) {
        char character = *reader->at++;

        if (character == '\0')
            return fail(reader, "expected a quote at the end of the text");
        if (character != '\\')
            text_add_bytes(&text, &character, 1);
        else if (!read_escape(reader, &text))
            return false;
    }
    reader->at++;
    token->text = text.bytes;
    return true;
}

/* Reads a value that is not an array, optionally after its type. */
static bool read_token(struct reader *reader, char type, struct token *token)
{
    *token = (struct token){.type = type};
    skip_blanks(reader);
    for (size_t i = 0; type == '\0' && i < COUNT(types); i++)
        if (takes_word(reader, types[i].word))
            token->type = types[i].type;
    skip_blanks(reader);
    if (*reader->at == '\'' || *reader->at == '"')
        return read_string(reader, token);
    if (takes_word(reader, "true") || takes_word(reader, "false")) {
        token->kind = TOKEN_BOOLEAN;
        token->text = reader->at[-2] == 'u' ? "true" : "false";
        return true;
    }
    size_t length = strcspn(reader->at, " \t\n\r\v\f,[]()<>{}'\"");
    token->text = arena_copy(reader->arena, reader->at, length);
    if (strspn(token->text, "0123456789.+-") == 0 && !text_equal(token->text, "inf") &&
        !text_equal(token->text, "nan"))
        return fail(reader, ANY_VALUE);
    reader->at += length;
    return true;
}

static bool read_tokens(struct reader *reader, char type)
{
    if (takes(reader, ']'))
        return true;
    do {
        reader->tokens = arena_grow(reader->arena, reader->tokens, reader->count, &reader->room,
                                    sizeof(*reader->tokens));
        if (takes(reader, '['))
            return fail(reader, "expected no array within an array");
        if (!read_token(reader, type, &reader->tokens[reader->count++]))
            return false;
    } while (takes(reader, ','));
    return takes(reader, ']') || fail(reader, "expected \",\" or \"]\" in the array");
}

static bool is_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0' && text[2] != '\0';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const char *name_of(char type)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].type == type)
            return types[i].word;
    return "?";
}

/* Converts an integer to a word of the type, NULL if it is out of range. */
static const char *whole_word(struct arena *arena, char type, const char *text)
{
    static const struct {
        char type;
        uint64_t most; /* and the largest absolute value of a negative number: */
        uint64_t least;
    } limits[] = {
        {'y', UINT8_MAX, 0},
        {'q', UINT16_MAX, 0},
        {'u', UINT32_MAX, 0},
        {'t', UINT64_MAX, 0},
        {'n', INT16_MAX, (uint64_t) INT16_MAX + 1},
        {'i', INT32_MAX, (uint64_t) INT32_MAX + 1},
        {'x', INT64_MAX, (uint64_t) INT64_MAX + 1},
    };
    bool negative = *text == '-';
    char *end;

    if (!is_whole(text))
        return NULL;
    errno = 0;
    uint64_t number = strtoull(text + (*text == '-' || *text == '+'), &end, 0);
    for (size_t i = 0; i < COUNT(limits); i++) {
        if (limits[i].type != type || errno != 0 || *end != '\0' ||
            number > (negative ? limits[i].least : limits[i].most))
            continue;
        return arena_printf(arena, "%s%" PRIu64, negative && number > 0 ? "-" : "", number);
    }
    return NULL;
}

static const char *real_word(struct arena *arena, const char *text)
{
    char *end;
    double number = strtod(text, &end);

    return *end == '\0' ? arena_printf(arena, "%.17g", number) : NULL;
}

static const char *word_of(struct arena *arena, char type, const struct token *token)
{
    if (token->kind == TOKEN_STRING)
        return strchr(STRINGS, type) != NULL ? token->text : NULL;
    if (token->kind == TOKEN_BOOLEAN)
        return type == 'b' ? token->text : NULL;
    return type == 'd' ? real_word(arena, token->text) : whole_word(arena, type, token->text);
}

/* The type of all tokens: the first one given, else what they look like. */
static char find_type(const struct reader *reader)
{
    char type = '\0';
    bool whole = true;

    for (size_t i = 0; i < reader->count; i++) {
        if (type == '\0')
            type = reader->tokens[i].type;
        if (reader->tokens[i].kind == TOKEN_NUMBER)
            whole = whole && is_whole(reader->tokens[i].text);
    }
    if (type != '\0')
        return type;
    if (reader->tokens[0].kind == TOKEN_NUMBER)
        return whole ? 'i' : 'd';
    return reader->tokens[0].kind == TOKEN_STRING ? 's' : 'b';
}

static bool add_words(struct reader *reader, char type, struct text_list *words)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct token *token = &reader->tokens[i];
        const char *word = word_of(reader->arena, type, token);

        if (word == NULL || (token->type != '\0' && token->type != type))
            return fail(reader, arena_printf(reader->arena, "expected a value of the type %s%s",
                                             name_of(type),
                                             type == 'i' && token->kind == TOKEN_NUMBER
                                                 ? ", as there is no other type before it"
                                                 : ""));
        text_list_add(words, word);
    }
    return true;
}

/* "@as": the type of the value that follows, required for an empty array. */
static bool read_signature(struct reader *reader, bool *ret_array, char *ret_type)
{
    *ret_array = *reader->at == 'a';
    reader->at += *ret_array;
    *ret_type = *reader->at;
    if (*ret_type == '\0' || strchr(NUMBERS STRINGS "b", *ret_type) == NULL)
        return fail(reader, "expected @ before a basic type or an array of such");
    reader->at++;
    return true;
}

static bool read_value(struct reader *reader, struct cgroup_value *value)
{
    bool said = takes(reader, '@');
    bool is_array = false;
    char type = '\0';

    if (said && !read_signature(reader, &is_array, &type))
        return false;
    bool opened = takes(reader, '[');
    if (said && opened != is_array)
        return fail(reader, ANY_VALUE);
    struct token *token = ARENA_NEW(reader->arena, struct token);
    if (opened ? !read_tokens(reader, type) : !read_token(reader, type, token))
        return false;
    skip_blanks(reader);
    if (*reader->at != '\0')
        return fail(reader, "expected nothing after the value");
    if (!opened) {
        reader->tokens = token;
        reader->count = 1;
    }
    if (reader->count == 0 && !said)
        return fail(reader, "expected the type of an empty array before it, such as @as");
    if (type == '\0')
        type = find_type(reader);
    value->signature = arena_printf(reader->arena, "%s%c", opened ? "a" : "", type);
    return add_words(reader, type, &value->words);
}

const char *cgroup_read_value(struct arena *arena, const char *text, struct cgroup_value *ret_value)
{
    struct reader reader = {.arena = arena, .at = text};
    struct cgroup_value value = {.words = {.arena = arena}};

    if (!read_value(&reader, &value))
        return reader.fault;
    *ret_value = value;
    return NULL;
}
