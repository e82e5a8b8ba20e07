/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the annotations that change how a container is created: each is obeyed or an error. */
#include <stdio.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "rules.h"

#define CRUN "run.oci."
#define BERTH "run.berth."

struct annotated {
    const struct spec_config *config;
    const char *key;
    const char *value;
    const struct rule *rule;
};

typedef void check(const struct annotated *annotated, struct error *error);

struct rule {
    const char *key;
    check *check;      /* checks a non-empty value; NULL: checked elsewhere */
    const char *words; /* error message for `check` */
};

static void refuse_annotation(const struct annotated *annotated, const char *words,
                              struct error *error)
{
    report_add(error, JSON_PATH("annotations[\"%s\"]", annotated->key), "%s, got %s", words,
               QUOTE(annotated->value));
}

static void check_absolute(const struct annotated *annotated, struct error *error)
{
    if (annotated->value[0] != '/')
        refuse_annotation(annotated, "must be an absolute path", error);
}

/* Checks that the value is the path of a cgroup below another one: no empty part, "." or "..". */
static void check_below(const struct annotated *annotated, struct error *error)
{
    const char *value = annotated->value;

    for (const char *part = value; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");

        if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0)) {
            refuse_annotation(annotated, annotated->rule->words, error);
            return;
        }
    }
}

/* Like check_below, but allows leading slashes, as crun does. */
static void check_delegated(const struct annotated *annotated, struct error *error)
{
    struct annotated below = *annotated;

    below.value += strspn(below.value, "/");
    check_below(&below, error);
}

static void refuse(const struct annotated *annotated, struct error *error)
{
    refuse_annotation(annotated, annotated->rule->words, error);
}

/* Checks for the format of timens_offsets: time_namespaces(7). */
static void check_offset(const struct annotated *annotated, struct error *error)
{
    char clock[16], rest;
    long long seconds;
    unsigned nanoseconds;

    if (sscanf(annotated->value, "%15s %lld %u %c", clock, &seconds, &nanoseconds, &rest) != 3 ||
        !text_is_one_of(clock, (const char *const[]){"monotonic", "boottime", "1", "7"}, 4))
        refuse_annotation(annotated,
                          "must read \"monotonic SECONDS NANOSECONDS\" or \"boottime ...\"", error);
    else if (!spec_makes_namespace(annotated->config, SPEC_NAMESPACE_TYPE_TIME))
        refuse_annotation(annotated, "needs a new time namespace in linux.namespaces", error);
}

static void check_cgroup_mount(const struct annotated *annotated, struct error *error)
{
    const struct spec_config *config = annotated->config;

    for (size_t i = 0; i < config->n_mounts; i++)
        if (text_equal(config->mounts[i].destination, annotated->value) &&
            spec_is_cgroup_type(config->mounts[i].type))
            return;
    refuse_annotation(annotated, "must be the destination of a mount of type cgroup", error);
}

static const struct rule rules[] = {
    {SPEC_HOOKS_STDOUT, NULL, NULL},
    {SPEC_HOOKS_STDERR, NULL, NULL},
    {SPEC_SECCOMP_RECEIVER, check_absolute, NULL},
    {SPEC_SECCOMP_FAIL_UNKNOWN, NULL, NULL},
    {SPEC_SECCOMP_BPF_DATA, NULL, NULL},
    {SPEC_KEEP_GROUPS, NULL, NULL},
    {SPEC_CONTEXT_TYPE, NULL, NULL},
    {SPEC_PIDFD_RECEIVER, NULL, NULL},
    {SPEC_TIME_OFFSET, check_offset, NULL},
    {SPEC_SYSTEMD_SUBGROUP, check_below, "must name a cgroup below the scope, like \"container\""},
    {CRUN "seccomp.plugins", refuse,
     "this runtime loads no plugins: an agent at linux.seccomp.listenerPath does the same"},
    {SPEC_SYSTEMD_V1, check_cgroup_mount, NULL},
    {SPEC_DELEGATE_CGROUP, check_delegated,
     "must name a cgroup below the container's, like \"payload\""},
    /* checked by check_core_scheduling, rules_landlock, rules_pod */
    {SPEC_CORE_SCHEDULING, NULL, NULL},
    {SPEC_LANDLOCK, NULL, NULL},
    {SPEC_POD, NULL, NULL},
    {CRUN "handler", refuse, "this runtime has no handlers in place of the container's program"},
};

static const struct rule *find_rule(const char *key)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        if (text_equal(rules[i].key, key))
            return &rules[i];
    return NULL;
}

/* An empty value is not "not set" here: the container would be less isolated than it looks. */
static void check_core_scheduling(const struct spec_config *config, struct error *error)
{
    const char *value = spec_annotation(config, SPEC_CORE_SCHEDULING);

    if (value == NULL)
        return;
    if (!text_equal(value, SPEC_COOKIE_NEW) &&
        (!text_starts_with(value, SPEC_COOKIE_OF) || value[strlen(SPEC_COOKIE_OF)] == '\0'))
        report_add(error, SPEC_CORE_SCHEDULING_PATH,
                   "must be \"" SPEC_COOKIE_NEW "\" or \"" SPEC_COOKIE_OF "ID\", got %s",
                   QUOTE(value));
    if (config->process == NULL)
        report_add(error, SPEC_CORE_SCHEDULING_PATH,
                   "needs a process: without one nobody holds the cookie");
}

void rules_annotations(const struct spec_config *config, struct error *error)
{
    for (size_t i = 0; i < config->n_annotations; i++) {
        struct annotated annotated = {.config = config,
                                      .key = config->annotations[i].key,
                                      .value = config->annotations[i].value};

        if (annotated.key[0] == '\0')
            report_add(error, "annotations", "a key must not be empty");
        annotated.rule = find_rule(annotated.key);
        if (annotated.rule == NULL &&
            (text_starts_with(annotated.key, CRUN) || text_starts_with(annotated.key, BERTH)))
            log_warning_at(JSON_PATH("annotations[\"%s\"]", annotated.key),
                           "is not known and has no effect");
        else if (annotated.rule != NULL && annotated.rule->check != NULL && is_set(annotated.value))
            annotated.rule->check(&annotated, error);
    }
    check_core_scheduling(config, error);
}
