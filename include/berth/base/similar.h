/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?": the known word that a mistyped one most likely stands for. */
#pragma once

#include <stddef.h>

/* Starts as {.word = WORD}; `best` is NULL as long as no candidate is close enough. */
struct similar {
    const char *word; /* of any length; words above 63 bytes match nothing */
    const char *best;
    size_t cost; /* of `best`: less is closer */
};

/* Takes `candidate` as the best one if it is closer to the word than every earlier one. Close
 * enough is a candidate that the word is the beginning of, or that differs by one edit, and one
 * more for every four bytes of the word. An edit inserts, deletes or replaces one byte or swaps two
 * neighbours (optimal string alignment). */
void similar_offer(struct similar *similar, const char *candidate);
