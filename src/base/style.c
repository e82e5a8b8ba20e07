/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/style.h"

#include <stdbool.h>
#include <sys/ioctl.h>
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

void style_detect(void)
{
    const char *terminal = text_environment("TERM");

    is_styled = text_environment("NO_COLOR") == NULL && terminal != NULL &&
                !text_equal(terminal, "dumb") && isatty(STDOUT_FILENO) == 1;
}

size_t style_columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

const char *style_of(struct arena *arena, enum style style, const char *words)
{
    return is_styled ? arena_printf(arena, "\033[%sm%s\033[0m", codes[style], words) : words;
}
