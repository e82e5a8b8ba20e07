/* SPDX-License-Identifier: Apache-2.0 */
/* Finds positions with a second pass over the text, only when there is an error to report: the
 * first pass does not have to store the position of every value. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "berth/spec/load.h"

struct scan {
    const char *at;
    const char *end;
};

static char look(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static void skip_any(struct scan *scan, const char *bytes)
{
    while (scan->at < scan->end && *scan->at != '\0' && strchr(bytes, *scan->at) != NULL)
        scan->at++;
}

static void skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++)
        scan->at += *scan->at == '\\';
    scan->at++;
}

/* Skips to the comma or bracket that follows the value. */
static void skip_value(struct scan *scan)
{
    int depth = 0;

    while (scan->at < scan->end) {
        char byte = *scan->at;

        if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
            return;
        depth += (byte == '{' || byte == '[') - (byte == '}' || byte == ']');
        if (byte == '"')
            skip_string(scan);
        else
            scan->at++;
    }
}

/* One component of the path. */
struct part {
    const char *name;
    size_t length;
    bool is_index; /* "[...]" */
};

/* With duplicate keys, the last one counts. */
static bool enter_member(struct scan *scan, const struct part *part)
{
    struct scan found = {0};

    for (scan->at++;;) {
        skip_any(scan, " \t\r\n,");
        if (look(scan) != '"')
            break;
        const char *key = scan->at + 1;
        skip_string(scan);
        size_t length = (size_t) (scan->at - key) - 1;
        skip_any(scan, " \t\r\n:");
        if (scan->at < scan->end && length == part->length && memcmp(key, part->name, length) == 0)
            found = *scan;
        skip_value(scan);
    }
    *scan = found;
    return found.at != NULL;
}

static bool enter_item(struct scan *scan, size_t index)
{
    scan->at++;
    for (size_t i = 0;; i++) {
        skip_any(scan, " \t\r\n,");
        if (scan->at >= scan->end || look(scan) == ']' || look(scan) == '}')
            return false; /* '}' if the brackets do not match */
        if (i == index)
            return true;
        skip_value(scan);
    }
}

static const char *next_part(const char *path, struct part *ret_part)
{
    if (*path != '[') {
        path += *path == '.';
        *ret_part = (struct part){path, strcspn(path, ".["), false};
        return path + ret_part->length;
    }
    bool quoted = path[1] == '"';
    const char *name = path + 1 + quoted;
    const char *end = strstr(name, quoted ? "\"]" : "]");
    size_t length = end == NULL ? strlen(name) : (size_t) (end - name);
    *ret_part = (struct part){name, length, true};
    return end == NULL ? name + length : end + 1 + quoted;
}

static bool enter(struct scan *scan, const struct part *part)
{
    if (look(scan) == '{')
        return enter_member(scan, part);
    if (look(scan) == '[' && part->is_index && isdigit((unsigned char) part->name[0]))
        return enter_item(scan, strtoul(part->name, NULL, 10));
    return false;
}

static void count(const char *bytes, const char *at, size_t *ret_line, size_t *ret_column)
{
    *ret_line = *ret_column = 1;
    for (; bytes < at; bytes++) {
        if (*bytes == '\n') {
            ++*ret_line;
            *ret_column = 1;
        } else if (((unsigned char) *bytes & 0xc0) != 0x80) {
            ++*ret_column;
        }
    }
}

bool spec_locate(const char *bytes, size_t size, const char *path, size_t *ret_line,
                 size_t *ret_column)
{
    struct scan scan = {bytes, bytes + size};
    const char *found = NULL;
    struct part part;

    skip_any(&scan, " \t\r\n");
    while (*path != '\0') {
        path = next_part(path, &part);
        if (!enter(&scan, &part))
            break;
        found = scan.at;
    }
    if (found == NULL || found >= bytes + size)
        return false;
    count(bytes, found, ret_line, ret_column);
    return true;
}
