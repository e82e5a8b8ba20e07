/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "rules.h"

/* Skips the dot-separated identifiers of a version up to one of `ends`. With `numbers_strict`,
 * numbers must have no leading zero. Returns NULL if they are malformed. */
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
        report_add(error, "ociVersion",
                   "must be a semantic version such as " SPEC_VERSION_MAX ", got %s",
                   QUOTE(version));
    else if (!text_starts_with(version, "1."))
        report_warning(error, "ociVersion", "this runtime knows the versions 1.x, got %s",
                       QUOTE(version));
}

/* Only warns: execve(2) and other runtimes accept any string. */
static void warn_of_environment(const char *where, const struct spec_hook *hook,
                                struct error *error)
{
    for (size_t i = 0; i < hook->n_env; i++)
        if (hook->env[i][0] == '=' || strchr(hook->env[i], '=') == NULL)
            report_warning(error, JSON_PATH("%s[%zu]", where, i), "should read NAME=value, got %s",
                           QUOTE(hook->env[i]));
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
                report_add(error, JSON_PATH("hooks.%s[%zu].path", kinds[kind].name, i),
                           "must be absolute, got %s", QUOTE(hook->path));
            warn_of_environment(where, hook, error);
        }
    }
}

/* uname(2) has room for 64 bytes. */
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
            report_add(error, names[i].where, "must not be longer than 64 bytes, got %s",
                       QUOTE(names[i].name));
        if (spec_find_namespace(config, SPEC_NAMESPACE_TYPE_UTS) == NULL)
            report_add(error, names[i].where,
                       "needs a uts namespace, and linux.namespaces has none");
    }
}

int spec_check_config(const struct spec_config *config, struct error *error)
{
    check_version(config->oci_version, error);
    /* A document with faults may have no root: src/spec/load.c. */
    if (config->root != NULL && config->root->path[0] == '\0')
        report_add(error, "root.path", "must not be empty");
    rules_mounts(config, error);
    if (config->process != NULL)
        rules_process(config->process, error);
    check_names(config, error);
    if (config->hooks != NULL)
        check_hooks(config->hooks, error);
    rules_annotations(config, error);
    rules_landlock(config, error);
    if (config->parsed != NULL && config->parsed->pod != NULL)
        rules_pod(config, error);
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
