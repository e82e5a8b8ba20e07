/* SPDX-License-Identifier: Apache-2.0 */
/* Colours and weight of words on a terminal (ECMA-48, SGR). */
#pragma once

struct arena;

enum style { STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

/* Decides for the whole program whether words are styled: where standard output is a terminal, TERM
 * is neither unset nor "dumb", and NO_COLOR is unset or empty (https://no-color.org). Until it is
 * called they are not. */
void style_detect(void);

/* Returns `words` in that style, or as they are. */
const char *style_of(struct arena *arena, enum style style, const char *words);
