/* SPDX-License-Identifier: Apache-2.0 */
/* AWAIT_START, and hooks before and after it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define MEMORY_LIMIT_KIB 100
#define STATE "{\"status\":\"created\"}"

/* Steps 0 and 1 of the host make the hooks' state and output; step 2 is COMMIT. */
#define HOST_STEPS                                                                                 \
    {.op = PLAN_WRITE_HOOK_STATE, .actor = PLAN_HOST, .makes = PLAN_SLOT_HOOK_STATE},              \
        {.op = PLAN_OPEN_HOOK_OUTPUT, .actor = PLAN_HOST, .makes = PLAN_SLOT_HOOK_OUTPUT},         \
    {                                                                                              \
        .op = PLAN_COMMIT, .actor = PLAN_HOST, .signals = PLAN_TOKEN_COMMITTED                     \
    }
#define AWAIT                                                                                      \
    {                                                                                              \
        .op = PLAN_AWAIT_START, .actor = PLAN_INIT, .awaits = PLAN_TOKEN_COMMITTED, .wait = 3      \
    }
#define HOOK(script, seconds)                                                                      \
    {                                                                                              \
        .op = PLAN_RUN_HOOK, .actor = PLAN_INIT, .flags = PLAN_ANNOUNCE,                           \
        .uses = PLAN_BIT(PLAN_SLOT_HOOK_STATE) | PLAN_BIT(PLAN_SLOT_HOOK_OUTPUT), .run_hook = {    \
            .program = "/bin/sh",                                                                  \
            .argv = TEST_LIST("hook", "-c", script),                                               \
            .timeout_s = seconds                                                                   \
        }                                                                                          \
    }

/* --- start ------------------------------------------------------------------------------------ */

static struct test_plan start_plan(void)
{
    return (struct test_plan){.steps = {HOST_STEPS, AWAIT, TEST_SHELL("echo $$; exit 3")},
                              .clone_flags = CLONE_NEWPID,
                              .listen = true};
}

/* Leaves a container as after `create`: the host is gone. */
static struct test_init create(const struct test_plan *plan)
{
    struct test_init init = test_launch(plan);

    test_announce(init.socket, 2, 0, -1);
    shutdown(init.socket, SHUT_WR);
    return init;
}

static void starts(void)
{
    struct test_plan plan = start_plan();
    struct test_init init = create(&plan);
    struct plan_message message;

    tap_ok(!test_receive(init.socket, &message, NULL),
           "a created INIT closes its connection to the host");
    int connection = test_connect(&init);
    tap_ok(!test_receive(connection, &message, NULL),
           "`start` sees end of file when the program runs");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "1\n", "the created INIT has become the program");
    tap_ok(test_exited(result.status, 3), "`start` leads to the program's exit status");
    close(connection);
}

static void failing_start(void)
{
    struct test_plan plan = start_plan();
    struct plan_message message;

    plan.fault = 7;
    plan.fault_errno = EXDEV;
    struct test_init init = create(&plan);
    int connection = test_connect(&init);
    tap_ok(test_receive(connection, &message, NULL) && message.step == 6 && message.error == EXDEV,
           "INIT sends a failure after start to `start`");
    tap_ok(test_exited(test_finish(&init).status, 1), "a failure after start ends INIT");
    close(connection);
}

static void starter_goes(void)
{
    struct test_plan plan = start_plan();

    plan.trace = true; /* makes init write to the starter, which does not read */
    struct test_init init = create(&plan);
    close(test_connect(&init));
    struct test_result result = test_finish(&init);
    tap_text(result.output, "1\n", "the program runs although `start` has died");
}

/* Closing a socket with unread messages resets it. The host's earlier messages must still count. */
static void host_goes_without_reading(void)
{
    struct test_plan plan = start_plan();

    plan.trace = true;
    plan.steps[0] = (struct test_step){
        .op = PLAN_SET_HOSTNAME, .actor = PLAN_INIT, .set_hostname = {.hostname = "x"}};
    plan.clone_flags |= CLONE_NEWUTS;
    struct test_init init = test_launch(&plan);
    struct pollfd fds = {.fd = init.socket, .events = POLLIN};
    poll(&fds, 1, -1);
    kill(init.pid, SIGSTOP);
    test_announce(init.socket, 2, 0, -1);
    int other = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    dup2(other, init.socket);
    close(other);
    kill(init.pid, SIGCONT);
    int connection = test_connect(&init);
    tap_text(test_finish(&init).output, "1\n", "INIT goes on if the host leaves messages unread");
    close(connection);
}

static void second_start(void)
{
    struct test_plan plan = start_plan();
    struct plan_message message;

    plan.steps[6].execute.argv = TEST_SCRIPT("sleep 0.3");
    struct test_init init = create(&plan);
    int connection = test_connect(&init);
    test_receive(connection, &message, NULL);
    int dead = init.listener; /* the last descriptor of the listening socket outside init */
    int second = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    getsockname(dead, (void *) &address, &size);
    close(dead);
    init.listener = -1;
    tap_ok(connect(second, (void *) &address, size) < 0, "INIT no longer listens after start");
    test_finish(&init);
    close(second);
    close(connection);
}

static void waits_for_commit(void)
{
    struct test_plan plan = start_plan();
    struct test_init init = test_launch(&plan);
    int connection = test_connect(&init);

    tap_ok(!test_is_readable(connection),
           "INIT does not accept start before the state is \"created\"");
    test_announce(init.socket, 2, 0, -1);
    tap_text(test_finish(&init).output, "1\n", "INIT starts when the state is \"created\"");
    close(connection);
}

static void block_all(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

/* As process 1, only SIGKILL would end it otherwise. */
static void ends_by_signal(void)
{
    static const int ending[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                 SIGUSR2, SIGALRM, SIGPIPE, SIGABRT, 34};
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    struct test_plan plan = start_plan();
    struct plan_message message;

    plan.prepare = block_all;
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        struct test_init init = create(&plan);
        test_receive(init.socket, &message, NULL);
        for (size_t j = 0; j < sizeof(harmless) / sizeof(harmless[0]); j++)
            kill(init.pid, harmless[j]);
        tap_ok(waitpid(init.pid, NULL, WNOHANG) == 0,
               "the created INIT ignores signals that end no process");
        kill(init.pid, ending[i]);
        struct test_result result = test_finish(&init);
        tap_ok(test_exited(result.status, 128 + ending[i]), "signal %d ends the created INIT",
               ending[i]);
    }
}

static long private_memory_kib(pid_t pid)
{
    char path[64], line[256];
    long sum = 0, value;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    test_must(file != NULL, path);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Private_Clean: %ld", &value) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &value) == 1)
            sum += value;
    fclose(file);
    return sum;
}

static void takes_little_memory(void)
{
    struct test_plan plan = start_plan();
    struct test_init init = create(&plan);
    struct plan_message message;

    test_receive(init.socket, &message, NULL);
    long size = private_memory_kib(init.pid);
    tap_ok(size > 0 && size < MEMORY_LIMIT_KIB, "a waiting INIT has %ld KiB of private memory",
           size);
    kill(init.pid, SIGKILL);
    test_finish(&init);
}

/* --- hooks ------------------------------------------------------------------------------------ */

static char *read_output(int fd)
{
    static char text[4096];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

/* Launches with a state file and an output file for the hooks. */
static struct test_init launch_with_hooks(const struct test_plan *plan, int *ret_output)
{
    struct test_init init = test_launch(plan);
    int state = test_memfd(STATE, strlen(STATE));

    *ret_output = test_memfd("", 0);
    test_announce(init.socket, 0, 0, state);
    test_announce(init.socket, 1, 0, *ret_output);
    test_announce(init.socket, 2, 0, -1);
    close(state);
    return init;
}

static struct plan_message run_hook(struct test_step hook, char *ret_output, int *ret_status)
{
    struct test_plan plan = {.steps = {HOST_STEPS, hook, TEST_SHELL("exit 0")}};
    struct plan_message message = {.step = -1};
    int output;

    plan.steps[3].wait = 2;
    struct test_init init = launch_with_hooks(&plan, &output);
    test_receive(init.socket, &message, NULL);
    *ret_status = test_finish(&init).status;
    strcpy(ret_output, read_output(output));
    close(output);
    return message;
}

static void hook_succeeds(void)
{
    char output[4096];
    int status;
    struct test_step hook = HOOK("cat; echo; echo \"$0 $1\" >&2", 0);
    run_hook(hook, output, &status);

    tap_text(output, STATE "\nhook \n",
             "the hook gets the state on standard input, and its output is kept");
    tap_ok(test_exited(status, 0), "the program runs after the hook");

    hook = (struct test_step) HOOK("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=", 0);
    run_hook(hook, output, &status);
    tap_text(output, "", "a hook without env gets an empty environment");
    hook.run_hook.env = TEST_LIST("KEY=value");
    run_hook(hook, output, &status);
    tap_text(output, "KEY=value\n", "a hook gets exactly the listed environment");

    hook = (struct test_step) HOOK("for i in 0 1 2 3 4 5 6 7 8 9; do "
                                   "[ ! -e /proc/$$/fd/$i ] || printf \"$i \"; done; umask",
                                   0);
    run_hook(hook, output, &status);
    tap_text(output, "0 1 2 0022\n", "a hook gets no other descriptors, and the caller's umask");
}

static void two_hooks(void)
{
    struct test_plan plan = {
        .steps = {HOST_STEPS, HOOK("cat", 0), HOOK("cat", 0), TEST_SHELL("exit 0")}};
    int output;

    plan.steps[3].wait = 2;
    struct test_init init = launch_with_hooks(&plan, &output);
    test_finish(&init);
    tap_text(read_output(output), STATE STATE, "the second hook gets the whole state, too");
    close(output);
}

static void hook_fails(void)
{
    char output[4096];
    int status;
    struct plan_message message =
        run_hook((struct test_step) HOOK("echo why; exit 5", 0), output, &status);

    tap_ok(message.step == 3 && message.error == EIO && WEXITSTATUS((int) message.value) == 5,
           "INIT reports the exit status of a failing hook");
    tap_text(output, "why\n", "INIT reports the output of a failing hook");
    tap_ok(test_exited(status, 1), "the program does not run after a failing hook");
    message = run_hook((struct test_step) HOOK("kill -9 $$", 0), output, &status);
    tap_ok(message.error == EIO && WTERMSIG((int) message.value) == SIGKILL,
           "INIT reports a hook that is killed");

    struct test_step hook = HOOK("", 0);
    hook.run_hook.program = "/none";
    message = run_hook(hook, output, &status);
    tap_ok(message.error == ENOENT && message.value == 0,
           "INIT reports a hook that does not exist");
    hook.run_hook.program = "/etc/passwd";
    message = run_hook(hook, output, &status);
    tap_ok(message.error == EACCES && message.value == 0,
           "INIT reports a hook that is not executable");
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void hook_is_late(void)
{
    char output[4096];
    int status;
    double begin = now_s();
    struct plan_message message =
        run_hook((struct test_step) HOOK("exec sleep 1000", 1), output, &status);
    double took = now_s() - begin;

    tap_ok(message.error == ETIMEDOUT && message.value == 0,
           "INIT reports a hook that exceeds its timeout");
    tap_ok(took >= 1 && took < 100, "INIT kills a hook after its timeout");
    tap_ok(test_exited(status, 1), "the program does not run after a timeout");
    message = run_hook((struct test_step) HOOK("sleep 0.2", 60), output, &status);
    tap_ok(message.error == 0, "a hook that exits within its timeout succeeds");
}

static void mount_proc(void)
{
    test_make_mounts_private();
    test_must(mount("proc", "/proc", "proc", 0, NULL) == 0, "proc");
}

/* A hook that ends after its orphan. */
#define WITH_ORPHAN                                                                                \
    "orphan=/proc/$(sleep 0.1 >/dev/null & echo $!)/status; "                                      \
    "while [ -e $orphan ] && ! grep -qs ^State:.[ZX] $orphan; do sleep 0.01; done"

/* A hook's orphans become children of process 1, which must reap them before the container's
 * program runs. */
static void orphans_are_reaped(void)
{
    struct test_plan plan = {.steps = {HOST_STEPS, HOOK(WITH_ORPHAN, 0),
                                       TEST_SHELL("for i in /proc/[0-9]*; do grep -s ^State:.Z "
                                                  "$i/status; done; echo end")},
                             .clone_flags = CLONE_NEWPID | CLONE_NEWNS,
                             .prepare = mount_proc};
    int output;

    plan.steps[3].wait = 2;
    struct test_init init = launch_with_hooks(&plan, &output);
    tap_text(test_finish(&init).output, "end\n", "INIT leaves no zombies of a hook's children");
    close(output);
}

static void start_container_hook_fails(void)
{
    struct test_plan plan = {
        .steps = {HOST_STEPS, AWAIT, HOOK("echo why; exit 5", 0), TEST_SHELL("exit 0")},
        .listen = true};
    struct plan_message message;
    int output, sent;
    struct test_init init = launch_with_hooks(&plan, &output);
    int connection = test_connect(&init);

    close(output);
    tap_ok(test_receive(connection, &message, &sent) && message.step == 4 && message.error == EIO &&
               WEXITSTATUS((int) message.value) == 5,
           "`start` receives the failure of a hook");
    tap_text(sent < 0 ? NULL : read_output(sent), "why\n",
             "`start` receives the output of a failing hook");
    tap_ok(test_exited(test_finish(&init).status, 1),
           "the program does not run when its startContainer hook fails");
    close(sent);
    close(connection);
}

int main(void)
{
    test_need_root();
    starts();
    failing_start();
    starter_goes();
    host_goes_without_reading();
    second_start();
    waits_for_commit();
    ends_by_signal();
    takes_little_memory();
    hook_succeeds();
    two_hooks();
    hook_fails();
    hook_is_late();
    orphans_are_reaped();
    start_container_hook_fails();
    return tap_end();
}
