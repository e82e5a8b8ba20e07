/* SPDX-License-Identifier: Apache-2.0 */
/* IDs, the state directory, and what depends on it: status, locks, processes. Needs no root. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/process.h"
#include "launch/mounts.h"
#include "state/container.h"
#include "state/state.h"
#include "tap-error.h"
#include "tap.h"
#include "verbs/signals.h"

static void test_ids(void)
{
    static const char *const good[] = {"a", "A_b+c-0", "..x", "_", "+", "-", "..."};
    static const char *const bad[] = {"",    ".",   "..",       "a/b", "/a",
                                      "a b", "a:b", "\xc3\xa9", "a\n", "\\"};
    char longest[257];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        tap_ok(state_id_is_valid(good[i]), "id \"%s\" is valid", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_ok(!state_id_is_valid(bad[i]), "id %zu of the bad ones is not", i);
    memset(longest, 'a', sizeof(longest));
    longest[255] = '\0';
    tap_ok(state_id_is_valid(longest), "an id of 255 bytes is valid");
    longest[255] = 'a';
    longest[256] = '\0';
    tap_ok(!state_id_is_valid(longest), "one of 256 is not");
}

static void test_signals(void)
{
    static const struct {
        const char *text;
        int number;
    } rows[] = {
        {"9", 9},
        {"KILL", SIGKILL},
        {"SIGKILL", SIGKILL},
        {"sigterm", SIGTERM},
        {"0", 0},
        {"64", 64},
        {"65", -EINVAL},
        {"-1", -EINVAL},
        {"", -EINVAL},
        {"SIG", -EINVAL},
        {"9x", -EINVAL},
        {"NOSUCH", -EINVAL},
        {"RTMIN", 34},
        {"RTMIN+3", 37},
        {"SIGRTMAX-1", 63},
        {"RTMIN+31", -EINVAL},
        {"RTMIN-1", -EINVAL},
        {"RTMIN+", -EINVAL},
        {"99999999999999999999", -EINVAL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tap_ok(signal_of_text(rows[i].text) == rows[i].number, "signal \"%s\"", rows[i].text);
}

static void test_mounts(void)
{
    static const char mountinfo[] = "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
                                    "23 22 8:1 /b /b/root\\040fs rw shared:1 - ext4 /dev/sda rw\n"
                                    "24 23 8:1 /b /b/root\\040fs rw - ext4 /dev/sda rw\n"
                                    "25 24 0:5 / /b/root\\040fs/proc rw - proc proc rw\n";

    tap_ok(mounts_count(mountinfo, "/b/root fs") == 2, "two mounts lie on the path with a blank");
    tap_ok(mounts_count(mountinfo, "/b/root fs/proc") == 1, "one on its child");
    tap_ok(mounts_count(mountinfo, "/b/root") == 0, "none on a part of its name");
    tap_ok(mounts_count(mountinfo, "/") == 1, "one on /");
    tap_ok(mounts_count("", "/") == 0, "none in nothing");
}

static struct spec_record sample_record(void)
{
    static const struct spec_pair annotations[] = {{"a\"b", "c\nd"}, {"e", ""}};
    static const char *const cgroups[] = {"/sys/fs/cgroup/x/berth/c1", NULL};
    return (struct spec_record){.id = "c1",
                                .oci_version = "1.2.0",
                                .bundle = "/bundle",
                                .rootfs = "/bundle/root",
                                .created = "2026-01-02T03:04:05.000000006Z",
                                .annotations = annotations,
                                .n_annotations = 2,
                                .poststop = true,
                                .mounts_before = 3,
                                .cgroups = cgroups,
                                .n_cgroups = 1,
                                .made_cgroups = cgroups,
                                .n_made_cgroups = 1};
}

/* Stores `pid` as the process of a state, with a start time that is off by `late`. */
static void save_process(struct state *state, int pid, bool committed, unsigned late)
{
    unlinkat(state->dir, "process", 0);
    unlinkat(state->dir, "process.creating", 0);
    state->pid = pid;
    sys_process_start_time(pid, &state->start_time);
    state->start_time += late;
    state_save_process(state);
    if (committed)
        state_commit(state);
}

static void test_round_trip(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE made = state_of(&arena, options, "c1");
    AUTO_STATE read = state_of(&arena, options, "c1");
    struct error error = {0};

    tap_ok(state_make(&made, &error) == 0, "a state is made");
    tap_ok(state_open(&read, &error) == 0 && !read.has_record, "at first it has no record");
    state_close(&read);
    made.record = sample_record();
    save_process(&made, getpid(), true, 0);
    tap_ok(state_save(&made, &error) == 0, "its record is saved");
    tap_ok(state_open(&read, &error) == 0 && read.has_record, "and read");
    tap_text(read.record.id, "c1", "id");
    tap_text(read.record.annotations[0].key, "a\"b", "an annotation's key");
    tap_text(read.record.annotations[0].value, "c\nd", "an annotation's value");
    tap_text(read.record.cgroups[0], "/sys/fs/cgroup/x/berth/c1", "a cgroup");
    tap_ok(read.record.n_made_cgroups == 1 && read.record.poststop && !read.record.poststart &&
               read.record.mounts_before == 3,
           "the rest of it");
    tap_ok(read.pid == getpid() && read.start_time == made.start_time && read.committed,
           "the process");
}

static void test_duplicates(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE again = state_of(&arena, options, "c1");
    AUTO_STATE unknown = state_of(&arena, options, "c2");
    struct error error = {0};

    tap_ok(state_make(&again, &error) == -EEXIST, "an id is given once");
    tap_text(tap_error(&error), "container \"c1\" already exists", "and the error says so");
    tap_ok(state_open(&unknown, &error) == -ENOENT, "another one is unknown");
    tap_text(tap_error(&error), "container \"c2\" does not exist", "and the error says so");
    unknown.id = "../c1";
    tap_ok(state_open(&unknown, &error) == -ENOENT, "so is one that is no id");
}

/* Returns the status that another command sees. */
static enum spec_status status_seen(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE other = state_of(&arena, options, "c1");
    struct error error = {0};

    state_open(&other, &error);
    return state_status(&other);
}

static void test_status(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE own = state_of(&arena, options, "c1");
    struct error error = {0};

    state_open_locked(&own, &error);
    save_process(&own, getpid(), false, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_CREATING, "uncommitted and locked: creating");
    state_unlock(&own);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED,
           "uncommitted, but its creator is gone: stopped");
    save_process(&own, getpid(), true, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_RUNNING, "committed, alive: running");
    int pidfd = state_open_process(&own);
    tap_ok(pidfd >= 0, "its process is opened");
    close(pidfd);
    close(openat(own.dir, STATE_START_SOCKET, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    tap_ok(status_seen(options) == SPEC_STATUS_CREATED, "waiting for start: created");
    save_process(&own, getpid(), true, 1);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED,
           "another process has its pid by now: stopped");
    tap_ok(state_open_process(&own) == -ESRCH, "which is not opened");
}

static void test_zombie(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE own = state_of(&arena, options, "c1");
    struct error error = {0};
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    state_open_locked(&own, &error);
    save_process(&own, child, true, 0);
    unlinkat(own.dir, STATE_START_SOCKET, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_RUNNING, "a child runs");
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED, "a zombie has stopped");
    waitpid(child, NULL, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED, "who is gone has stopped");
    tap_ok(state_remove(&own, &error) == 0, "the state is removed");
    tap_ok(faccessat(AT_FDCWD, own.root, F_OK, 0) == 0, "but not the directory of all states");
}

static void test_json(void)
{
    AUTO_ARENA arena = {0};
    struct state state = {.arena = &arena, .record = sample_record(), .pid = 42, .dir = -1};
    struct runtime_container container = container_of_state(&state, SPEC_STATUS_RUNNING);
    struct json json;

    json_start(&json, &arena, false);
    runtime_container_json(&container, &json);
    tap_text(json.text.bytes,
             "{\"ociVersion\":\"1.2.0\",\"id\":\"c1\",\"pid\":42,\"status\":\"running\","
             "\"bundle\":\"/bundle\",\"rootfs\":\"/bundle/root\","
             "\"created\":\"2026-01-02T03:04:05.000000006Z\","
             "\"annotations\":{\"a\\\"b\":\"c\\nd\",\"e\":\"\"}}",
             "a running container as JSON");
    container = container_of_state(&state, SPEC_STATUS_STOPPED);
    tap_ok(container.pid == 0, "a stopped one has no process");
}

static void test_default_root(void)
{
    AUTO_ARENA arena = {0};
    const char *own = geteuid() == 0 ? "/run/berth" : "/tmp/own/berth";

    setenv("XDG_RUNTIME_DIR", "", 1);
    tap_text(runtime_default_root(&arena), "/run/berth", "an empty XDG_RUNTIME_DIR is unset");
    setenv("XDG_RUNTIME_DIR", "/tmp/own", 1);
    tap_text(runtime_default_root(&arena), own, "XDG_RUNTIME_DIR is for ordinary users");
}

int main(void)
{
    char root[] = "/tmp/berth-state-XXXXXX";
    const struct runtime_options options = {.root = mkdtemp(root)};

    test_ids();
    test_signals();
    test_mounts();
    test_round_trip(&options);
    test_duplicates(&options);
    test_status(&options);
    test_zombie(&options);
    test_json();
    test_default_root();
    file_remove_tree(AT_FDCWD, root);
    return tap_end();
}
