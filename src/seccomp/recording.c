/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/seccomp/recording.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/read.h"
#include "berth/sys/memfd.h"

#define SHOWN_MAX 3 /* system calls in a message */

/* --- the calls -------------------------------------------------------------------------------- */

static bool is_below(struct seccomp_call a, struct seccomp_call b)
{
    return a.architecture != b.architecture ? a.architecture < b.architecture : a.number < b.number;
}

/* Returns where the set has the call, or would have it. */
static uint32_t find(const struct seccomp_call_set *set, struct seccomp_call call)
{
    uint32_t low = 0, high = set->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (is_below(set->call[middle], call))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has(const struct seccomp_call_set *set, struct seccomp_call call)
{
    uint32_t at = find(set, call);

    return at < set->count && !is_below(call, set->call[at]);
}

static void insert(struct seccomp_call_set *set, struct seccomp_call call)
{
    uint32_t at = find(set, call);

    set->is_full |= set->count == SECCOMP_CALLS_MAX;
    if (set->is_full)
        return;
    memmove(&set->call[at + 1], &set->call[at], (set->count - at) * sizeof(set->call[0]));
    set->call[at] = call;
    set->count++;
}

static bool has_name(struct seccomp_call call)
{
    AUTO_ARENA arena = {0};

    return seccomp_architecture_of(call.architecture, call.number) != SPEC_SECCOMP_ARCH_NONE &&
           seccomp_name_of(&arena, call.architecture, call.number) != NULL;
}

void seccomp_calls_add(struct seccomp_calls *calls, struct seccomp_call call)
{
    if (!has(&calls->named, call) && !has(&calls->unnamed, call))
        insert(has_name(call) ? &calls->named : &calls->unnamed, call);
}

struct text seccomp_calls_text(struct arena *arena, const struct seccomp_call_set *set)
{
    struct text text = {.arena = arena};

    for (uint32_t i = 0; i < set->count && i < SHOWN_MAX; i++) {
        const struct seccomp_call *call = &set->call[i];
        enum spec_seccomp_arch architecture =
            seccomp_architecture_of(call->architecture, call->number);

        text_addf(&text, "%s%u of ", i > 0 ? ", " : "", call->number);
        if (architecture != SPEC_SECCOMP_ARCH_NONE)
            text_add(&text, spec_seccomp_arch_names[architecture]);
        else
            text_addf(&text, "architecture %#x", call->architecture);
    }
    if (set->count > SHOWN_MAX)
        text_addf(&text, " and %s%u more", set->is_full ? "at least " : "", set->count - SHOWN_MAX);
    return text;
}

/* --- the recording ---------------------------------------------------------------------------- */

static void add_name(struct seccomp_recording *recording, const char *name)
{
    struct text_list *names = &recording->names;
    size_t at = names->count;

    while (at > 0 && strcmp(names->item[at - 1], name) > 0)
        at--;
    if (at > 0 && text_equal(names->item[at - 1], name))
        return;
    text_list_add(names, "");
    memmove(&names->item[at + 1], &names->item[at], (names->count - 1 - at) * sizeof(char *));
    names->item[at] = arena_string(recording->arena, name);
}

struct seccomp_recording seccomp_recording_of(struct arena *arena)
{
    static const char *const always[] = {"exit", "exit_group", "restart_syscall", "rt_sigreturn",
                                         "sigreturn"};
    struct seccomp_recording recording = {.arena = arena, .names = {.arena = arena}};

    for (size_t i = 0; i < COUNT(always); i++)
        add_name(&recording, always[i]);
    return recording;
}

static bool is_only_allowed(const struct spec_syscall *syscall)
{
    return syscall->action == SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW && !syscall->has_errno_ret &&
           syscall->n_args == 0;
}

static bool is_recording(const struct spec_seccomp *seccomp)
{
    if (seccomp->default_action != SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO ||
        !seccomp->has_default_errno_ret || seccomp->default_errno_ret != ENOSYS ||
        seccomp->n_flags > 0 || seccomp->listener_path != NULL ||
        seccomp->listener_metadata != NULL)
        return false;
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        if (!is_only_allowed(&seccomp->syscalls[i]))
            return false;
    return true;
}

int seccomp_recording_read(struct seccomp_recording *recording, const char *name, const char *bytes,
                           size_t size, struct error *error)
{
    const struct spec_text text = {bytes, size};
    const struct spec_seccomp *seccomp;

    TRY(spec_read_seccomp(recording->arena, name, &text, &seccomp, error));
    if (!is_recording(seccomp))
        return error_set(error, EINVAL,
                         "%s is not a recording: it contains more than SCMP_ACT_ALLOW rules", name);
    for (size_t i = 0; i < seccomp->n_architectures; i++)
        recording->architectures |= 1ULL << seccomp->architectures[i];
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        for (size_t j = 0; j < seccomp->syscalls[i].n_names; j++)
            add_name(recording, seccomp->syscalls[i].names[j]);
    return 0;
}

void seccomp_recording_add(struct seccomp_recording *recording, const struct seccomp_calls *calls)
{
    for (uint32_t i = 0; i < calls->named.count; i++) {
        const struct seccomp_call *call = &calls->named.call[i];

        recording->architectures |= 1ULL
                                    << seccomp_architecture_of(call->architecture, call->number);
        add_name(recording, seccomp_name_of(recording->arena, call->architecture, call->number));
    }
}

struct text seccomp_recording_text(const struct seccomp_recording *recording)
{
    struct json json;

    json_start(&json, recording->arena, true);
    json_object_open(&json);
    json_member(&json, "defaultAction", "SCMP_ACT_ERRNO");
    json_key(&json, "defaultErrnoRet");
    json_u64(&json, ENOSYS);
    json_key(&json, "architectures");
    json_array_open(&json);
    for (int arch = SPEC_SECCOMP_ARCH_NONE + 1; spec_seccomp_arch_names[arch] != NULL; arch++)
        if (recording->architectures >> arch & 1)
            json_string(&json, spec_seccomp_arch_names[arch]);
    json_array_close(&json);
    json_key(&json, "syscalls");
    json_array_open(&json);
    json_object_open(&json);
    json_key(&json, "names");
    json_array_open(&json);
    for (size_t i = 0; i < recording->names.count; i++)
        json_string(&json, recording->names.item[i]);
    json_array_close(&json);
    json_member(&json, "action", "SCMP_ACT_ALLOW");
    json_object_close(&json);
    json_array_close(&json);
    json_object_close(&json);
    text_add(&json.text, "\n");
    return json.text;
}

int seccomp_make_recorder(void)
{
    const struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};

    return sys_memfd_sealed("seccomp", code, sizeof(code), false);
}
