/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "explain/program.h"
#include "state/host-facts.h"

#define NOBODYS_ID "@check" /* a name that no container can have */

static bool is_set(const char *string)
{
    return string != NULL && string[0] != '\0';
}

/* --- hooks that run after create -------------------------------------------------------------- */

struct late_hooks {
    const char *name;
    const struct spec_hook *hooks;
    size_t count;
    enum finding_severity severity;
};

static void check_late_hooks(struct check *check, const struct late_hooks *late)
{
    for (size_t i = 0; i < late->count; i++) {
        struct program program = program_look_at(&check->host, late->hooks[i].path);

        if (program.number == 0)
            continue;
        const struct finding finding = {
            .severity = late->severity,
            .number = program.number,
            .path = arena_printf(check->arena, "hooks.%s[%zu]", late->name, i),
            .act = arena_printf(check->arena, "run the hook %s", late->hooks[i].path),
            .hint = program.hint,
        };
        findings_add_new(check->error->findings, &finding);
    }
}

/* --- namespaces ------------------------------------------------------------------------------- */

static void add_error(struct check *check, const char *path, int number, const char *cause,
                      const char *hint)
{
    const struct finding finding = {.number = number, .path = path, .cause = cause, .hint = hint};

    findings_add_new(check->error->findings, &finding);
}

static void check_namespaces(struct check *check, const struct spec_linux *config)
{
    for (size_t i = 0; i < config->n_namespaces; i++) {
        const char *name = spec_namespace_type_names[config->namespaces[i].type];
        const char *path =
            arena_printf(check->arena, "/proc/self/ns/%s", host_namespace_file(name));

        if (!is_set(config->namespaces[i].path) && access(path, F_OK) < 0)
            add_error(check, JSON_PATH("linux.namespaces[%zu].type", i), EINVAL,
                      arena_printf(check->arena, "the kernel has no %s namespaces", name),
                      "leave it out, or use a kernel that has them");
    }
}

/* --- what the host has to provide ------------------------------------------------------------- */

/* A property of the config, and what it needs on the host. */
struct need {
    const char *path;
    bool is_wanted;
    bool is_met;
    const char *words;
    const char *hint;
};

static bool is_socket(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

static void check_needs(struct check *check)
{
    static const struct spec_process no_process;
    static const struct spec_linux no_linux;
    static const struct spec_seccomp no_seccomp;
    const struct spec_config *config = check->transaction->config;
    const struct spec_process *process = config->process != NULL ? config->process : &no_process;
    const struct spec_linux *linux = config->linux != NULL ? config->linux : &no_linux;
    const struct spec_seccomp *seccomp = linux->seccomp != NULL ? linux->seccomp : &no_seccomp;
    bool has_apparmor = host_has_lsm(check->arena, "apparmor");
    bool has_selinux = host_has_lsm(check->arena, "selinux");
    /* Checks absolute paths only: other sockets are in the bundle, or not in a file system. */
    bool has_agent = spec_seccomp_notifies(seccomp) && is_set(seccomp->listener_path) &&
                     seccomp->listener_path[0] == '/';
    const struct need needs[] = {
        {"process.apparmorProfile", is_set(process->apparmor_profile), has_apparmor,
         "AppArmor is not active on this host",
         "leave the profile out, or boot with lsm=...,apparmor"},
        {"process.apparmorProfile", is_set(process->apparmor_profile) && has_apparmor,
         !is_set(process->apparmor_profile) ||
             host_has_apparmor_profile(check->arena, process->apparmor_profile),
         "the profile is not loaded", "load it with apparmor_parser -r FILE"},
        {"process.selinuxLabel", is_set(process->selinux_label), has_selinux,
         "SELinux is not active on this host", "leave the label out"},
        {"linux.mountLabel", is_set(linux->mount_label), has_selinux,
         "SELinux is not active on this host", "leave the label out"},
        {"linux.intelRdt", linux->intel_rdt != NULL, access("/sys/fs/resctrl/schemata", F_OK) == 0,
         "resctrl is not mounted",
         "mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it"},
        {"linux.seccomp.listenerPath", has_agent, has_agent && is_socket(seccomp->listener_path),
         "there is no such socket", "start the agent that listens on it first"},
    };

    for (size_t i = 0; i < COUNT(needs); i++)
        if (needs[i].is_wanted && !needs[i].is_met)
            add_error(check, needs[i].path, ENOENT, needs[i].words, needs[i].hint);
    for (size_t i = 0; i < linux->n_net_devices; i++) {
        const char *name = linux->net_devices[i].key;

        if (if_nametoindex(name) == 0) /* not sysfs: it may show another namespace */
            add_error(check, JSON_PATH("linux.netDevices[\"%s\"]", name), ENODEV,
                      "there is no such network device", "see ip link");
    }
}

/* Checks what, according to `doctor`, every container needs. */
static void check_kernel(struct check *check)
{
    struct runtime_fact *facts;
    size_t count;

    runtime_examine_host(check->arena, true, &facts, &count);
    for (size_t i = 0; i < count; i++)
        if (facts[i].state == RUNTIME_FACT_NO)
            add_error(check, NULL, ENOSYS,
                      arena_printf(check->arena, "%s: %s", facts[i].name, facts[i].meaning),
                      facts[i].hint);
}

void check_config(struct check *check)
{
    const struct spec_config *config = check->transaction->config;

    check_kernel(check);

    if (config->hooks != NULL) {
        const struct spec_hooks *hooks = config->hooks;

        check_late_hooks(check, &(struct late_hooks){"poststart", hooks->poststart,
                                                     hooks->n_poststart, FINDING_ERROR});
        /* Only a failed poststop hook is a warning (runtime.md, Lifecycle). */
        check_late_hooks(check, &(struct late_hooks){"poststop", hooks->poststop, hooks->n_poststop,
                                                     FINDING_WARNING});
    }
    if (config->linux != NULL)
        check_namespaces(check, config->linux);
    check_needs(check);
}

/* --- check ------------------------------------------------------------------------------------ */

/* Sets the line and column of findings, except for those made while the text was read. */
static void locate(struct findings *findings, const char *bytes, size_t size)
{
    for (size_t i = 0; bytes != NULL && i < findings->count; i++) {
        struct finding *finding = &findings->item[i];

        if (finding->line == 0)
            spec_locate(bytes, size, finding->path, &finding->line, &finding->column);
        else
            finding->file = ""; /* means the configuration */
    }
}

static const struct finding not_all = {
    .severity = FINDING_WARNING,
    .cause = "berth has not checked what this host supports",
    .hint = "fix the errors, and check again",
};

static const struct finding lacks_process = {
    .severity = FINDING_WARNING,
    .path = "process",
    .cause = "missing: the container can be created, but not started",
    .hint = "add one",
};

static void look_at_host(struct transaction *transaction)
{
    struct check check = {
        .arena = transaction->arena,
        .transaction = transaction,
        .plan = transaction->plan,
        .error = transaction->error,
        .view = {.arena = transaction->arena},
        .host = {.arena = transaction->arena, .root = ""},
    };

    check_config(&check);
    if (transaction->config->linux != NULL && transaction->config->linux->seccomp != NULL)
        seccomp_find_unknown(transaction->config->linux->seccomp, transaction->error->findings);
    if (transaction->plan != NULL)
        check_steps(&check);
    else
        findings_add(transaction->error->findings, &not_all);
    if (transaction->config->process == NULL && !spec_is_pod(transaction->config))
        findings_add(transaction->error->findings, &lacks_process);
}

void runtime_check(const struct runtime_options *options, const struct runtime_create *request,
                   struct findings *findings)
{
    struct runtime_create anyones = *request;
    struct error error = {.findings = findings};
    struct transaction transaction =
        transaction_of(findings->arena, &transaction_create, options, &anyones);

    anyones.launch.id = NOBODYS_ID;
    anyones.launch.fault_step = -1;
    if (transaction_examine(&transaction, &error) == 0)
        look_at_host(&transaction);
    else
        error_collect(&error, -error.number);
    if (transaction.config_bytes != NULL && transaction.config == NULL)
        findings_add(findings, &not_all);
    if (transaction.config_bytes != NULL)
        spec_find_unknown(transaction.config_bytes, transaction.config_size, findings);
    log_pop_warnings(findings);
    locate(findings, transaction.config_bytes, transaction.config_size);
    bus_close(&transaction.bus);
}
