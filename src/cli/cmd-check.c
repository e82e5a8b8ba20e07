/* SPDX-License-Identifier: Apache-2.0 */
/* check, doctor: what is found is the result, on stdout; the exit status says whether containers would fail. */
#include <errno.h>

#include "berth/base/finding.h"
#include "berth/base/json.h"
#include "berth/base/text.h"
#include "command.h"

static int read_format(const struct cli_arguments *arguments, bool *ret_json, struct error *error)
{
    const char *format = arguments->format != NULL ? arguments->format : "text";

    *ret_json = text_equal(format, "json");
    if (!*ret_json && !text_equal(format, "text"))
        return error_set(error, EINVAL, "--format is text or json, not \"%s\"", format);
    return 0;
}

int cli_check(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    AUTO_ARENA arena = {0};
    struct findings findings = {.arena = &arena};
    struct runtime_create request = {.bundle = arguments->bundle, .config_file = arguments->config};
    const char *bundle = arguments->bundle != NULL ? arguments->bundle : "";
    const char *file = arguments->config != NULL ? arguments->config : "config.json";
    struct json json;
    bool as_json;

    TRY(read_format(arguments, &as_json, error));
    runtime_check(options, &request, &findings);
    json_start(&json, &arena, as_json);
    if (as_json) {
        findings_write_json(&findings, &json);
        text_add(&json.text, "\n");
    } else {
        findings_print(&findings, bundle[0] == '\0' ? file : text_path_join(&arena, bundle, file),
                       &json.text);
    }
    TRY(cli_print(&json.text, error));
    return findings_have_error(&findings) ? 1 : 0;
}

/* --- doctor --------------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [RUNTIME_FACT_YES] = "yes",
    [RUNTIME_FACT_LIMITED] = "limited",
    [RUNTIME_FACT_NO] = "no",
    [RUNTIME_FACT_UNKNOWN] = "unknown",
};

static void print_fact(const struct runtime_fact *fact, struct text *text)
{
    text_addf(text, "  %-36s %-8s %s\n", fact->name, state_names[fact->state], fact->value);
    if (fact->meaning[0] != '\0')
        text_addf(text, "      %s%s%s%s\n", fact->meaning, fact->remedy[0] != '\0' ? " (" : "",
                  fact->remedy, fact->remedy[0] != '\0' ? ")" : "");
}

static void print_facts(const struct runtime_fact *facts, size_t count, struct text *text)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(facts[i].group, facts[i - 1].group))
            text_addf(text, "%s%s\n", i > 0 ? "\n" : "", facts[i].group);
        print_fact(&facts[i], text);
    }
}

static void write_facts(const struct runtime_fact *facts, size_t count, struct json *json)
{
    json_array_open(json);
    for (size_t i = 0; i < count; i++) {
        json_object_open(json);
        json_member(json, "group", facts[i].group);
        json_member(json, "name", facts[i].name);
        json_member(json, "state", state_names[facts[i].state]);
        if (facts[i].value[0] != '\0')
            json_member(json, "value", facts[i].value);
        if (facts[i].meaning[0] != '\0')
            json_member(json, "meaning", facts[i].meaning);
        if (facts[i].meaning[0] != '\0' && facts[i].remedy[0] != '\0')
            json_member(json, "remedy", facts[i].remedy);
        json_object_close(json);
    }
    json_array_close(json);
    text_add(&json->text, "\n");
}

static int result_of(const struct runtime_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (facts[i].is_needed && facts[i].state == RUNTIME_FACT_NO)
            return 1;
    return 0;
}

int cli_doctor(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    AUTO_ARENA arena = {0};
    struct runtime_fact *facts;
    struct json json;
    size_t count;
    bool as_json;

    (void) options;
    TRY(read_format(arguments, &as_json, error));
    runtime_examine_host(&arena, false, &facts, &count);
    json_start(&json, &arena, as_json);
    if (as_json)
        write_facts(facts, count, &json);
    else
        print_facts(facts, count, &json.text);
    TRY(cli_print(&json.text, error));
    return result_of(facts, count);
}
