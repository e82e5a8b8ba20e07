/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: Sysctl. Only sysctls of the container's own namespaces can be set. */
#include <errno.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "rules.h"

/* Files below /proc/sys of which each namespace has its own copy; a name that ends with '/' stands
 * for everything below it. ipc_namespaces(7), uts_namespaces(7), network_namespaces(7),
 * namespaces(7). */
static const struct {
    const char *path;
    enum spec_namespace_type type;
} namespaced[] = {
    {"net/", SPEC_NAMESPACE_TYPE_NETWORK},
    {"fs/mqueue/", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/auto_msgmni", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/msg_next_id", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/msgmax", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/msgmnb", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/msgmni", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/sem", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/sem_next_id", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/shm_next_id", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/shm_rmid_forced", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/shmall", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/shmmax", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/shmmni", SPEC_NAMESPACE_TYPE_IPC},
    {"kernel/domainname", SPEC_NAMESPACE_TYPE_UTS},
    {"kernel/hostname", SPEC_NAMESPACE_TYPE_UTS},
    {"user/", SPEC_NAMESPACE_TYPE_USER},
};

int spec_sysctl_path(const char *key, char path[SPEC_SYSCTL_PATH_SIZE])
{
    bool dotted = key[strcspn(key, "./")] == '.';
    size_t size = strlen(key) + 1;

    if (size > SPEC_SYSCTL_PATH_SIZE)
        return -EINVAL;
    memcpy(path, key, size);
    for (char *byte = path; dotted && *byte != '\0'; byte++)
        *byte = *byte == '.' ? '/' : *byte == '/' ? '.' : *byte;
    for (const char *name = path;;) {
        size_t length = strcspn(name, "/");

        if (length == 0 || (length <= 2 && strncmp(name, "..", length) == 0))
            return -EINVAL;
        if (name[length] == '\0')
            return 0;
        name += length + 1;
    }
}

static enum spec_namespace_type namespace_of(const char *path)
{
    for (size_t i = 0; i < COUNT(namespaced); i++) {
        const char *known = namespaced[i].path;
        bool all_below = known[strlen(known) - 1] == '/';

        if (all_below ? text_starts_with(path, known) : text_equal(path, known))
            return namespaced[i].type;
    }
    return SPEC_NAMESPACE_TYPE_NONE;
}

enum spec_namespace_type spec_sysctl_namespace(const char *key)
{
    char path[SPEC_SYSCTL_PATH_SIZE];

    return spec_sysctl_path(key, path) < 0 ? SPEC_NAMESPACE_TYPE_NONE : namespace_of(path);
}

static bool is_domainname(const char *key)
{
    char path[SPEC_SYSCTL_PATH_SIZE];

    return spec_sysctl_path(key, path) == 0 && text_equal(path, "kernel/domainname");
}

bool rules_repeats_domainname(const struct spec_config *config, const struct spec_pair *sysctl)
{
    return is_set(config->domainname) && is_domainname(sysctl->key) &&
           text_equal(sysctl->value, config->domainname);
}

static void check_key(const struct spec_config *config, const struct spec_pair *sysctl,
                      struct error *error)
{
    const char *key = sysctl->key;
    char path[SPEC_SYSCTL_PATH_SIZE];

    if (spec_sysctl_path(key, path) < 0) {
        report_add(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)),
                   "is not the name of a kernel parameter");
        return;
    }
    enum spec_namespace_type type = namespace_of(path);
    if (type == SPEC_NAMESPACE_TYPE_NONE)
        report_add(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)),
                   "is in no namespace, so it would change the host");
    else if (spec_find_namespace(config, type) == NULL)
        report_add(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)),
                   "needs a namespace of type %s, and linux.namespaces has none",
                   spec_namespace_type_names[type]);
    else if (text_equal(path, "kernel/hostname") && is_set(config->hostname))
        report_add(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)), "hostname sets it already");
    else if (rules_repeats_domainname(config, sysctl))
        report_warning(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)),
                       "domainname sets it already");
    else if (text_equal(path, "kernel/domainname") && is_set(config->domainname))
        report_add(error, JSON_PATH("linux.sysctl[%s]", QUOTE(key)), "domainname sets it already");
}

void rules_sysctl(const struct spec_config *config, struct error *error)
{
    for (size_t i = 0; i < config->linux->n_sysctl; i++)
        check_key(config, &config->linux->sysctl[i], error);
}
