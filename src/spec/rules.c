/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"

bool rules_has_word(const char *const *words, size_t n_words, const char *word)
{
    for (size_t i = 0; i < n_words; i++) {
        if (text_equal(words[i], word))
            return true;
    }
    return false;
}

void rules_environment(const char *where, const char *const *entries, size_t n_entries,
                       struct error *error)
{
    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i][0] == '=' || strchr(entries[i], '=') == NULL)
            report_add(error, JSON_PATH("%s[%zu]", where, i), "must read NAME=value, got %s",
                       QUOTE(entries[i]));
    }
}

/* A number that overflows is read as the largest one. */
static bool pass_number(const char **next, uint64_t *ret_number)
{
    size_t length = strspn(*next, "0123456789");
    char *end;

    if (length == 0)
        return false;
    *ret_number = strtoull(*next, &end, 10);
    *next = end;
    return true;
}

/* Parses "7" or "0-3". */
static bool pass_range(const char **next, uint64_t *ret_first, uint64_t *ret_last)
{
    if (!pass_number(next, ret_first))
        return false;
    *ret_last = *ret_first;
    if (**next != '-')
        return true;
    ++*next;
    return pass_number(next, ret_last) && *ret_first <= *ret_last;
}

int spec_read_number_list(const char *list, size_t limit, uint64_t *ret_set)
{
    const char *next = list;
    int result = 0;

    for (;;) {
        uint64_t first, last;

        if (!pass_range(&next, &first, &last) || (*next != ',' && *next != '\0'))
            return -EINVAL;
        if (last >= limit)
            result = -ERANGE;
        for (uint64_t i = first; ret_set != NULL && result == 0 && i <= last; i++)
            ret_set[i / 64] |= 1ULL << i % 64;
        if (*next++ == '\0')
            return result;
    }
}

void rules_number_list(const char *where, const char *list, size_t limit, struct error *error)
{
    int result = is_set(list) ? spec_read_number_list(list, limit, NULL) : 0;

    if (result == -EINVAL)
        report_add(error, where, "must be a list of numbers and ranges such as 0-3,7, got %s",
                   QUOTE(list));
    if (result == -ERANGE)
        report_add(error, where, "Linux has numbers up to %zu, got %s", limit - 1, QUOTE(list));
}
