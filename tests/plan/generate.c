/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans thousands of generated configurations without root, and checks that each plan is sound and
 * does all that the configuration asks for. A configuration takes one level of every factor of
 * factors.h.
 * Every pair of levels of two factors occurs at least twice: once with the first levels of the
 * others, and once with random ones. `generate SEED` is another draw.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tap-error.h"
#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/build.h"
#include "berth/plan/check.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/spec/config.h"
#include "berth/spec/landlock.h"
#include "berth/spec/read.h"
#include "factors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct draw {
    unsigned char level[COUNT(factors)];
    struct arena *arena;
};

static size_t count_levels(size_t factor)
{
    size_t n = 0;

    while (n < COUNT(factors[factor].level) && factors[factor].level[n] != NULL)
        n++;
    return n;
}

/* --- the document ----------------------------------------------------------------------------- */

static bool has_word(const struct draw *draw, const char *word)
{
    for (size_t i = 0; i < COUNT(factors); i++)
        if (factors[i].section > SECTIONS && text_equal(factors[i].level[draw->level[i]], word))
            return true;
    return false;
}

static bool is_pod(const struct draw *draw)
{
    return has_word(draw, "pod") && has_word(draw, "create");
}

/* What src/spec/check-pod.c refuses would leave few pods to plan. */
static bool suits_pod(enum section section, const char *level)
{
    static const char *const unsuitable[] = {
        "{'type':'pid'",  "{'type':'mount'", "'startContainer'", "'poststart'",
        "'maskedPaths'",  "'readonlyPaths'", "'personality'",    "'rootfsPropagation'",
        "'memoryPolicy'", "'seccomp'",       "'mountLabel'",     "'run.berth.",
        "'cgroupsPath'",  "'run.oci.keep_",
    };

    if (section == PROCESS || section == MOUNTS || section == ROOT || section == DEVICES)
        return false;
    for (size_t i = 0; i < COUNT(unsuitable); i++)
        if (text_starts_with(level, unsuitable[i]))
            return false;
    return true;
}

static char *list_section(const struct draw *draw, enum section section)
{
    struct text text = {.arena = draw->arena};

    text_add(&text, "");
    for (size_t i = 0; i < COUNT(factors); i++) {
        const char *level = factors[i].level[draw->level[i]];

        if (factors[i].section == section && level[0] != '\0' &&
            (!is_pod(draw) || suits_pod(section, level)))
            text_addf(&text, "%s%s", text.size > 0 ? "," : "", level);
    }
    return text.bytes;
}

static char *document_of(const struct draw *draw)
{
    const char *top = list_section(draw, TOP);
    const char *namespaces = list_section(draw, NAMESPACES),
               *mappings = list_section(draw, MAPPINGS);
    const char *ids = strstr(namespaces, "'user'}") == NULL
                          ? ""
                          : arena_printf(draw->arena, "'uidMappings':[%s],'gidMappings':[%s],",
                                         mappings, mappings);
    const char *process =
        is_pod(draw) ? "null"
                     : arena_printf(draw->arena, "{'cwd':'/',%s}", list_section(draw, PROCESS));
    const char *of_pod = !is_pod(draw) ? ""
                         : list_section(draw, ANNOTATIONS)[0] == '\0'
                             ? "'run.berth.pod':'namespaces'"
                             : "'run.berth.pod':'namespaces',";
    char *json = arena_printf(
        draw->arena,
        "{'ociVersion':'1.3.0',%s%s'process':%s,'root':{'path':'r'%s%s},'mounts':[%s],"
        "'hooks':{%s},'annotations':{%s%s},'linux':{'namespaces':[%s],'devices':[%s],%s%s%s%s"
        "'intelRdt':null}}",
        top, top[0] != '\0' ? "," : "", process, list_section(draw, ROOT)[0] != '\0' ? "," : "",
        list_section(draw, ROOT), list_section(draw, MOUNTS), list_section(draw, HOOKS), of_pod,
        list_section(draw, ANNOTATIONS), namespaces, list_section(draw, DEVICES), ids,
        is_pod(draw) ? "'cgroupsPath':'/x/y'," : "", list_section(draw, LINUX),
        list_section(draw, LINUX)[0] != '\0' ? "," : "");

    for (char *byte = json; *byte != '\0'; byte++)
        *byte = *byte == '\'' ? '"' : *byte;
    return json;
}

static const struct plan_hierarchy hybrid[] = {
    {"memory", "/sys/fs/cgroup/memory/b", "memory", "/sys/fs/cgroup/memory/b/tasks", false, false},
    {"unified", "/sys/fs/cgroup/unified/b", "", "/sys/fs/cgroup/unified/b/cgroup.procs", true,
     true},
};
static const struct plan_hierarchy unified[] = {
    {"", "/sys/fs/cgroup/b", "", "/sys/fs/cgroup/b/cgroup.procs", true, true}};
static const struct plan_hierarchy delegated[] = {
    {"", "/sys/fs/cgroup/b", "", "/sys/fs/cgroup/b/cgroup.procs", true, true,
     .delegated = "/sys/fs/cgroup/b/d"},
};

static struct plan_host host_of(const struct draw *draw)
{
    bool is_rootless = has_word(draw, "rootless");
    struct plan_host host = {
        .privileged = !is_rootless,
        .can_make_devices = !is_rootless,
        .bounding_capabilities = 0x1ffffffffff,
        .permitted_capabilities = 0x1ffffffffff,
        .cgroups_need_process = has_word(draw, "systemd"),
        .has_selinux = !is_rootless,
        .has_kernel_core = !is_rootless,
        .apparmor_file = is_rootless ? NULL : "self/attr/apparmor/exec",
        .landlock_abi = is_rootless ? 0 : 7,
        .rdt_class = has_word(draw, "rdt") && !is_pod(draw) ? "/sys/fs/resctrl/c" : NULL,
        .makes_rdt = has_word(draw, "rdt") && !is_pod(draw),
        .shared_cookie = {has_word(draw, "cookie") ? "other" : NULL, 7, 8},
    };

    host.shown = has_word(draw, "hybrid") ? hybrid : unified;
    host.n_shown = has_word(draw, "hybrid") ? 2 : 1;
    if (is_rootless || has_word(draw, "no-cgroups"))
        return host;
    host.hierarchies = has_word(draw, "hybrid")                       ? hybrid
                       : has_word(draw, "delegated") && !is_pod(draw) ? delegated
                                                                      : unified;
    host.n_hierarchies = host.n_shown;
    host.shown = host.hierarchies;
    return host;
}

typedef int build_plan(struct arena *arena, const struct spec_config *config,
                       const struct plan_request *request, const struct plan_header **ret_plan,
                       struct error *error);

static const struct verb {
    const char *name;
    build_plan *build;
    bool runs;  /* the plan starts config->process in a container that it makes */
    bool joins; /* the container is there */
} verbs[] = {
    {"create", plan_build, true, false},     {"run", plan_build, true, false},
    {"exec", plan_build_exec, false, true},  {"restore", plan_build_restore, false, false},
    {"add", plan_build_mounts, false, true}, {"remove", plan_build_unmounts, false, true},
};

static const struct verb *verb_of(const struct draw *draw)
{
    return &verbs[draw->level[0]];
}

static uint64_t namespaces_of(const struct spec_config *config)
{
    static const uint64_t flags[] = {
        [SPEC_NAMESPACE_TYPE_PID] = CLONE_NEWPID,
        [SPEC_NAMESPACE_TYPE_NETWORK] = CLONE_NEWNET,
        [SPEC_NAMESPACE_TYPE_MOUNT] = CLONE_NEWNS,
        [SPEC_NAMESPACE_TYPE_IPC] = CLONE_NEWIPC,
        [SPEC_NAMESPACE_TYPE_UTS] = CLONE_NEWUTS,
        [SPEC_NAMESPACE_TYPE_USER] = CLONE_NEWUSER,
        [SPEC_NAMESPACE_TYPE_CGROUP] = CLONE_NEWCGROUP,
        [SPEC_NAMESPACE_TYPE_TIME] = 0x80,
    };
    uint64_t all = 0;

    for (size_t i = 0; i < config->linux->n_namespaces; i++)
        all |= flags[config->linux->namespaces[i].type];
    return all;
}

/* --- does the plan do what the document says? ------------------------------------------------- */

struct inspection {
    const struct draw *draw;
    const struct spec_config *config;
    const struct plan_header *plan;
    struct error *error;
};

static size_t count_steps(const struct inspection *inspection, enum plan_op op, const char *place)
{
    size_t n = 0;

    for (int i = 0; i < (int) inspection->plan->step_count; i++) {
        const char *of_step = plan_step_place(inspection->plan, i);

        if (plan_steps(inspection->plan)[i].op == op &&
            (place == NULL || (of_step != NULL && text_starts_with(of_step, place))))
            n++;
    }
    return n;
}

static int expect_steps(const struct inspection *inspection, enum plan_op op, const char *place,
                        size_t expected)
{
    size_t got = count_steps(inspection, op, place);

    if (got == expected)
        return 0;
    return error_set(inspection->error, 1, "plan: %zu steps %s for %s, expected %zu", got,
                     plan_op_name(op), place != NULL ? place : "all", expected);
}

/* What is signalled is awaited: else one side runs ahead of the other. The host alone may need
 * INIT's process id, and nobody the network devices. */
static int inspect_tokens(const struct inspection *inspection)
{
    const struct plan_step *steps = plan_steps(inspection->plan);
    unsigned awaited = PLAN_TOKEN_RECORDED;

    if (inspection->config->linux->n_sysctl == 0)
        awaited |= PLAN_TOKEN_NET_DEVICES;
    for (int i = (int) inspection->plan->step_count - 1; i >= 0; i--) {
        if (steps[i].signals & ~awaited)
            return error_set(inspection->error, 1, "plan: nobody awaits the token %s",
                             plan_token_name(steps[i].signals & ~awaited));
        awaited |= steps[i].awaits;
    }
    return 0;
}

/* All namespaces of the document are entered, and no other. */
static int inspect_namespaces(const struct inspection *inspection)
{
    const struct plan_step *steps = plan_steps(inspection->plan);
    uint64_t entered = 0;

    for (uint32_t i = 0; i < inspection->plan->step_count; i++)
        entered |= plan_step_namespaces(&steps[i]);
    if (entered == namespaces_of(inspection->config))
        return 0;
    return error_set(inspection->error, 1, "plan: enters the namespaces %#llx, expected %#llx",
                     (unsigned long long) entered,
                     (unsigned long long) namespaces_of(inspection->config));
}

/* The last capabilities that are set are the document's, the bounding set too. */
static int inspect_capabilities(const struct inspection *inspection)
{
    const struct plan_step *steps = plan_steps(inspection->plan);
    const struct spec_capabilities *names = inspection->config->process->capabilities;
    const struct plan_step *set = NULL, *limit = NULL;

    for (uint32_t i = 0; i < inspection->plan->step_count; i++) {
        set = steps[i].op == PLAN_SET_CAPABILITIES ? &steps[i] : set;
        limit = steps[i].op == PLAN_LIMIT_CAPABILITIES ? &steps[i] : limit;
    }
    const size_t counts[] = {
        names == NULL ? 0 : names->n_bounding, names == NULL ? 0 : names->n_effective,
        names == NULL ? 0 : names->n_permitted, names == NULL ? 0 : names->n_inheritable,
        names == NULL ? 0 : names->n_ambient};
    const uint64_t got[] = {limit->limit_capabilities.bounding, set->set_capabilities.effective,
                            set->set_capabilities.permitted, set->set_capabilities.inheritable,
                            set->set_capabilities.ambient};
    for (size_t i = 0; i < COUNT(counts); i++)
        if ((size_t) __builtin_popcountll(got[i]) != counts[i])
            return error_set(inspection->error, 1,
                             "plan: sets other capabilities than the document has");
    return 0;
}

static int inspect_ruleset(const struct inspection *inspection)
{
    bool is_restricted =
        spec_landlock_of(inspection->config) != NULL && !has_word(inspection->draw, "rootless");

    TRY(expect_steps(inspection, PLAN_MAKE_RULESET, NULL, is_restricted));
    TRY(expect_steps(inspection, PLAN_ALLOW_PATH, NULL, is_restricted ? 2 : 0));
    return expect_steps(inspection, PLAN_ENFORCE_RULESET, NULL, is_restricted);
}

static int inspect_process(const struct inspection *inspection)
{
    const struct spec_process *process = inspection->config->process;
    bool is_exec = verb_of(inspection->draw)->joins;
    const struct spec_seccomp *seccomp = inspection->config->linux->seccomp;
    const struct spec_hooks *hooks = inspection->config->hooks;

    TRY(inspect_capabilities(inspection));
    TRY(expect_steps(inspection, PLAN_SET_NO_NEW_PRIVILEGES, NULL, process->no_new_privileges));
    TRY(expect_steps(inspection, PLAN_LOAD_SECCOMP, NULL, seccomp != NULL));
    TRY(inspect_ruleset(inspection));
    TRY(expect_steps(inspection, PLAN_COMPILE_SECCOMP, NULL, seccomp != NULL));
    TRY(expect_steps(inspection, PLAN_HAND_LISTENER, NULL,
                     seccomp != NULL && spec_seccomp_notifies(seccomp)));
    TRY(expect_steps(inspection, PLAN_MAKE_CONSOLE, NULL, process->terminal));
    TRY(expect_steps(inspection, PLAN_HAND_CONSOLE, NULL, process->terminal));
    TRY(expect_steps(inspection, PLAN_SET_OOM_SCORE, NULL, process->has_oom_score_adj));
    TRY(expect_steps(inspection, PLAN_SET_SCHEDULER, NULL, process->scheduler != NULL));
    TRY(expect_steps(inspection, PLAN_SET_RLIMIT, NULL, 2 * process->n_rlimits));
    TRY(expect_steps(inspection, PLAN_SET_USER, NULL, 1));
    TRY(expect_steps(inspection, PLAN_SET_CORE_COOKIE, SPEC_CORE_SCHEDULING_PATH,
                     spec_annotation(inspection->config, SPEC_CORE_SCHEDULING) != NULL));
    return expect_steps(inspection, PLAN_RUN_HOOK, "hooks.startContainer",
                        is_exec ? 0 : hooks->n_start_container);
}

static int inspect_container(const struct inspection *inspection)
{
    const struct spec_config *config = inspection->config;

    TRY(inspect_namespaces(inspection));
    TRY(inspect_tokens(inspection));
    TRY(expect_steps(inspection, PLAN_MASK_PATH, NULL, config->linux->n_masked_paths));
    TRY(expect_steps(inspection, PLAN_PROTECT_PATH, NULL, config->linux->n_readonly_paths));
    TRY(expect_steps(inspection, PLAN_SET_MOUNT_ATTRIBUTES, "root.readonly",
                     config->root->readonly));
    TRY(expect_steps(inspection, PLAN_PUT_FILE, "linux.sysctl", config->linux->n_sysctl));
    TRY(expect_steps(inspection, PLAN_PUT_FILE, "linux.timeOffsets",
                     config->linux->n_time_offsets));
    TRY(expect_steps(inspection, PLAN_MOVE_NET_DEVICE, NULL, config->linux->n_net_devices));
    TRY(expect_steps(inspection, PLAN_RUN_HOOK, "hooks.prestart", config->hooks->n_prestart));
    TRY(expect_steps(inspection, PLAN_RUN_HOOK, "hooks.createRuntime",
                     config->hooks->n_create_runtime));
    TRY(expect_steps(inspection, PLAN_RUN_HOOK, "hooks.createContainer",
                     config->hooks->n_create_container));
    TRY(expect_steps(inspection, PLAN_SET_HOSTNAME, NULL, config->hostname != NULL));
    TRY(expect_steps(inspection, PLAN_AWAIT_START, NULL,
                     text_equal(verb_of(inspection->draw)->name, "create")));
    TRY(expect_steps(inspection, PLAN_ENTER_DELEGATED, NULL,
                     has_word(inspection->draw, "delegated")));
    return inspect_process(inspection);
}

/* Each namespace is held, and no process is left. */
static int inspect_pod(const struct inspection *inspection)
{
    const struct spec_config *config = inspection->config;
    const enum plan_op never[] = {PLAN_EXECUTE, PLAN_AWAIT_START, PLAN_SET_USER, PLAN_PIVOT_ROOT};

    TRY(inspect_namespaces(inspection));
    TRY(inspect_tokens(inspection));
    TRY(expect_steps(inspection, PLAN_PIN_NAMESPACE, "linux.namespaces",
                     config->linux->n_namespaces));
    for (size_t i = 0; i < COUNT(never); i++)
        TRY(expect_steps(inspection, never[i], NULL, 0));
    TRY(expect_steps(inspection, PLAN_PUT_FILE, "linux.sysctl", config->linux->n_sysctl));
    TRY(expect_steps(inspection, PLAN_PUT_FILE, "linux.timeOffsets",
                     config->linux->n_time_offsets));
    TRY(expect_steps(inspection, PLAN_MOVE_NET_DEVICE, NULL, config->linux->n_net_devices));
    TRY(expect_steps(inspection, PLAN_RUN_HOOK, NULL,
                     config->hooks->n_prestart + config->hooks->n_create_runtime +
                         config->hooks->n_create_container));
    TRY(expect_steps(inspection, PLAN_SET_HOSTNAME, NULL, config->hostname != NULL));
    TRY(expect_steps(inspection, PLAN_FINISH, NULL, 1));
    return expect_steps(inspection, PLAN_AWAIT_END, NULL, 1);
}

/* --- one draw --------------------------------------------------------------------------------- */

enum outcome { SOUND, REFUSED, BROKEN };

static int plan_of(const struct draw *draw, const struct spec_config *config, struct error *error)
{
    const struct plan_host host = host_of(draw);
    static const char *const names[] = {"net:[1]", "mnt:[2]"};
    const struct verb *verb = verb_of(draw);
    const struct plan_request request = {
        .host = &host,
        .id = "c",
        .bundle = "/b",
        .rootfs = "/b/r",
        .image_dir = "/i",
        .fault_step = PLAN_NONE,
        .namespaces = {verb->joins ? namespaces_of(config) : 0, names, 2, "7/root", 8, 9},
        .run = !text_equal(verb->name, "create"),
        .no_pivot = has_word(draw, "no-pivot"),
        .no_new_keyring = has_word(draw, "no-keyring"),
        .notify_dir = has_word(draw, "notify") && verb->runs && !is_pod(draw) ? "/run/n" : NULL,
    };
    struct inspection inspection = {draw, config, NULL, error};

    TRY(verb->build(draw->arena, config, &request, &inspection.plan, error));
    TRY(plan_check(inspection.plan, inspection.plan->size, error));
    if (is_pod(draw))
        return inspect_pod(&inspection);
    if (verb->runs)
        return inspect_container(&inspection);
    if (verb->joins)
        TRY(expect_steps(&inspection, PLAN_VERIFY_NAMESPACES, NULL, 1));
    return text_equal(verb->name, "exec") ? inspect_process(&inspection) : 0;
}

static enum outcome try_draw(struct draw *draw)
{
    AUTO_ARENA arena = {0};
    struct error error = {0};
    const struct spec_config *config;

    draw->arena = &arena;
    char *json = document_of(draw);
    if (spec_read_config(&arena, json, strlen(json), &config, &error) < 0) {
        printf("%s\n%s\n", tap_error(&error), json);
        return BROKEN;
    }
    if (spec_check_config(config, &error) < 0)
        return REFUSED;
    if (plan_of(draw, config, &error) == 0)
        return SOUND;
    if (!text_starts_with(tap_error(&error), "plan: "))
        return REFUSED; /* in words of the document's */
    printf("%s: %s, on %s\n%s\n", verb_of(draw)->name, tap_error(&error),
           factors[1].level[draw->level[1]], json);
    return BROKEN;
}

int main(int argc, char **argv)
{
    unsigned count[BROKEN + 1] = {0};

    srandom(argc > 1 ? (unsigned) atoi(argv[1]) : 1);
    for (size_t a = 0; a < COUNT(factors); a++)
        for (size_t b = a + 1; b < COUNT(factors); b++)
            for (size_t pair = 0; pair < 2 * count_levels(a) * count_levels(b); pair++) {
                struct draw draw = {0};

                for (size_t i = 0; pair % 2 != 0 && i < COUNT(factors); i++)
                    draw.level[i] =
                        (unsigned char) (random() % 3 != 0 ? 0
                                                           : (size_t) random() % count_levels(i));
                draw.level[a] = (unsigned char) (pair / 2 % count_levels(a));
                draw.level[b] = (unsigned char) (pair / 2 / count_levels(a));
                count[try_draw(&draw)]++;
                if (count[BROKEN] > 5)
                    return 1;
            }
    printf("%u plans are sound, %u configurations are refused, %u plans are broken\n", count[SOUND],
           count[REFUSED], count[BROKEN]);
    return count[BROKEN] > 0 || count[SOUND] < 3 * count[REFUSED];
}
