/* SPDX-License-Identifier: Apache-2.0 */
/* Users, capabilities, limits, no_new_privs, seccomp, umask. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define BIT(capability) (1ULL << (capability))
#define STATUS(names) "grep -E '^(" names "):' /proc/$$/status"

static void becomes_user(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_USER,
                   .actor = PLAN_INIT,
                   .set_user = {.uid = 1000, .gid = 1001, .groups = TEST_LIST("5", "4294967294")}},
                  TEST_SHELL(STATUS("Uid|Gid|Groups|CapEff|CapPrm|CapInh"))}};

    tap_text(test_run(&plan).output,
             "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\nGroups:\t5 4294967294 \n"
             "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n",
             "SET_USER sets user, group and supplementary groups, and drops all capabilities");
    plan.steps[0].set_user.groups = (struct plan_strings){0};
    plan.steps[3].execute.argv = TEST_SCRIPT(STATUS("Groups"));
    tap_text(test_run(&plan).output, "Groups:\t \n",
             "SET_USER without groups drops the supplementary groups");
    for (size_t i = 0; i < 5; i++) {
        static const char *const wrong[] = {"-1", "1x", "", "4294967296", " 1"};
        plan.steps[0].set_user.groups = TEST_LIST(wrong[i]);
        tap_ok(test_fail(&plan).error == EINVAL, "SET_USER refuses the group \"%s\"", wrong[i]);
    }
}

static void limits_capabilities(void)
{
    uint64_t keep = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_BPF);
    uint64_t inherit = BIT(CAP_KILL) | BIT(CAP_CHOWN);
    struct test_plan plan = {
        .steps = {{.op = PLAN_LIMIT_CAPABILITIES,
                   .actor = PLAN_INIT,
                   .limit_capabilities = {.bounding = keep}},
                  {.op = PLAN_SET_USER, .actor = PLAN_INIT, .set_user = {.uid = 1000, .gid = 1000}},
                  {.op = PLAN_SET_CAPABILITIES,
                   .actor = PLAN_INIT,
                   .set_capabilities = {.effective = BIT(CAP_KILL),
                                        .permitted = keep,
                                        .inheritable = inherit,
                                        .ambient = BIT(CAP_KILL)}},
                  TEST_SHELL(STATUS("Cap...|NoNewPrivs"))}};

    tap_text(test_run(&plan).output,
             "CapInh:\t0000000000000021\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n"
             "CapBnd:\t0000008000000421\nCapAmb:\t0000000000000020\nNoNewPrivs:\t0\n",
             "the bounding, inheritable and ambient sets are as in the plan");
    plan.steps[2].set_capabilities.ambient = 0;
    plan.steps[2].set_capabilities.inheritable = 0;
    plan.steps[3] = (struct test_step){.op = PLAN_SET_NO_NEW_PRIVILEGES, .actor = PLAN_INIT};
    plan.steps[4] = (struct test_step){
        .op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "/bin/sh"}};
    plan.steps[5] = (struct test_step){.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT};
    plan.steps[6] = (struct test_step){
        .op = PLAN_EXECUTE,
        .actor = PLAN_INIT,
        .execute = {.argv = TEST_LIST("sh", "-c", STATUS("CapInh|CapAmb|NoNewPrivs"))}};
    plan.steps[7] = (struct test_step) TEST_END;
    tap_text(test_run(&plan).output,
             "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n",
             "empty sets leave nothing inheritable or ambient, and no_new_privs is set");
    plan.steps[2].set_capabilities.effective = BIT(CAP_SYS_ADMIN);
    plan.steps[2].set_capabilities.permitted = BIT(CAP_KILL);
    tap_ok(test_fail(&plan).error == EPERM,
           "an effective capability that is not permitted is refused");
}

/* The caller's inheritable capabilities must not reach the container (CVE-2022-29162). */
static void make_inheritable(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    test_must(syscall(SYS_capget, &header, data) == 0, "capget");
    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    test_must(syscall(SYS_capset, &header, data) == 0, "capset");
    test_must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0, "ambient");
}

static void drops_inherited(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_CAPABILITIES,
                   .actor = PLAN_INIT,
                   .set_capabilities = {.effective = BIT(CAP_KILL), .permitted = BIT(CAP_KILL)}},
                  TEST_SHELL(STATUS("CapInh|CapAmb"))},
        .prepare = make_inheritable};

    tap_text(test_run(&plan).output, "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n",
             "the caller's inheritable and ambient capabilities are dropped");
}

static void sets_limits(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_RLIMIT,
                   .actor = PLAN_INIT,
                   .set_rlimit = {.resource = RLIMIT_NOFILE, .soft = 100, .hard = 200}},
                  {.op = PLAN_SET_RLIMIT,
                   .actor = PLAN_INIT,
                   .set_rlimit = {.resource = RLIMIT_CORE, .hard = RLIM_INFINITY}},
                  TEST_SHELL("ulimit -n; ulimit -H -n; ulimit -c; ulimit -H -c")}};

    plan.steps[1].flags = PLAN_OPTIONAL; /* the caller may not be allowed to raise it */
    tap_ok(strncmp(test_run(&plan).output, "100\n200\n0\n", 10) == 0,
           "SET_RLIMIT sets the soft and the hard limit");
    plan.steps[0].set_rlimit.only_raises = true;
    plan.steps[4].execute.argv = TEST_SCRIPT("ulimit -n | grep -qx 100");
    tap_ok(!test_exited(test_run(&plan).status, 0),
           "SET_RLIMIT that only raises does not lower a limit");
    plan.steps[0].set_rlimit.only_raises = false;
    plan.steps[0].set_rlimit.soft = 300;
    tap_ok(test_fail(&plan).error == EINVAL, "SET_RLIMIT refuses a soft limit above the hard one");
}

static void set_umask_027(void)
{
    umask(027);
}

static void sets_umask(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_UMASK, .actor = PLAN_INIT, .set_umask = {.umask = 07}},
                  TEST_SHELL("umask")},
        .prepare = set_umask_027};

    tap_text(test_run(&plan).output, "0007\n", "SET_UMASK sets the umask of the plan");
    plan.steps[0].set_umask.umask = PLAN_UMASK_OF_CALLER;
    tap_text(test_run(&plan).output, "0027\n",
             "SET_UMASK without a value keeps the caller's umask");
}

#define CALL_OFFSET offsetof(struct seccomp_data, nr)
#define JUMP_UNLESS(number, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, (skip))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))

static struct plan_message load_filter(const struct sock_filter *filter, size_t size,
                                       struct test_result *ret_result)
{
    struct test_plan plan = {
        .steps =
            {{.op = PLAN_COMPILE_SECCOMP, .actor = PLAN_HOST, .makes = PLAN_SLOT_SECCOMP},
             {.op = PLAN_FIND_PROGRAM,
              .actor = PLAN_INIT,
              .wait = 1,
              .find_program = {.program = "/bin/hostname"}},
             {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT, .close_descriptors = {.kept = 3}},
             {.op = PLAN_SET_NO_NEW_PRIVILEGES, .actor = PLAN_INIT},
             {.op = PLAN_LOAD_SECCOMP, .actor = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_SECCOMP)},
             {.op = PLAN_SET_CAPABILITIES,
              .actor = PLAN_INIT,
              .set_capabilities = {.effective = 2, .permitted = 2}},
             {.op = PLAN_EXECUTE,
              .actor = PLAN_INIT,
              .execute = {.argv = TEST_LIST("hostname", "x")}},
             TEST_END},
        .clone_flags = CLONE_NEWUTS};
    struct plan_message message = {.step = -1};
    int memfd = test_memfd(filter, size);
    struct test_init init = test_launch(&plan);

    test_announce(init.socket, 0, 0, memfd);
    close(memfd);
    if (!test_receive(init.socket, &message, NULL))
        message.step = -1;
    *ret_result = test_finish(&init);
    return message;
}

static void loads_seccomp(void)
{
    static const struct sock_filter kill_hostname[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CALL_OFFSET), JUMP_UNLESS(__NR_sethostname, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)};
    /* Allows only what ops.def promises to be enough for init itself. */
    static const struct sock_filter strict[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CALL_OFFSET),
                                                JUMP_UNLESS(__NR_execve, 1),
                                                RETURN(SECCOMP_RET_ERRNO | EXDEV),
                                                JUMP_UNLESS(__NR_capset, 1),
                                                RETURN(SECCOMP_RET_ALLOW),
                                                JUMP_UNLESS(__NR_write, 1),
                                                RETURN(SECCOMP_RET_ALLOW),
                                                RETURN(SECCOMP_RET_KILL_PROCESS)};
    struct test_result result;
    struct plan_message message = load_filter(kill_hostname, sizeof(kill_hostname), &result);

    tap_ok(message.step == -1 && WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGSYS,
           "the seccomp filter applies to the program");
    message = load_filter(strict, sizeof(strict), &result);
    tap_ok(message.step == 6 && message.error == EXDEV,
           "after the filter, INIT needs only write, capset and execve");
    message = load_filter(strict, 0, &result);
    tap_ok(message.step == 4 && message.error == EINVAL, "an empty filter is an error");
    message = load_filter(strict, 3 * sizeof(strict[0]), &result);
    tap_ok(message.step == 4 && message.error == EINVAL,
           "a filter without a return instruction is an error");
}

/* VERIFY rejects a process that has more than the plan says, and names the difference. */
static void verifies(void)
{
    static const char *const wrong[] = {"Uid 1001",    "Gid 1000",     "Groups 5 6", "CapEff 1",
                                        "CapBnd ffff", "NoNewPrivs 1", "Seccomp 2",  "Nothing 1"};
    struct test_plan plan = {
        .steps = {
            {.op = PLAN_OPEN_PROC, .actor = PLAN_INIT, .makes = PLAN_SLOT_PROC},
            {.op = PLAN_SET_USER,
             .actor = PLAN_INIT,
             .set_user = {.uid = 1000, .gid = 1001, .groups = TEST_LIST("7", "5")}},
            {.op = PLAN_SET_CAPABILITIES,
             .actor = PLAN_INIT,
             .set_capabilities = {.effective = BIT(CAP_KILL), .permitted = BIT(CAP_KILL)}},
            {.op = PLAN_OPEN_STATUS,
             .actor = PLAN_INIT,
             .makes = PLAN_SLOT_STATUS,
             .uses = PLAN_BIT(PLAN_SLOT_PROC)},
            {.op = PLAN_VERIFY,
             .actor = PLAN_INIT,
             .uses = PLAN_BIT(PLAN_SLOT_STATUS),
             .verify = {.expected = TEST_LIST("Uid 1000", "Gid 1001", "Groups 5 7", "CapEff 20",
                                              "CapPrm a0", "CapBnd ffffffffffffffff", "CapAmb 0")}},
            TEST_SHELL("echo verified")}};

    tap_text(test_run(&plan).output, "verified\n", "VERIFY accepts a status that matches the plan");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        plan.steps[4].verify.expected = TEST_LIST("Uid 1000", wrong[i]);
        struct plan_message message = test_fail(&plan);
        tap_ok(message.error == ENOTRECOVERABLE && message.value == 2,
               "VERIFY refuses a status that lacks \"%s\"", wrong[i]);
    }
}

int main(void)
{
    test_need_root();
    verifies();
    becomes_user();
    limits_capabilities();
    drops_inherited();
    sets_limits();
    sets_umask();
    loads_seccomp();
    return tap_end();
}
