/* SPDX-License-Identifier: Apache-2.0 */
/* IDs, the state directory, and what depends on it: status, locks, processes. Needs no root. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/process.h"
#include "launch/mounts.h"
#include "state/container.h"
#include "state/pins.h"
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
        tap_ok(state_id_is_valid(good[i]), "the ID \"%s\" is valid", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_ok(!state_id_is_valid(bad[i]), "the invalid ID %zu is refused", i);
    memset(longest, 'a', sizeof(longest));
    longest[255] = '\0';
    tap_ok(state_id_is_valid(longest), "an ID of 255 bytes is valid");
    longest[255] = 'a';
    longest[256] = '\0';
    tap_ok(!state_id_is_valid(longest), "an ID of 256 bytes is refused");
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
        tap_ok(signal_of_text(rows[i].text) == rows[i].number, "the signal \"%s\" has its number",
               rows[i].text);
}

static void test_mounts(void)
{
    static const char mountinfo[] = "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
                                    "23 22 8:1 /b /b/root\\040fs rw shared:1 - ext4 /dev/sda rw\n"
                                    "24 23 8:1 /b /b/root\\040fs rw - ext4 /dev/sda rw\n"
                                    "25 24 0:5 / /b/root\\040fs/proc rw - proc proc rw\n";

    tap_ok(mounts_count(mountinfo, "/b/root fs") == 2,
           "two mounts on a path with a blank are counted");
    tap_ok(mounts_count(mountinfo, "/b/root fs/proc") == 1, "one mount on its child is counted");
    tap_ok(mounts_count(mountinfo, "/b/root") == 0, "a part of the path's name is not counted");
    tap_ok(mounts_count(mountinfo, "/") == 1, "one mount on / is counted");
    tap_ok(mounts_count("", "/") == 0, "an empty mountinfo has no mounts");
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

    tap_ok(state_make(&made, &error) == 0, "state_make creates a state");
    tap_ok(state_open(&read, &error) == 0 && !read.has_record, "a new state has no record");
    state_close(&read);
    made.record = sample_record();
    save_process(&made, getpid(), true, 0);
    tap_ok(state_save(&made, &error) == 0, "state_save writes the record");
    tap_ok(state_open(&read, &error) == 0 && read.has_record, "the record is read back");
    tap_text(read.record.id, "c1", "the record has the ID");
    tap_text(read.record.annotations[0].key, "a\"b", "the record has the annotation's key");
    tap_text(read.record.annotations[0].value, "c\nd", "the record has the annotation's value");
    tap_text(read.record.cgroups[0], "/sys/fs/cgroup/x/berth/c1", "the record has the cgroup");
    tap_ok(read.record.n_made_cgroups == 1 && read.record.poststop && !read.record.poststart &&
               read.record.mounts_before == 3,
           "the record has its other members");
    tap_ok(read.pid == getpid() && read.start_time == made.start_time && read.committed,
           "the record has the process");
}

static void test_duplicates(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE again = state_of(&arena, options, "c1");
    AUTO_STATE unknown = state_of(&arena, options, "c2");
    struct error error = {0};

    tap_ok(state_make(&again, &error) == -EEXIST, "an ID is used only once");
    tap_text(tap_error(&error),
             "container \"c1\" already exists (delete it first, or use another ID)",
             "the error says that the ID is in use");
    tap_ok(state_open(&unknown, &error) == -ENOENT, "an unknown ID is an error");
    tap_text(tap_error(&error),
             arena_printf(&arena,
                          "container \"c2\" does not exist (no directory %s/c2: see berth --root "
                          "%s list)",
                          options->root, options->root),
             "the error says that the container does not exist");
    unknown.id = "../c1";
    tap_ok(state_open(&unknown, &error) == -ENOENT, "an invalid ID counts as unknown");
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
    tap_ok(status_seen(options) == SPEC_STATUS_CREATING,
           "uncommitted and locked: the status is creating");
    state_unlock(&own);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED,
           "uncommitted, and the creator is gone: the status is stopped");
    save_process(&own, getpid(), true, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_RUNNING,
           "committed, and the process lives: the status is running");
    int pidfd = state_open_process(&own);
    tap_ok(pidfd >= 0, "the process of a running container is opened");
    close(pidfd);
    close(openat(own.dir, STATE_START_SOCKET, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    tap_ok(status_seen(options) == SPEC_STATUS_CREATED,
           "INIT waits for start: the status is created");
    save_process(&own, getpid(), true, 1);
    tap_ok(status_seen(options) == SPEC_STATUS_CREATED,
           "a start time that differs by one tick is the same process");
    save_process(&own, getpid(), true, 2);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED,
           "the PID belongs to another process by now: the status is stopped");
    tap_ok(state_open_process(&own) == -ESRCH, "the process with the reused PID is not opened");
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
    tap_ok(status_seen(options) == SPEC_STATUS_RUNNING, "a child process lives");
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED, "a zombie counts as stopped");
    waitpid(child, NULL, 0);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED, "a process that is gone counts as stopped");
    tap_ok(state_remove(&own, &error) == 0, "the state is removed");
    tap_ok(faccessat(AT_FDCWD, own.root, F_OK, 0) == 0, "the directory of all states is kept");
}

/* Returns whether the directory's link alone tells that c1 has stopped. */
static bool is_seen(const struct runtime_options *options, struct arena *arena,
                    struct state_seen *ret_seen)
{
    int root = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool seen = state_see_stopped(&(struct state_view){arena, root}, "c1", ret_seen);

    tap_ok(seen || !state_see_stopped(
                       &(struct state_view){arena, root, sys_process_namespace_is_procfs()}, "c1",
                       &(struct state_seen){0}),
           "kill(2) finds no more stopped containers than procfs");

    close(root);
    return seen;
}

static void replace_link(const struct state *state, const char *text)
{
    unlinkat(state->dir, "process", 0);
    tap_ok(symlinkat(text, state->dir, "process") == 0, "the link to the process is \"%s\"", text);
}

/* Returns whether kill(2) alone tells that the process is gone. */
static bool is_seen_by_kill(const struct runtime_options *options, struct arena *arena,
                            const struct state *state, int pid, unsigned late)
{
    int root = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct state changed = *state;

    save_process(&changed, pid, true, late);
    bool seen =
        state_see_stopped(&(struct state_view){arena, root, true}, "c1", &(struct state_seen){0});
    close(root);
    return seen;
}

static pid_t reaped_child(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    return child;
}

static void test_seen(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE made = state_of(&arena, options, "c1");
    struct error error = {0};
    struct state_seen seen = {0};
    char bundle[4097] = "";

    state_make(&made, &error);
    made.record = sample_record();
    made.record.bundle = "/a bundle\n";
    save_process(&made, getpid(), true, 2);
    tap_ok(!is_seen(options, &arena, &seen),
           "list reads the state of a container without a record");
    state_save(&made, &error);
    tap_ok(is_seen(options, &arena, &seen) && seen.owner == geteuid(),
           "list sees a stopped container by its link");
    tap_text(seen.created, made.record.created, "the link has the time of creation");
    tap_text(seen.bundle, "/a bundle\n", "the link has the bundle");
    save_process(&made, getpid(), true, 0);
    tap_ok(!is_seen(options, &arena, &seen),
           "a container whose process lives is not taken for stopped");
    save_process(&made, getpid(), false, 2);
    tap_ok(!is_seen(options, &arena, &seen),
           "a container that is being created is not taken for stopped");
    tap_ok(is_seen_by_kill(options, &arena, &made, reaped_child(), 0),
           "kill(2) finds a process that is gone");
    tap_ok(!is_seen_by_kill(options, &arena, &made, getpid(), 2),
           "kill(2) does not detect a reused PID");
    made.record.bundle = memset(bundle, 'b', sizeof(bundle) - 1);
    save_process(&made, getpid(), true, 2);
    tap_ok(status_seen(options) == SPEC_STATUS_STOPPED && !is_seen(options, &arena, &seen),
           "a bundle that is too long for a link is read from the state");
    replace_link(&made, "x");
    tap_ok(!is_seen(options, &arena, &seen), "a link of another form is not used");
    replace_link(&made, "2147483648 1 now /bundle");
    tap_ok(!is_seen(options, &arena, &seen), "a link with an impossible PID is not used");
    tap_ok(state_remove(&made, &error) == 0 && !is_seen(options, &arena, &seen),
           "a directory that is no state is not used");
}

static void test_pod(const struct runtime_options *options)
{
    static const char *const pins[] = {"/c1/ns/net", "/c1/ns/uts", NULL};
    AUTO_ARENA arena = {0};
    AUTO_STATE made = state_of(&arena, options, "c1");
    AUTO_STATE read = state_of(&arena, options, "c1");
    struct error error = {0};
    struct json json;

    state_make(&made, &error);
    made.record = sample_record();
    made.record.pins = pins;
    made.record.n_pins = 2;
    save_process(&made, getpid(), false, 0);
    tap_ok(state_release_process(&made) == 0 && state_commit(&made) == 0 && made.pid == 0,
           "a pod is created without a process");
    state_save(&made, &error);
    tap_ok(state_open(&read, &error) == 0 && state_is_pod(&read) && read.pid == 0,
           "the record has the files of a pod");
    tap_ok(state_join(&read, &error) == -ESRCH, "a pod has no process to join");
    tap_text(
        tap_error(&error),
        "container not running: \"c1\" holds namespaces without a process (berth state c1 lists "
        "the namespaces, which other containers can join)",
        "the error says so");
    AUTO_FD other = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    AUTO_FD file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    tap_ok(pins_add(&made, "ns/net", other, CLONE_NEWNET) == -EINVAL &&
               pins_add(&made, "ns/net", file, CLONE_NEWNET) == -EINVAL,
           "a pod holds no namespace of another type, and no other file");
    tap_ok(state_status(&read) == SPEC_STATUS_STOPPED, "a pod that holds nothing has stopped");
    tap_ok(!is_seen(options, &arena, &(struct state_seen){0}),
           "the link alone does not tell whether a pod has stopped");
    const struct runtime_container container = container_of_state(&read, SPEC_STATUS_CREATED);
    json_start(&json, &arena, false);
    runtime_container_json(&container, &json);
    tap_ok(strstr(json.text.bytes, "\"namespaces\":[{\"type\":\"network\",\"path\":\"/c1/ns/net\"},"
                                   "{\"type\":\"uts\",\"path\":\"/c1/ns/uts\"}]") != NULL,
           "the JSON of a pod lists its namespaces: %s", json.text.bytes);
    mkdirat(made.dir, STATE_PINS_DIR, 0700);
    close(openat(made.dir, STATE_PINS_DIR "/net", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    tap_ok(pins_check(&read) == -ESRCH, "a plain file holds no namespace");
    error = (struct error){0};
    tap_ok(state_remove(&made, &error) == 0, "a state with such a file is removed: %s",
           tap_error(&error));
}

/* Returns 0 if the error is what it should be in a time namespace other than that of children. */
static int run_between_namespaces(void)
{
    AUTO_ARENA arena = {0};
    struct state state = {.arena = &arena, .id = "c1", .pid = getpid(), .dir = -1};
    struct error error = {0};
    uint64_t ticks;

    if (unshare(CLONE_NEWTIME) < 0)
        return 1;
    int result = sys_process_start_time(getpid(), &ticks);
    state_process_error(&state, -result, &error);
    return result != -ENOTSUP || strstr(tap_error(&error), "unshare --time --fork") == NULL;
}

/* From a child of a child: unshare(2) gives only children the new namespace. */
static void test_time_namespace(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (unshare(CLONE_NEWTIME) < 0)
            _exit(2);
        child = fork();
        if (child == 0)
            _exit(run_between_namespaces());
        waitpid(child, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    waitpid(child, &status, 0);
    bool is_able = WEXITSTATUS(status) != 2;
    tap_ok(!is_able || WEXITSTATUS(status) == 0, "a caller in an unknown time namespace%s",
           is_able ? " is told so" : " # SKIP no right to make one");
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
    tap_ok(container.pid == 0, "a stopped container has no process in its JSON");
}

static void test_default_root(void)
{
    AUTO_ARENA arena = {0};
    const char *own = geteuid() == 0 ? "/run/berth" : "/tmp/own/berth";

    setenv("XDG_RUNTIME_DIR", "", 1);
    tap_text(runtime_default_root(&arena), "/run/berth",
             "an empty XDG_RUNTIME_DIR counts as unset");
    setenv("XDG_RUNTIME_DIR", "/tmp/own", 1);
    tap_text(runtime_default_root(&arena), own, "root ignores XDG_RUNTIME_DIR");
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
    test_seen(&options);
    test_pod(&options);
    test_time_namespace();
    test_json();
    test_default_root();
    file_remove_tree(AT_FDCWD, root);
    return tap_end();
}
