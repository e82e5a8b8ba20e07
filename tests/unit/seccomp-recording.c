/* SPDX-License-Identifier: Apache-2.0 */
/* The sets of system calls, and the profile that is made of them. */
#include <linux/audit.h>

#include "berth/base/arena.h"
#include "berth/seccomp/recording.h"
#include "tap-error.h"
#include "tap.h"

#define UNKNOWN 100000 /* no system call of any kernel has this number */

static bool is_sorted(const struct seccomp_call_set *set)
{
    for (uint32_t i = 1; i < set->count; i++)
        if (set->call[i - 1].architecture > set->call[i].architecture ||
            (set->call[i - 1].architecture == set->call[i].architecture &&
             set->call[i - 1].number >= set->call[i].number))
            return false;
    return true;
}

static void test_sets(void)
{
    static struct seccomp_calls calls;
    const uint32_t architectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
    const uint32_t many[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,  AUDIT_ARCH_ARM, AUDIT_ARCH_PPC,
                             AUDIT_ARCH_PPC64,  AUDIT_ARCH_S390X, AUDIT_ARCH_S390};

    for (uint32_t i = 0; i < 2000; i++)
        seccomp_calls_add(&calls, (struct seccomp_call){architectures[i % 2], i * 7919 % 100});
    tap_ok(calls.named.count == 100 && calls.unnamed.count == 0, "a call is kept once: %u",
           calls.named.count);
    tap_ok(is_sorted(&calls.named), "the calls are sorted");
    for (uint32_t i = 0; i < SECCOMP_CALLS_MAX; i++)
        seccomp_calls_add(&calls, (struct seccomp_call){AUDIT_ARCH_X86_64, UNKNOWN + i});
    tap_ok(calls.unnamed.count == SECCOMP_CALLS_MAX && !calls.unnamed.is_full,
           "SECCOMP_CALLS_MAX calls without a name are kept");
    tap_ok(is_sorted(&calls.unnamed), "they are sorted, too");
    seccomp_calls_add(&calls, (struct seccomp_call){AUDIT_ARCH_X86_64, UNKNOWN});
    tap_ok(!calls.unnamed.is_full, "a known call in a full set is not a further one");
    seccomp_calls_add(&calls, (struct seccomp_call){AUDIT_ARCH_X86_64, 2 * UNKNOWN});
    tap_ok(calls.unnamed.count == SECCOMP_CALLS_MAX && calls.unnamed.is_full,
           "a further call in a full set is not kept, and the set says so");
    seccomp_calls_add(&calls, (struct seccomp_call){AUDIT_ARCH_X86_64, 101});
    tap_ok(calls.named.count == 101 && !calls.named.is_full,
           "calls without a name take no room from those with a name");
    for (uint32_t i = 0; i < 7 * 400; i++)
        seccomp_calls_add(&calls, (struct seccomp_call){many[i % 7], i / 7});
    tap_ok(calls.named.count == SECCOMP_CALLS_MAX && calls.named.is_full,
           "too many calls with a name are not all kept, and the set says so");
}

static void test_words(void)
{
    AUTO_ARENA arena = {0};
    static struct seccomp_call_set set = {
        .count = 1,
        .call = {{AUDIT_ARCH_X86_64, UNKNOWN},
                 {AUDIT_ARCH_X86_64, 0xffffffff},
                 {12345, 1},
                 {12345, 2},
                 {12345, 3}},
    };

    tap_text(seccomp_calls_text(&arena, &set).bytes, "100000 of SCMP_ARCH_X86_64", "one call");
    set.count = 3;
    tap_text(seccomp_calls_text(&arena, &set).bytes,
             "100000 of SCMP_ARCH_X86_64, 4294967295 of SCMP_ARCH_X86_64, "
             "1 of architecture 0x3039",
             "three calls, one of an architecture that the specification does not have");
    set.count = 5;
    tap_text(seccomp_calls_text(&arena, &set).bytes,
             "100000 of SCMP_ARCH_X86_64, 4294967295 of SCMP_ARCH_X86_64, "
             "1 of architecture 0x3039 and 2 more",
             "further ones are counted");
    set.is_full = true;
    tap_ok(strstr(seccomp_calls_text(&arena, &set).bytes, " and at least 2 more") != NULL,
           "of a full set the number is a lower limit");
}

static const char *text_of(const struct seccomp_recording *recording)
{
    const struct text text = seccomp_recording_text(recording);

    return text.bytes;
}

#define HEAD "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 38,\n"
#define TAIL "\n      ],\n      \"action\": \"SCMP_ACT_ALLOW\"\n    }\n  ]\n}\n"

static void test_profile(void)
{
    AUTO_ARENA arena = {0};
    struct seccomp_recording recording = seccomp_recording_of(&arena);
    static struct seccomp_calls calls;
    static const struct seccomp_call made[] = {
        {AUDIT_ARCH_I386, 20},
        {AUDIT_ARCH_X86_64, 39},
        {AUDIT_ARCH_X86_64, 0},
        {AUDIT_ARCH_X86_64, 0x40000000 + 520},
    };

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        seccomp_calls_add(&calls, made[i]);
    seccomp_recording_add(&recording, &calls);
    tap_text(text_of(&recording),
             HEAD "  \"architectures\": [\n    \"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86_64\",\n"
                  "    \"SCMP_ARCH_X32\"\n  ],\n  \"syscalls\": [\n    {\n      \"names\": [\n"
                  "        \"execve\",\n        \"exit\",\n        \"exit_group\",\n"
                  "        \"getpid\",\n        \"read\",\n        \"restart_syscall\",\n"
                  "        \"rt_sigreturn\",\n        \"sigreturn\"" TAIL,
             "calls of three architectures, by name, each once");
}

static void test_unnamed(void)
{
    static const struct seccomp_call unnamed[] = {
        {AUDIT_ARCH_X86_64, UNKNOWN},    {AUDIT_ARCH_X86_64, 0x40000000 + UNKNOWN}, /* x32 */
        {AUDIT_ARCH_X86_64, 0xffffffff},                                            /* not x32 */
        {AUDIT_ARCH_I386, 0xffffffff},   {12345, 1},
    };

    for (size_t i = 0; i < sizeof(unnamed) / sizeof(unnamed[0]); i++) {
        AUTO_ARENA arena = {0};
        struct seccomp_recording recording = seccomp_recording_of(&arena);
        struct seccomp_calls *calls = ARENA_NEW(&arena, struct seccomp_calls);

        seccomp_calls_add(calls, unnamed[i]);
        seccomp_recording_add(&recording, calls);
        tap_ok(calls->named.count == 0 && calls->unnamed.count == 1 &&
                   recording.architectures == 0 && recording.names.count == 5,
               "%#x of %#x has no name and adds no architecture", unnamed[i].number,
               unnamed[i].architecture);
    }
}

static void test_merge(void)
{
    static const char document[] =
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"architectures\": "
        "[\"SCMP_ARCH_ARM\"], \"syscalls\": [{\"names\": [\"read\", \"aaa\"], \"action\": "
        "\"SCMP_ACT_ALLOW\"}, {\"names\": [\"zzz\", \"read\"], \"action\": "
        "\"SCMP_ACT_ALLOW\"}]}";
    AUTO_ARENA arena = {0};
    struct seccomp_recording recording = seccomp_recording_of(&arena), again = recording;
    static const struct seccomp_calls calls = {
        .named = {.count = 1, .call = {{AUDIT_ARCH_X86_64, 39}}},
    };
    struct error error = {0};

    tap_ok(seccomp_recording_read(&recording, "r", document, sizeof(document) - 1, &error) == 0,
           "a recording is read: %s", tap_error(&error));
    seccomp_recording_add(&recording, &calls);
    const char *text = text_of(&recording);
    tap_ok(recording.names.count == 9,
           "an extended recording has its former names and the new ones, each once");
    again = seccomp_recording_of(&arena);
    tap_ok(seccomp_recording_read(&again, "r", text, strlen(text), &error) == 0,
           "a recording that was written can be read");
    tap_text(text_of(&again), text, "and is written as before");
}

static void test_foreign(void)
{
    static const char *const documents[] = {
        "",
        "[]",
        "{}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1}",
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 38}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"more\": 1}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"listenerPath\": "
        "\"/a\"}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": "
        "[{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"}]}",
    };

    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        AUTO_ARENA arena = {0};
        struct seccomp_recording recording = seccomp_recording_of(&arena);
        struct error error = {0};
        int result = seccomp_recording_read(&recording, "r.json", documents[i],
                                            strlen(documents[i]), &error);

        tap_ok(result < 0 && strstr(tap_error(&error), "r.json") != NULL, "refused: %s: %s",
               documents[i], tap_error(&error));
        tap_ok(recording.architectures == 0 && recording.names.count == 5, "and adds nothing: %s",
               documents[i]);
    }
}

int main(void)
{
    test_sets();
    test_words();
    test_profile();
    test_unnamed();
    test_merge();
    test_foreign();
    return tap_end();
}
