/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LENGTH_MAX 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_same(char a, char b)
{
    return tolower((unsigned char) a) == tolower((unsigned char) b);
}

/* Returns the number of edits between `a` and `b`; table[i][j] counts those between the first i
 * bytes of `a` and the first j of `b`. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t table[LENGTH_MAX + 1][LENGTH_MAX + 1];

    for (size_t i = 0; i <= a_length; i++)
        table[i][0] = i;
    for (size_t j = 0; j <= b_length; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        for (size_t j = 1; j <= b_length; j++) {
            size_t edits = table[i - 1][j - 1] + !is_same(a[i - 1], b[j - 1]);

            edits = least(edits, least(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1]))
                edits = least(edits, table[i - 2][j - 2] + 1);
            table[i][j] = edits;
        }
    }
    return table[a_length][b_length];
}

void similar_offer(struct similar *similar, const char *candidate)
{
    size_t length = strlen(similar->word), candidate_length = strlen(candidate);

    if (length == 0 || length > LENGTH_MAX || candidate_length > LENGTH_MAX)
        return;
    bool begins = length > 1 && strncasecmp(candidate, similar->word, length) == 0;
    size_t edits = distance(similar->word, length, candidate, candidate_length);
    if (!begins && (edits > 1 + length / 4 || edits >= length))
        return;
    /* Of two candidates at the same distance, prefer the one that the word is a prefix of. */
    size_t cost = 2 * edits - (begins && edits > 0);
    if (similar->best != NULL && similar->cost <= cost)
        return;
    similar->best = candidate;
    similar->cost = cost;
}
