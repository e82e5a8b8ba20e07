/* SPDX-License-Identifier: Apache-2.0 */
/* Colours and bold text on a terminal (ECMA-48 SGR). */
#pragma once

#include <stddef.h>

struct arena;

enum style { STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

/* Enables styles for the whole program if standard output is a terminal, TERM is neither unset nor
 * "dumb", and NO_COLOR is unset or empty (https://no-color.org). Styles are off until then. */
void style_detect(void);

/* Returns the width of the terminal on standard output; 0 if that is no terminal. */
size_t style_columns(void);

/* Returns `words` in that style, or unchanged if styles are off. */
const char *style_of(struct arena *arena, enum style style, const char *words);
