/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, delete: one call each, or, with --regex, one for each matching container. */
#include <errno.h>
#include <regex.h>

#include "command.h"

int cli_start(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    return runtime_start(options, arguments->operands[0], error);
}

static int kill_one(const struct cli_arguments *arguments, const struct runtime_options *options,
                    const char *id, struct error *error)
{
    const char *signal = arguments->n_operands > 1 ? arguments->operands[1] : "TERM";

    return runtime_kill(options, id, signal, arguments->all, error);
}

static int delete_one(const struct cli_arguments *arguments, const struct runtime_options *options,
                      const char *id, struct error *error)
{
    return runtime_delete(options, id, arguments->force, error);
}

typedef int operation(const struct cli_arguments *, const struct runtime_options *, const char *,
                      struct error *);

static int compile(const char *pattern, regex_t *ret_regex, struct error *error)
{
    char words[256];

    if (pattern[0] == '\0') {
        error_set(error, EINVAL, "--regex: \"\" would match every container");
        return error_hint(error, "to match every container, use \".\"");
    }
    int result = regcomp(ret_regex, pattern, REG_EXTENDED | REG_NOSUB);

    if (result == 0)
        return 0;
    regerror(result, ret_regex, words, sizeof(words));
    return error_set(error, EINVAL, "--regex: \"%s\": %s", pattern, words);
}

/* A failure does not keep the others from being processed. */
static int for_matching(const struct cli_arguments *arguments,
                        const struct runtime_options *options, operation *operate,
                        struct error *error)
{
    AUTO_ARENA arena = {0};
    struct runtime_containers containers;
    regex_t regex;

    TRY(runtime_list(options, &arena, true, &containers, error));
    TRY(compile(arguments->operands[0], &regex, error));
    for (size_t i = 0; i < containers.count; i++) {
        struct error one = {0};

        if (regexec(&regex, containers.item[i].id, 0, NULL, 0) != 0 ||
            operate(arguments, options, containers.item[i].id, &one) >= 0)
            continue;
        error_add_all(error, &one);
    }
    regfree(&regex);
    return -error->number;
}

int cli_kill(const struct cli_arguments *arguments, const struct runtime_options *options,
             struct error *error)
{
    if (arguments->regex)
        return for_matching(arguments, options, kill_one, error);
    return kill_one(arguments, options, arguments->operands[0], error);
}

int cli_delete(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    if (arguments->regex)
        return for_matching(arguments, options, delete_one, error);
    return delete_one(arguments, options, arguments->operands[0], error);
}
