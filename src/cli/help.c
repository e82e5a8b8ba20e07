/* SPDX-License-Identifier: Apache-2.0 */
/* --help and --usage. */
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/style.h"
#include "berth/base/text.h"
#include "table.h"

/* Columns of the screen. */
#define COLUMNS_MAX 79
#define COLUMNS_MIN 60 /* of a narrower one descriptions start on the next line */
#define NARROW_MARGIN 8
#define USAGE_MARGIN 6
#define OPTION_WIDTH_MAX 31 /* the description of a longer option starts on the next line */
#define COMMAND_WORDS 14

static void add_heading(struct text *text, const char *words)
{
    text_addf(text, "\n%s:\n", style_of(text->arena, STYLE_BOLD, words));
}

/* A last column that stays empty keeps terminals from wrapping. */
static size_t columns(void)
{
    size_t width = style_columns();

    return width == 0 || width > COLUMNS_MAX ? COLUMNS_MAX : width - 1;
}

/* Appends a name with its description beside it or, if the name is too long, below it. */
static void add_row(struct text *text, size_t margin, const char *name, const char *words)
{
    bool is_narrow = columns() < COLUMNS_MIN;
    bool fits = strlen(name) < margin && !is_narrow;

    if (!fits)
        text_addf(text, "%s\n", name);
    margin = is_narrow ? NARROW_MARGIN : margin;
    text_addf(text, "%-*s", (int) margin, fits ? name : "");
    text_add_wrapped(text, margin, columns(), words);
}

static const char *name_of_option(struct arena *arena, const struct option *option)
{
    const char *letter =
        option->letter != 0 ? arena_printf(arena, "-%c, ", option->letter) : "    ";

    return arena_printf(arena, "  %s--%s%s%s", letter, option->name,
                        option->value != NULL ? " " : "",
                        option->value != NULL ? option->value : "");
}

/* Returns the next option of a command that --help shows: not those of the last heading, which
 * is empty. */
static const struct option *next_option(enum cli_command command, const struct option *option,
                                        const char **heading)
{
    const struct option *end = cli_options + cli_n_options;

    for (option = option == NULL ? cli_options : option + 1; option < end; option++) {
        if (option->commands == 0 && option->words[0] == '\0')
            return NULL;
        if (option->commands == 0)
            *heading = option->words;
        else if (option->commands & 1U << command)
            return option;
    }
    return NULL;
}

/* The column of the descriptions: after the longest name of up to OPTION_WIDTH_MAX characters. */
static size_t margin_of(enum cli_command command, struct arena *arena)
{
    const char *heading;
    size_t longest = 0;

    for (const struct option *option = NULL;
         (option = next_option(command, option, &heading)) != NULL;) {
        size_t length = strlen(name_of_option(arena, option));

        if (length > longest && length <= OPTION_WIDTH_MAX)
            longest = length;
    }
    return longest + 2;
}

static void add_options(enum cli_command command, struct text *text)
{
    const char *heading = NULL, *present = NULL;
    size_t margin = margin_of(command, text->arena);

    for (const struct option *option = NULL;
         (option = next_option(command, option, &heading)) != NULL;) {
        if (heading != present)
            add_heading(text, heading);
        present = heading;
        add_row(text, margin, name_of_option(text->arena, option), option->words);
    }
}

static void add_commands(struct text *text)
{
#define CLI_HEADING(words) add_heading(text, words);
#define CLI_COMMAND(NAME, name, operands, least, most, words, example)                             \
    add_row(text, COMMAND_WORDS, "  " #name, words);
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND
}

void cli_help(enum cli_command command, struct text *text)
{
    if (command == CLI_COMMANDS) {
        text_add_wrapped(text, USAGE_MARGIN, columns(),
                         "Usage: berth [OPTION...] COMMAND [OPTION...] [ARGUMENT...]");
        text_add_wrapped(text, 0, columns(), "Run containers from OCI bundles.");
        add_commands(text);
        text_add(text, "\n");
        text_add_wrapped(text, 0, columns(), "Options of a command: berth COMMAND --help");
    } else {
        const struct command *one = &cli_commands[command];

        text_add_wrapped(text, USAGE_MARGIN, columns(),
                         arena_printf(text->arena, "Usage: berth [OPTION...] %s [OPTION...] %s",
                                      one->name, one->operands));
        /* The words as a sentence. */
        char *sentence = arena_printf(text->arena, "%s.", one->words);
        sentence[0] -= 'a' - 'A';
        text_add_wrapped(text, 0, columns(), sentence);
    }
    add_options(command, text);
    add_heading(text, "Example");
    text_addf(text, "  berth %s\n",
              command == CLI_COMMANDS ? "run --bundle demo c1" : cli_commands[command].example);
}

/* --- usage ------------------------------------------------------------------------------------ */

void cli_usage(enum cli_command command, struct text *text)
{
    struct text words = {.arena = text->arena};
    const char *heading;

    text_add(&words, "Usage: berth");
    if (command != CLI_COMMANDS)
        text_addf(&words, " %s", cli_commands[command].name);
    for (const struct option *option = NULL;
         (option = next_option(command, option, &heading)) != NULL;)
        text_addf(&words, " [--%s%s%s]", option->name, option->value != NULL ? "=" : "",
                  option->value != NULL ? option->value : "");
    text_addf(&words, " %s",
              command == CLI_COMMANDS ? "COMMAND [OPTION...] [ARGUMENT...]"
                                      : cli_commands[command].operands);
    text_add_wrapped(text, USAGE_MARGIN, columns(), words.bytes);
}
