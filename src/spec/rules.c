/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <errno.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"

void rules_environment(const char *where, const char *const *entries, size_t n_entries,
                       struct error *error)
{
    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i][0] == '=' || strchr(entries[i], '=') == NULL)
            report_add(error, JSON_PATH("%s[%zu]", where, i), "must read NAME=value, got %s",
                       QUOTE(entries[i]));
    }
}

int spec_read_number_list(const char *list, size_t limit, uint64_t *ret_set)
{
    const char *next = list;
    int result = 0;

    for (;;) {
        uint64_t first, last;

        if (!text_next_range(&next, &first, &last) || (*next != ',' && *next != '\0'))
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
