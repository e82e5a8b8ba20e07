/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cli/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"
#include "table.h"

#define EXIT_UNKNOWN_COMMAND 3 /* as in runc */

/* The state of parsing. */
struct parser {
    struct arena *arena;
    char **next;
    struct cli_arguments *arguments;
    struct error *error;
    const char *suggestion; /* such as "--bundle" for "--bundel", or NULL */
};

static unsigned scope_of(const struct parser *parser)
{
    return 1U << parser->arguments->command;
}

static const struct option *find_long(const struct parser *parser, const char *name, size_t length)
{
    for (size_t i = 0; i < cli_n_options; i++)
        if (cli_options[i].commands & scope_of(parser) && strlen(cli_options[i].name) == length &&
            memcmp(cli_options[i].name, name, length) == 0)
            return &cli_options[i];
    return NULL;
}

/* Finds an option by an unambiguous prefix, as getopt_long(3) does. */
static int find_abbreviated(const struct parser *parser, const char *name, size_t length,
                            const struct option **ret_option)
{
    struct text candidates = {.arena = parser->arena};
    size_t count = 0;

    *ret_option = NULL;
    for (size_t i = 0; i < cli_n_options && length > 0; i++) {
        if (!(cli_options[i].commands & scope_of(parser)) ||
            strncmp(cli_options[i].name, name, length) != 0)
            continue;
        text_addf(&candidates, "%s--%s", count++ > 0 ? ", " : "", cli_options[i].name);
        *ret_option = &cli_options[i];
    }
    if (count > 1)
        return error_set(parser->error, EINVAL, "option --%s is ambiguous: %s", name,
                         candidates.bytes);
    return 0;
}

static const struct option *find_letter(const struct parser *parser, char letter)
{
    /* crun's letters for the same options */
    letter = letter == '?' ? 'h' : letter == 'V' ? 'v' : letter;
    for (size_t i = 0; i < cli_n_options; i++)
        if (cli_options[i].commands & scope_of(parser) && cli_options[i].letter == letter)
            return &cli_options[i];
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
        return error_set(parser->error, EINVAL, "--%s is true or false, not \"%s\"", option->name,
                         value);
    return 0;
}

/* Copies the list to append a value: lists are short. */
static const char *const *add_to_list(struct arena *arena, const char *const *list,
                                      const char *value)
{
    struct text_list longer = {.arena = arena};

    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        text_list_add(&longer, list[i]);
    text_list_add(&longer, value);
    text_list_add(&longer, NULL);
    return (const char *const *) longer.item;
}

/* Converts "a|b|c" to "a, b or c". */
static const char *list_choices(struct arena *arena, const char *choices)
{
    struct text list = {.arena = arena};
    const char *last = strrchr(choices, '|');

    for (const char *at = choices; *at != '\0'; at++) {
        if (*at == '|')
            text_add(&list, at == last ? " or " : ", ");
        else
            text_add_bytes(&list, at, 1);
    }
    return list.bytes;
}

static int refuse_choice(struct parser *parser, const struct option *option, const char *value)
{
    struct similar similar = {.word = value};
    char *choices = arena_string(parser->arena, option->value), *rest;

    for (char *choice = strtok_r(choices, "|", &rest); choice != NULL;
         choice = strtok_r(NULL, "|", &rest))
        similar_offer(&similar, choice);
    parser->suggestion = similar.best;
    return error_set(parser->error, EINVAL, "--%s is %s, not \"%s\"", option->name,
                     list_choices(parser->arena, option->value), value);
}

static int check_choice(struct parser *parser, const struct option *option, const char *value)
{
    size_t length = strlen(value);

    if (strchr(option->value, '|') == NULL)
        return 0;
    for (const char *choice = option->value; choice != NULL; choice = strchr(choice, '|')) {
        choice += *choice == '|';
        if (strcspn(choice, "|") == length && strncmp(choice, value, length) == 0)
            return 0;
    }
    return refuse_choice(parser, option, value);
}

static int set_value(struct parser *parser, const struct option *option, const char *value)
{
    char *member = (char *) parser->arguments + option->member;
    uint64_t number;

    if (value == NULL)
        value = *parser->next != NULL ? *parser->next++ : NULL;
    if (value == NULL)
        return error_set(parser->error, EINVAL, "flag needs an argument: --%s", option->name);
    /* `--bundle "$dir"` passes "" if the variable is unset, and "/config.json" would be read. */
    if (value[0] == '\0' && text_equal(option->value, "DIR"))
        return error_set(parser->error, EINVAL, "--%s needs the name of a directory, not \"\"",
                         option->name);
    if (option->kind == STRING) {
        *(const char **) member = value;
        return check_choice(parser, option, value);
    }
    if (option->kind == STRINGS) {
        const char *const **list = (const char *const **) member;

        *list = add_to_list(parser->arena, *list, value);
        return 0;
    }
    if (text_to_u64(value, &number) < 0 || number > INT_MAX)
        return error_set(parser->error, EINVAL, "--%s: not a number from 0 to %d: \"%s\"",
                         option->name, INT_MAX, value);
    *(unsigned *) member = (unsigned) number;
    return 0;
}

/* How the user has written an option. */
struct spelling {
    const char *name;
    size_t length;
    char letter;    /* '\0': by its name */
    bool has_value; /* in the same word */
};

static bool is_spelt(const struct option *option, const struct spelling *spelling)
{
    if (option->commands == 0)
        return false;
    if (spelling->letter != '\0')
        return option->letter == spelling->letter;
    return strlen(option->name) == spelling->length &&
           memcmp(option->name, spelling->name, spelling->length) == 0;
}

/* The next word that is a command with this option and not its value, NULL if there is none. */
static const struct command *find_command_of(const struct parser *parser,
                                             const struct option *option, bool has_value)
{
    char **word = parser->next;

    if (option->kind != FLAG && !has_value && *word != NULL)
        word++;
    for (; *word != NULL; word++)
        for (size_t i = 0; i < CLI_COMMANDS; i++)
            if (option->commands & 1U << i && text_equal(cli_commands[i].name, *word))
                return &cli_commands[i];
    return NULL;
}

/* How an option is written that stands on the wrong side of the command; NULL: it does not. */
static const char *find_misplaced(const struct parser *parser, const struct spelling *spelling)
{
    for (size_t i = 0; i < cli_n_options; i++) {
        const struct option *option = &cli_options[i];
        bool is_global = option->commands & GLOBAL;
        const char *value = option->value == NULL ? "" : option->value;
        const char *space = option->value == NULL ? "" : " ";

        if (is_global == (parser->arguments->command == CLI_COMMANDS) ||
            !is_spelt(option, spelling))
            continue;
        if (is_global)
            return arena_printf(parser->arena, "berth --%s%s%s %s", option->name, space, value,
                                cli_commands[parser->arguments->command].name);
        const struct command *command = find_command_of(parser, option, spelling->has_value);
        if (command != NULL)
            return arena_printf(parser->arena, "berth %s --%s%s%s", command->name, option->name,
                                space, value);
    }
    return NULL;
}

static int refuse_letter(struct parser *parser, const char *letter, const char *word)
{
    parser->suggestion = find_misplaced(
        parser, &(struct spelling){.letter = *letter, .has_value = letter[1] != '\0'});
    /* kill(1) takes a signal as an option: -9, -KILL. */
    if (parser->arguments->command == CLI_KILL && (isdigit(word[1]) || isupper(word[1])))
        parser->suggestion = arena_printf(parser->arena, "kill ID %s", word + 1);
    else if (word[2] != '\0')
        return error_set(parser->error, EINVAL, "unknown option -%c in %s", *letter, word);
    return error_set(parser->error, EINVAL, "unknown option %s", word);
}

/* "-dq", "-b DIR", "-bDIR" */
static int parse_letters(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option *option = find_letter(parser, *letter);

        if (option == NULL)
            return refuse_letter(parser, letter, word);
        if (option->kind != FLAG)
            return set_value(parser, option, letter[1] != '\0' ? letter + 1 : NULL);
        TRY(set_flag(parser, option, NULL));
    }
    return 0;
}

static int refuse_option(struct parser *parser, const char *word, const char *name, size_t length)
{
    struct similar similar = {.word = arena_copy(parser->arena, name, length)};

    for (size_t i = 0; i < cli_n_options; i++)
        if (cli_options[i].commands & scope_of(parser))
            similar_offer(&similar, cli_options[i].name);
    if (parser->suggestion == NULL && similar.best != NULL)
        parser->suggestion = arena_printf(parser->arena, "--%s", similar.best);
    return error_set(parser->error, EINVAL, "unknown option %s", word);
}

static int parse_option(struct parser *parser, const char *word)
{
    const char *name = word + (text_starts_with(word, "--") ? 2 : 1);
    size_t length = strcspn(name, "=");
    const struct option *option = find_long(parser, name, length);

    if (option == NULL)
        parser->suggestion = find_misplaced(
            parser, &(struct spelling){name, length, .has_value = name[length] == '='});
    if (option == NULL && parser->suggestion == NULL && !text_starts_with(word, "--"))
        return parse_letters(parser, word);
    if (option == NULL && parser->suggestion == NULL)
        TRY(find_abbreviated(parser, name, length, &option));
    if (option == NULL)
        return refuse_option(parser, word, name, length);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    return option->kind == FLAG ? set_flag(parser, option, value)
                                : set_value(parser, option, value);
}

/* Commands of docker, podman and others, and the command of berth that does the same. */
static const char *same_command(const char *word)
{
    static const char *const same[][2] = {
        {"info", "doctor"},       {"inspect", "state"},
        {"ls", "list"},           {"remove", "delete"},
        {"rm", "delete"},         {"stats", "events"},
        {"stop", "kill"},         {"top", "ps"},
        {"unpause", "resume"},    {"validate", "check"},
        {"version", "--version"},
    };

    for (size_t i = 0; i < COUNT(same); i++)
        if (text_equal(same[i][0], word))
            return same[i][1];
    return NULL;
}

static int refuse_command(struct parser *parser, const char *word)
{
    struct similar similar = {.word = word};

    for (size_t i = 0; i < CLI_COMMANDS; i++)
        similar_offer(&similar, cli_commands[i].name);
    parser->suggestion = same_command(word);
    if (parser->suggestion == NULL)
        parser->suggestion = similar.best;
    parser->error->exit_status = EXIT_UNKNOWN_COMMAND;
    return error_set(parser->error, EINVAL, "unknown command \"%s\": No help topic for '%s'", word,
                     word);
}

static int parse_command(struct parser *parser, const char *word)
{
    if (text_equal(word, "help") || text_equal(word, "h")) {
        parser->arguments->help = true;
        return 0;
    }
    for (size_t i = 0; i < CLI_COMMANDS; i++) {
        if (!text_equal(cli_commands[i].name, word))
            continue;
        parser->arguments->command = (enum cli_command) i;
        return 0;
    }
    return refuse_command(parser, word);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
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
        options_end |=
            operands->count > 0 && cli_commands[parser->arguments->command].most == CLI_REST;
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
    const struct command *command = &cli_commands[arguments->command];
    if (arguments->n_operands < command->least)
        return error_set(parser->error, EINVAL, "%s needs %s", command->name, command->operands);
    if (arguments->n_operands > command->most)
        return error_set(parser->error, EINVAL, "%s: one argument too many: \"%s\"", command->name,
                         arguments->operands[command->most]);
    return 0;
}

static int parse(struct parser *parser)
{
    struct cli_arguments *arguments = parser->arguments;
    struct text_list operands = {.arena = parser->arena};

    TRY(parse_words(parser, &operands));
    arguments->n_operands = operands.count;
    text_list_add(&operands, NULL);
    arguments->operands = (const char *const *) operands.item;
    return check_operands(parser);
}

/* Adds a hint: what was probably meant, and which help to read. */
static int add_hint(struct parser *parser)
{
    bool is_command = parser->arguments->command != CLI_COMMANDS;
    const char *meant = parser->suggestion;

    return error_hint(
        parser->error, "%s%s%ssee berth %s%s--help", meant != NULL ? "did you mean " : "",
        meant != NULL ? meant : "", meant != NULL ? "? " : "",
        is_command ? cli_commands[parser->arguments->command].name : "", is_command ? " " : "");
}

int cli_parse(struct arena *arena, char **argv, struct cli_arguments *ret_arguments,
              struct error *error)
{
    struct parser parser = {arena, argv[0] != NULL ? argv + 1 : argv, ret_arguments, error, NULL};

    *ret_arguments = (struct cli_arguments){.command = CLI_COMMANDS};
    return parse(&parser) < 0 ? add_hint(&parser) : 0;
}
