/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* A part of a text, trimmed. */
struct part {
    const char *bytes;
    size_t size;
};

static struct part trimmed(const char *bytes, size_t size)
{
    while (size > 0 && (bytes[0] == ' ' || bytes[0] == '\t')) {
        bytes++;
        size--;
    }
    while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\t'))
        size--;
    return (struct part){bytes, size};
}

/* Splits off the text before the next `separator`. Returns false at the end. */
static bool take(struct part *rest, char separator, struct part *ret_part)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->bytes, separator, rest->size);
    size_t size = end == NULL ? rest->size : (size_t) (end - rest->bytes);

    if (rest->size == 0)
        return false;
    *ret_part = trimmed(rest->bytes, size);
    size += end != NULL;
    rest->bytes += size;
    rest->size -= size;
    return true;
}

static bool equal(struct part a, struct part b)
{
    return a.size == b.size && (a.size == 0 || strncmp(a.bytes, b.bytes, a.size) == 0);
}

/* Masks are hexadecimal, percentages decimal: both are equal if their digits are, ignoring leading
 * zeros. */
static bool equal_numbers(struct part a, struct part b)
{
    for (; a.size > 1 && a.bytes[0] == '0'; a.size--)
        a.bytes++;
    for (; b.size > 1 && b.bytes[0] == '0'; b.size--)
        b.bytes++;
    return a.size == b.size && (a.size == 0 || strncasecmp(a.bytes, b.bytes, a.size) == 0);
}

/* Returns whether `domains` contains `wanted`: "0=7ff" is in "0=7ff;1=7ff". */
static bool has_domain(struct part domains, struct part wanted)
{
    struct part wanted_id = {0}, domain;

    take(&wanted, '=', &wanted_id);
    while (take(&domains, ';', &domain)) {
        struct part id = {0};

        take(&domain, '=', &id);
        if (equal_numbers(id, wanted_id))
            return equal_numbers(trimmed(domain.bytes, domain.size),
                                 trimmed(wanted.bytes, wanted.size));
    }
    return false;
}

static bool has_domains(struct part domains, struct part wanted)
{
    struct part domain;

    while (take(&wanted, ';', &domain))
        if (domain.size > 0 && !has_domain(domains, domain))
            return false;
    return true;
}

static bool has_line(const char *current, struct part wanted)
{
    struct part lines = {current, strlen(current)};
    struct part resource = {0}, line;

    take(&wanted, ':', &resource);
    while (take(&lines, '\n', &line)) {
        struct part name = {0};

        take(&line, ':', &name);
        if (equal(name, resource))
            return has_domains(line, wanted);
    }
    return false;
}

bool schema_is_in(const char *wanted, const char *current)
{
    struct part lines = {wanted, strlen(wanted)};
    struct part line;

    while (take(&lines, '\n', &line))
        if (line.size > 0 && !has_line(current, line))
            return false;
    return true;
}
