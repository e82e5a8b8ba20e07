/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cli/arguments.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"

#define EXIT_UNKNOWN_COMMAND 3 /* runc's */

/* Which commands take an option. */
enum cli_command_bit {
#define CLI_COMMAND(NAME, name, operands, least, most, words) NAME = 1 << CLI_##NAME,
#include "berth/cli/commands.def"
#undef CLI_COMMAND
    GLOBAL = 1 << CLI_COMMANDS,
    ALL = GLOBAL - 1,
};

enum option_kind { FLAG, STRING, NUMBER, STRINGS };

static const struct option {
    unsigned commands;
    char letter;
    const char *name;
    enum option_kind kind;
    size_t member; /* offset in struct cli_arguments */
    const char *value;
    const char *words;
} options[] = {
#define CLI_OPTION(commands, letter, name, kind, member, value, words) \
    {commands, letter, name, kind, offsetof(struct cli_arguments, member), value, words},
#include "berth/cli/options.def"
#undef CLI_OPTION
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct command {
    const char *name;
    const char *operands;
    size_t least;
    size_t most;
    const char *words;
} commands[] = {
#define CLI_COMMAND(NAME, name, operands, least, most, words) {#name, operands, least, most, words},
#include "berth/cli/commands.def"
#undef CLI_COMMAND
};

/* The state of parsing. */
struct parser {
    struct arena *arena;
    char **next;
    struct cli_arguments *arguments;
    struct error *error;
};

static unsigned scope_of(const struct parser *parser)
{
    return 1U << parser->arguments->command;
}

static const struct option *find_long(const struct parser *parser, const char *name, size_t length)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].commands & scope_of(parser) && strlen(options[i].name) == length &&
            memcmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

/* As getopt_long(3) has it: the only one that begins so. */
static int find_abbreviated(const struct parser *parser, const char *name, size_t length,
                            const struct option **ret_option)
{
    struct text candidates = {.arena = parser->arena};
    size_t count = 0;

    *ret_option = NULL;
    for (size_t i = 0; i < OPTIONS && length > 0; i++) {
        if (!(options[i].commands & scope_of(parser)) || strncmp(options[i].name, name, length) != 0)
            continue;
        text_addf(&candidates, "%s--%s", count++ > 0 ? ", " : "", options[i].name);
        *ret_option = &options[i];
    }
    if (count > 1)
        return error_set(parser->error, EINVAL, "option --%s is ambiguous: %s", name, candidates.bytes);
    return 0;
}

/* crun's letters for the same. */
static char letter_of(char letter)
{
    return letter == '?' ? 'h' : letter == 'V' ? 'v' : letter;
}

static const struct option *find_letter(const struct parser *parser, char letter)
{
    letter = letter_of(letter);
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].commands & scope_of(parser) && options[i].letter == letter)
            return &options[i];
    return NULL;
}

static int set_flag(struct parser *parser, const struct option *option, const char *value)
{
    bool *flag = (bool *) ((char *) parser->arguments + option->member);

    if (value == NULL || text_equal(value, "true"))
        *flag = true;
    else if (text_equal(value, "false"))
        *flag = false;
    else
        return error_set(parser->error, EINVAL, "--%s is true or false, not \"%s\"", option->name, value);
    return 0;
}

/* A copy that is one longer: there are few. */
static const char *const *add_to_list(struct arena *arena, const char *const *list, const char *value)
{
    struct text_list longer = {.arena = arena};

    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        text_list_add(&longer, list[i]);
    text_list_add(&longer, value);
    text_list_add(&longer, NULL);
    return (const char *const *) longer.item;
}

static int set_value(struct parser *parser, const struct option *option, const char *value)
{
    char *member = (char *) parser->arguments + option->member;
    uint64_t number;

    if (value == NULL)
        value = *parser->next != NULL ? *parser->next++ : NULL;
    if (value == NULL)
        return error_set(parser->error, EINVAL, "flag needs an argument: --%s", option->name);
    if (option->kind == STRING) {
        *(const char **) member = value;
        return 0;
    }
    if (option->kind == STRINGS) {
        const char *const **list = (const char *const **) member;

        *list = add_to_list(parser->arena, *list, value);
        return 0;
    }
    if (text_to_u64(value, &number) < 0 || number > INT_MAX)
        return error_set(parser->error, EINVAL, "--%s: not a number from 0 to %d: \"%s\"", option->name,
                         INT_MAX, value);
    *(unsigned *) member = (unsigned) number;
    return 0;
}

static int set_option(struct parser *parser, const struct option *option, const char *value)
{
    return option->kind == FLAG ? set_flag(parser, option, value) : set_value(parser, option, value);
}

/* "-dq", "-b DIR", "-bDIR" */
static int parse_letters(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option *option = find_letter(parser, *letter);

        if (option == NULL)
            return error_set(parser->error, EINVAL, "unknown option %s", word);
        if (option->kind != FLAG)
            return set_value(parser, option, letter[1] != '\0' ? letter + 1 : NULL);
        TRY(set_flag(parser, option, NULL));
    }
    return 0;
}

static int parse_option(struct parser *parser, const char *word)
{
    const char *name = word + (text_starts_with(word, "--") ? 2 : 1);
    size_t length = strcspn(name, "=");
    const struct option *option = find_long(parser, name, length);

    if (option == NULL && !text_starts_with(word, "--"))
        return parse_letters(parser, word);
    if (option == NULL)
        TRY(find_abbreviated(parser, name, length, &option));
    if (option == NULL)
        return error_set(parser->error, EINVAL, "unknown option %s", word);
    return set_option(parser, option, name[length] == '=' ? name + length + 1 : NULL);
}

static int parse_command(struct parser *parser, const char *word)
{
    if (text_equal(word, "help") || text_equal(word, "h")) {
        parser->arguments->help = true;
        return 0;
    }
    for (size_t i = 0; i < CLI_COMMANDS; i++) {
        if (!text_equal(commands[i].name, word))
            continue;
        parser->arguments->command = (enum cli_command) i;
        return 0;
    }
    parser->error->exit_status = EXIT_UNKNOWN_COMMAND;
    return error_set(parser->error, EINVAL, "unknown command \"%s\": No help topic for '%s'", word, word);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static bool takes_rest(const struct parser *parser)
{
    return parser->arguments->command != CLI_COMMANDS &&
           commands[parser->arguments->command].most == CLI_REST;
}

static int parse_words(struct parser *parser, struct text_list *operands)
{
    bool options_end = false;

    while (*parser->next != NULL) {
        const char *word = *parser->next++;

        if (!options_end && text_equal(word, "--"))
            options_end = true;
        else if (!options_end && is_option(word))
            TRY(parse_option(parser, word));
        else if (parser->arguments->command == CLI_COMMANDS)
            TRY(parse_command(parser, word));
        else
            text_list_add(operands, word);
        options_end |= operands->count > 0 && takes_rest(parser);
    }
    return 0;
}

static int check_operands(const struct parser *parser)
{
    const struct cli_arguments *arguments = parser->arguments;

    if (arguments->help || arguments->usage || arguments->version)
        return 0;
    if (arguments->command == CLI_COMMANDS)
        return error_set(parser->error, EINVAL, "no command given");
    const struct command *command = &commands[arguments->command];
    if (arguments->n_operands < command->least)
        return error_set(parser->error, EINVAL, "%s needs %s", command->name, command->operands);
    if (arguments->n_operands > command->most)
        return error_set(parser->error, EINVAL, "%s: one argument too many: \"%s\"", command->name,
                         arguments->operands[command->most]);
    return 0;
}

int cli_parse(struct arena *arena, char **argv, struct cli_arguments *ret_arguments,
              struct error *error)
{
    struct text_list operands = {.arena = arena};
    struct parser parser = {arena, argv[0] != NULL ? argv + 1 : argv, ret_arguments, error};

    *ret_arguments = (struct cli_arguments){.command = CLI_COMMANDS};
    TRY(parse_words(&parser, &operands));
    ret_arguments->n_operands = operands.count;
    text_list_add(&operands, NULL);
    ret_arguments->operands = (const char *const *) operands.item;
    return check_operands(&parser);
}

/* --- help ----------------------------------------------------------------------------------- */

static void help_of_option(const struct option *option, struct text *text)
{
    char *name = arena_printf(text->arena, "%s--%s%s%s", option->letter != 0 ? "" : "    ", option->name,
                              option->value != NULL ? " " : "",
                              option->value != NULL ? option->value : "");

    if (option->letter != 0)
        name = arena_printf(text->arena, "-%c, %s", option->letter, name);
    text_addf(text, "  %-30s %s\n", name, option->words);
}

#define USAGE_COLUMNS 79

/* A word of a line that is broken where it would be too long. */
static void add_word(struct text *text, size_t *column, const char *word)
{
    if (*column + 1 + strlen(word) > USAGE_COLUMNS) {
        text_add(text, "\n      ");
        *column = strlen("      ");
    }
    text_addf(text, " %s", word);
    *column += 1 + strlen(word);
}

void cli_usage(enum cli_command command, struct text *text)
{
    size_t column = strlen("Usage:");

    text_add(text, "Usage:");
    add_word(text, &column, "berth");
    if (command != CLI_COMMANDS)
        add_word(text, &column, commands[command].name);
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].commands & 1U << command)
            add_word(text, &column, arena_printf(text->arena, "[--%s%s%s]", options[i].name, options[i].value != NULL ? "=" : "",
                                                 options[i].value != NULL ? options[i].value : ""));
    add_word(text, &column, command == CLI_COMMANDS ? "COMMAND [OPTION...] [ARGUMENT...]" : commands[command].operands);
    text_add(text, "\n");
}

void cli_help(enum cli_command command, struct text *text)
{
    if (command == CLI_COMMANDS) {
        text_add(text, "Usage: berth [OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n"
                       "Runs containers from OCI bundles.\n\nCommands:\n");
        for (size_t i = 0; i < CLI_COMMANDS; i++)
            text_addf(text, "  %-10s %s\n", commands[i].name, commands[i].words);
    } else {
        text_addf(text, "Usage: berth [OPTION...] %s [OPTION...] %s\n%s\n", commands[command].name,
                  commands[command].operands, commands[command].words);
    }
    text_add(text, "\nOptions:\n");
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].commands & 1U << command)
            help_of_option(&options[i], text);
}
