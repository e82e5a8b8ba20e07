/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?": finds the known word that a mistyped one most likely stands for. */
#pragma once

#include <stddef.h>

/* Initialise as {.word = WORD}; `best` is NULL until a candidate is close enough. */
struct similar {
    const char *word; /* words longer than 63 bytes match nothing */
    const char *best;
    size_t cost; /* of `best`; lower is closer */
};

/* Makes `candidate` the best one if it is closer than all earlier ones and close enough: the word
 * is a prefix of it, or they differ by at most one edit plus one for every four bytes of the word.
 * An edit inserts, deletes or replaces one byte or swaps two adjacent bytes (optimal string
 * alignment). Upper and lower case are the same. */
void similar_offer(struct similar *similar, const char *candidate);
