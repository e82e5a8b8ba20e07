/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "rules.h"

const struct spec_namespace *spec_find_namespace(const struct spec_config *config,
                                                 enum spec_namespace_type type)
{
    for (size_t i = 0; config->linux != NULL && i < config->linux->n_namespaces; i++) {
        if (config->linux->namespaces[i].type == type)
            return &config->linux->namespaces[i];
    }
    return NULL;
}

bool spec_makes_namespace(const struct spec_config *config, enum spec_namespace_type type)
{
    const struct spec_namespace *namespace = spec_find_namespace(config, type);

    return namespace != NULL && !is_set(namespace->path);
}

const char *spec_annotation(const struct spec_config *config, const char *key)
{
    for (size_t i = 0; i < config->n_annotations; i++)
        if (text_equal(config->annotations[i].key, key))
            return config->annotations[i].value;
    return NULL;
}

bool spec_delegates_cgroup(const struct spec_config *config)
{
    const char *name = spec_annotation(config, SPEC_DELEGATE_CGROUP);

    return name != NULL && name[0] != '\0';
}

bool spec_is_cgroup_type(const char *type)
{
    return type != NULL && (text_equal(type, "cgroup") || text_equal(type, "cgroup2"));
}

bool rules_has_word(const char *const *words, size_t n_words, const char *word)
{
    for (size_t i = 0; i < n_words; i++) {
        if (text_equal(words[i], word))
            return true;
    }
    return false;
}

void rules_environment(const char *where, const char *const *entries, size_t n_entries,
                       struct error *error)
{
    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i][0] == '=' || strchr(entries[i], '=') == NULL)
            report_add(error, "%s[%zu]: must read NAME=value, got %s", where, i, QUOTE(entries[i]));
    }
}

/* A number that is too large for anything is as good as the largest. */
static bool pass_number(const char **next, uint64_t *ret_number)
{
    size_t length = strspn(*next, "0123456789");
    char *end;

    if (length == 0)
        return false;
    *ret_number = strtoull(*next, &end, 10);
    *next = end;
    return true;
}

/* Passes "7" or "0-3". */
static bool pass_range(const char **next, uint64_t *ret_first, uint64_t *ret_last)
{
    if (!pass_number(next, ret_first))
        return false;
    *ret_last = *ret_first;
    if (**next != '-')
        return true;
    ++*next;
    return pass_number(next, ret_last) && *ret_first <= *ret_last;
}

int spec_read_number_list(const char *list, size_t limit, uint64_t *ret_set)
{
    const char *next = list;
    int result = 0;

    for (;;) {
        uint64_t first, last;

        if (!pass_range(&next, &first, &last) || (*next != ',' && *next != '\0'))
            return -EINVAL;
        if (last >= limit)
            result = -ERANGE;
        for (uint64_t i = first; ret_set != NULL && result == 0 && i <= last; i++)
            ret_set[i / 64] |= 1ULL << i % 64;
        if (*next++ == '\0')
            return result;
    }
}

void rules_number_list(const char *where, const char *list, size_t limit, struct error *error)
{
    int result = is_set(list) ? spec_read_number_list(list, limit, NULL) : 0;

    if (result == -EINVAL)
        report_add(error, "%s: must be a list of numbers and ranges such as 0-3,7, got %s", where,
                   QUOTE(list));
    if (result == -ERANGE)
        report_add(error, "%s: Linux has numbers up to %zu, got %s", where, limit - 1, QUOTE(list));
}

/* Passes one part of a version up to `ends`; numbers have no leading zero. NULL: it is none. */
static const char *pass_identifiers(const char *next, const char *ends, bool numbers_strict)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (;; next++) {
        size_t length = strspn(next, letters);

        if (length == 0)
            return NULL;
        if (numbers_strict && length > 1 && next[0] == '0' && strspn(next, digits) == length)
            return NULL;
        next += length;
        if (*next != '.')
            return *next == '\0' || strchr(ends, *next) != NULL ? next : NULL;
    }
}

/* https://semver.org/spec/v2.0.0.html, rules 2, 9 and 10 */
static bool is_semantic_version(const char *version)
{
    const char *next = version;

    for (int part = 0; part < 3; part++) {
        size_t length = strspn(next, "0123456789");

        if (length == 0 || (length > 1 && next[0] == '0'))
            return false;
        next += length;
        if (part < 2 && *next++ != '.')
            return false;
    }
    if (*next == '-' && (next = pass_identifiers(next + 1, "+", true)) == NULL)
        return false;
    if (*next == '+' && (next = pass_identifiers(next + 1, "", false)) == NULL)
        return false;
    return *next == '\0';
}

static void check_version(const char *version, struct error *error)
{
    if (!is_semantic_version(version))
        report_add(error, "ociVersion: must be a semantic version such as " SPEC_VERSION_MOST ", got %s",
                   QUOTE(version));
    else if (!text_starts_with(version, "1."))
        report_warning(error, "ociVersion: this runtime knows the versions 1.x, got %s", QUOTE(version));
}

/* execve(2) takes anything, and so do other runtimes. */
static void warn_of_environment(const char *where, const struct spec_hook *hook, struct error *error)
{
    for (size_t i = 0; i < hook->n_env; i++)
        if (hook->env[i][0] == '=' || strchr(hook->env[i], '=') == NULL)
            report_warning(error, "%s[%zu]: should read NAME=value, got %s", where, i, QUOTE(hook->env[i]));
}

static void check_hooks(const struct spec_hooks *hooks, struct error *error)
{
    const struct {
        const char *name;
        const struct spec_hook *list;
        size_t count;
    } kinds[] = {
        {"prestart", hooks->prestart, hooks->n_prestart},
        {"createRuntime", hooks->create_runtime, hooks->n_create_runtime},
        {"createContainer", hooks->create_container, hooks->n_create_container},
        {"startContainer", hooks->start_container, hooks->n_start_container},
        {"poststart", hooks->poststart, hooks->n_poststart},
        {"poststop", hooks->poststop, hooks->n_poststop},
    };

    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        for (size_t i = 0; i < kinds[kind].count; i++) {
            const struct spec_hook *hook = &kinds[kind].list[i];
            char where[64];

            snprintf(where, sizeof(where), "hooks.%s[%zu].env", kinds[kind].name, i);
            if (hook->path[0] != '/')
                report_add(error, "hooks.%s[%zu].path: must be absolute, got %s", kinds[kind].name,
                           i, QUOTE(hook->path));
            warn_of_environment(where, hook, error);
        }
    }
}

/* uname(2) has room for 64 characters. */
static void check_names(const struct spec_config *config, struct error *error)
{
    const struct {
        const char *where;
        const char *name;
    } names[] = {{"hostname", config->hostname}, {"domainname", config->domainname}};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (!is_set(names[i].name))
            continue;
        if (strlen(names[i].name) > 64)
            report_add(error, "%s: must not be longer than 64 bytes, got %s", names[i].where,
                       QUOTE(names[i].name));
        if (spec_find_namespace(config, SPEC_NAMESPACE_TYPE_UTS) == NULL)
            report_add(error, "%s: needs a uts namespace, and linux.namespaces has none",
                       names[i].where);
    }
}

int spec_check_config(const struct spec_config *config, struct error *error)
{
    check_version(config->oci_version, error);
    /* What a document with faults leaves may have none: src/spec/load.c. */
    if (config->root != NULL && config->root->path[0] == '\0')
        report_add(error, "root.path: must not be empty");
    rules_mounts(config, error);
    if (config->process != NULL)
        rules_process(config->process, error);
    check_names(config, error);
    if (config->hooks != NULL)
        check_hooks(config->hooks, error);
    rules_annotations(config, error);
    if (config->linux != NULL) {
        rules_namespaces(config, error);
        rules_linux(config, error);
        rules_sysctl(config, error);
    }
    return error->number == 0 ? 0 : -EINVAL;
}

int spec_check_process(const struct spec_process *process, struct error *error)
{
    rules_process(process, error);
    return error->number == 0 ? 0 : -EINVAL;
}

int spec_check_mounts(const struct spec_config *config, struct error *error)
{
    rules_mounts(config, error);
    return error->number == 0 ? 0 : -EINVAL;
}

int spec_check_resources(const struct spec_resources *resources, struct error *error)
{
    rules_resources(resources, error);
    return error->number == 0 ? 0 : -EINVAL;
}
