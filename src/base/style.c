/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/style.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"

static const char *const codes[] = {
    [STYLE_BOLD] = "1",
    [STYLE_RED] = "31",
    [STYLE_YELLOW] = "33",
    [STYLE_GREEN] = "32",
};
static bool is_styled;

static bool is_empty(const char *words)
{
    return words == NULL || words[0] == '\0';
}

void style_detect(void)
{
    const char *terminal = getenv("TERM");

    is_styled = is_empty(getenv("NO_COLOR")) && !is_empty(terminal) &&
                !text_equal(terminal, "dumb") && isatty(STDOUT_FILENO) == 1;
}

const char *style_of(struct arena *arena, enum style style, const char *words)
{
    return is_styled ? arena_printf(arena, "\033[%sm%s\033[0m", codes[style], words) : words;
}
