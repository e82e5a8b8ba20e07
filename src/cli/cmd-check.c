/* SPDX-License-Identifier: Apache-2.0 */
/* check, doctor: print the findings on stdout; the exit status says whether containers would
 * fail. */
#include <errno.h>

#include "berth/base/finding.h"
#include "berth/base/json.h"
#include "berth/base/style.h"
#include "berth/base/text.h"
#include "command.h"

#define NAME_WIDTH 36
#define VALUE_MARGIN 48
#define MEANING_MARGIN 6
#define COLUMNS_MIN 60 /* a narrower terminal has no column of names */

int cli_check(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    AUTO_ARENA arena = {0};
    struct findings findings = {.arena = &arena};
    struct runtime_create request = {.bundle = arguments->bundle, .config_file = arguments->config};
    const char *bundle = arguments->bundle != NULL ? arguments->bundle : "";
    const char *file = arguments->config != NULL ? arguments->config : "config.json";
    struct json json;
    bool as_json = cli_wants_json(arguments);

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

/* --- doctor ----------------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [RUNTIME_FACT_YES] = "yes",
    [RUNTIME_FACT_LIMITED] = "limited",
    [RUNTIME_FACT_NO] = "no",
    [RUNTIME_FACT_UNKNOWN] = "unknown",
};

static const enum style state_styles[] = {
    [RUNTIME_FACT_YES] = STYLE_GREEN,
    [RUNTIME_FACT_LIMITED] = STYLE_YELLOW,
    [RUNTIME_FACT_NO] = STYLE_RED,
    [RUNTIME_FACT_UNKNOWN] = STYLE_YELLOW,
};

/* Is no fact of this role RUNTIME_FACT_NO? */
static bool holds(const struct runtime_fact *facts, size_t count, enum runtime_fact_role role)
{
    for (size_t i = 0; i < count; i++)
        if (facts[i].role == role && facts[i].state == RUNTIME_FACT_NO)
            return false;
    return true;
}

/* Prints "this host can run containers of root and of unprivileged users, with limits of cpu,
 * memory", and what it lacks. */
static void print_summary(const struct runtime_fact *facts, size_t count, struct text *text)
{
    struct text limits = {.arena = text->arena}, lacks = {.arena = text->arena};
    struct text can = {.arena = text->arena};
    bool has_all = holds(facts, count, RUNTIME_FACT_FOR_ALL);

    for (size_t i = 0; i < count; i++) {
        struct text *list = facts[i].state == RUNTIME_FACT_NO ? &lacks : &limits;

        if (facts[i].state == RUNTIME_FACT_NO || facts[i].role == RUNTIME_FACT_LIMIT)
            text_addf(list, "%s%s", list->size > 0 ? ", " : "", facts[i].name);
    }
    if (!has_all)
        text_add(&can, "this host cannot run containers");
    else
        text_addf(&can, "this host can run containers of root%s of unprivileged users, %s%s",
                  holds(facts, count, RUNTIME_FACT_FOR_ROOTLESS) ? " and" : ", but not",
                  limits.size > 0 ? "with limits of " : "without limits",
                  limits.size > 0 ? limits.bytes : "");
    text_add_wrapped(text, 0, style_columns(), can.bytes);
    if (lacks.size > 0)
        text_add_wrapped(text, 0, style_columns(),
                         arena_printf(text->arena, "this host lacks: %s", lacks.bytes));
    text_add(text, "\n");
}

/* A value that does not fit on the line gets the next ones. */
static void print_fact(const struct runtime_fact *fact, struct text *text)
{
    size_t columns = style_columns();
    bool has_value = fact->value[0] != '\0';
    struct text value = {.arena = text->arena};

    text_add_printable(&value, fact->value, "", TEXT_LAYOUT);
    bool fits = columns == 0 || !has_value || VALUE_MARGIN + value.size <= columns;
    const char *state =
        arena_printf(text->arena, "%-*s", has_value && fits ? 9 : 0, state_names[fact->state]);
    text_addf(text, "  %-*s %s", columns > 0 && columns < COLUMNS_MIN ? 0 : NAME_WIDTH, fact->name,
              style_of(text->arena, state_styles[fact->state], state));
    if (!fits)
        text_addf(text, "\n%*s", MEANING_MARGIN, "");
    text_add_wrapped(text, fits ? VALUE_MARGIN : MEANING_MARGIN, columns,
                     has_value ? value.bytes : "");
    if (fact->meaning[0] == '\0')
        return;
    text_addf(text, "%*s", MEANING_MARGIN, "");
    text_add_wrapped(text, MEANING_MARGIN, columns,
                     fact->hint[0] == '\0'
                         ? fact->meaning
                         : arena_printf(text->arena, "%s (%s)", fact->meaning, fact->hint));
}

static void print_facts(const struct runtime_fact *facts, size_t count, struct text *text)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(facts[i].group, facts[i - 1].group))
            text_addf(text, "%s%s\n", i > 0 ? "\n" : "",
                      style_of(text->arena, STYLE_BOLD, facts[i].group));
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
        if (facts[i].meaning[0] != '\0' && facts[i].hint[0] != '\0')
            json_member(json, "hint", facts[i].hint);
        json_object_close(json);
    }
    json_array_close(json);
    text_add(&json->text, "\n");
}

int cli_doctor(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    AUTO_ARENA arena = {0};
    struct runtime_fact *facts;
    struct json json;
    size_t count;
    bool as_json = cli_wants_json(arguments);

    (void) options;
    runtime_examine_host(&arena, false, &facts, &count);
    json_start(&json, &arena, as_json);
    if (as_json) {
        write_facts(facts, count, &json);
    } else {
        print_summary(facts, count, &json.text);
        print_facts(facts, count, &json.text);
    }
    TRY(cli_print(&json.text, error));
    return holds(facts, count, RUNTIME_FACT_FOR_ALL) ? 0 : 1;
}
