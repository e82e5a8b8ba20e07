/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduler, I/O priority, memory policy, execution domain: which of them the program gets. */
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "harness.h"

/* Prints nice value, priority and policy: proc_pid_stat(5). */
#define SHOW_SCHEDULER "cut -d' ' -f19,40,41 /proc/$$/stat"

static struct test_plan plan_of_scheduler(struct plan_given_SET_SCHEDULER values,
                                          const char *script)
{
    return (struct test_plan){
        .steps = {{.op = PLAN_SET_SCHEDULER, .actor = PLAN_INIT, .set_scheduler = values},
                  TEST_SHELL(script)}};
}

static void sets_scheduler(void)
{
    static const struct {
        struct plan_given_SET_SCHEDULER values;
        const char *shown;
    } cases[] = {
        {{.policy = SCHED_NORMAL, .nice = 5}, "5 0 0\n"},
        {{.policy = SCHED_NORMAL, .nice = -20}, "-20 0 0\n"},
        {{.policy = SCHED_BATCH, .nice = 19}, "19 0 3\n"},
        {{.policy = SCHED_IDLE}, "0 0 5\n"},
        {{.policy = SCHED_FIFO, .priority = 99}, "0 99 1\n"},
        {{.policy = SCHED_RR, .priority = 1}, "0 1 2\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct test_plan plan = plan_of_scheduler(cases[i].values, SHOW_SCHEDULER);

        tap_text(test_run(&plan).output, cases[i].shown, "SET_SCHEDULER sets policy and priority");
    }
}

static void sets_deadline(void)
{
    struct plan_given_SET_SCHEDULER values = {.policy = SCHED_DEADLINE,
                                              .flags =
                                                  SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM,
                                              .runtime_ns = 10000000,
                                              .deadline_ns = 20000000,
                                              .period_ns = 30000000};
    struct test_plan plan = plan_of_scheduler(
        values, SHOW_SCHEDULER "; chrt -p $$ | grep -o 'SCHED_.*\\|[0-9/]*$' | grep ..");

    tap_text(test_run(&plan).output,
             "0 0 6\nSCHED_DEADLINE|SCHED_RESET_ON_FORK\n10000000/20000000/30000000\n",
             "SET_SCHEDULER sets a deadline");
}

static void refuses_schedulers(void)
{
    static const struct plan_given_SET_SCHEDULER cases[] = {
        {.policy = 4},
        {.policy = SCHED_FIFO},
        {.policy = SCHED_BATCH, .priority = 1},
        {.policy = SCHED_DEADLINE, .runtime_ns = 1, .deadline_ns = 1000, .period_ns = 1000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct test_plan plan = plan_of_scheduler(cases[i], "true");

        tap_ok(test_fail(&plan).error == EINVAL, "SET_SCHEDULER refuses an unknown policy");
    }
}

static void sets_io_priority(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_NEW_SESSION, .actor = PLAN_INIT},
                  {.op = PLAN_SET_IO_PRIORITY,
                   .actor = PLAN_INIT,
                   .set_io_priority = {.priority = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6)}},
                  TEST_SHELL("ionice -p $$; ionice")}};

    tap_text(test_run(&plan).output, "best-effort: prio 6\nbest-effort: prio 6\n",
             "SET_IO_PRIORITY sets best effort");
    plan.steps[1].set_io_priority.priority = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 7);
    tap_text(test_run(&plan).output, "idle\nidle\n", "SET_IO_PRIORITY sets idle");
    plan.steps[1].set_io_priority.priority = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0);
    tap_text(test_run(&plan).output, "realtime: prio 0\nrealtime: prio 0\n",
             "SET_IO_PRIORITY sets real time");
    plan.steps[1].set_io_priority.priority = IOPRIO_PRIO_VALUE(4, 0);
    tap_ok(test_fail(&plan).error == EINVAL, "SET_IO_PRIORITY refuses an unknown class");
}

/* Prints the policy of an area of the program's memory (proc(5), numa_maps). */
#define SHOW_MEMORY_POLICY "sed -n '1s/^[^ ]* \\([^ ]*\\) .*/\\1/p' /proc/$$/numa_maps"

static void sets_memory_policy(void)
{
    struct test_plan plan = {
        .steps = {{.op = PLAN_SET_MEMORY_POLICY,
                   .actor = PLAN_INIT,
                   .set_memory_policy = {.mode = MPOL_BIND | MPOL_F_STATIC_NODES,
                                         .nodes = TEST_LIST("0")}},
                  TEST_SHELL(SHOW_MEMORY_POLICY)}};

    tap_text(test_run(&plan).output, "bind=static:0\n",
             "SET_MEMORY_POLICY binds memory to one node");
    plan.steps[0].set_memory_policy.mode = MPOL_INTERLEAVE;
    tap_text(test_run(&plan).output, "interleave:0\n",
             "SET_MEMORY_POLICY interleaves memory over the listed nodes");
    plan.steps[0].set_memory_policy.nodes = TEST_LIST("1023");
    tap_ok(test_fail(&plan).error == EINVAL,
           "SET_MEMORY_POLICY refuses a node that this host lacks");
    plan.steps[0].set_memory_policy.nodes = TEST_LIST("1024");
    tap_ok(test_fail(&plan).error == EINVAL,
           "SET_MEMORY_POLICY refuses a node that Linux cannot have");
    plan.steps[0].set_memory_policy.nodes = (struct plan_strings){0};
    tap_ok(test_fail(&plan).error == EINVAL,
           "SET_MEMORY_POLICY refuses a mode that needs nodes and has none");
    plan.steps[0].set_memory_policy.mode = MPOL_LOCAL;
    tap_text(test_run(&plan).output, "local\n",
             "SET_MEMORY_POLICY prefers the node that the process runs on");
    plan.steps[0].set_memory_policy.mode = MPOL_DEFAULT;
    tap_text(test_run(&plan).output, "default\n", "SET_MEMORY_POLICY sets the default");
}

static void be_32_bit(void)
{
    personality(PER_LINUX32);
}

static void sets_personality(void)
{
    struct test_plan plan = {.steps = {{.op = PLAN_SET_PERSONALITY,
                                        .actor = PLAN_INIT,
                                        .set_personality = {.persona = PER_LINUX32}},
                                       TEST_SHELL("cat /proc/$$/personality")}};

    tap_text(test_run(&plan).output, "00000008\n", "SET_PERSONALITY sets a 32-bit machine");
    plan.steps[0].set_personality.persona = PER_LINUX;
    plan.prepare = be_32_bit;
    tap_text(test_run(&plan).output, "00000000\n", "SET_PERSONALITY drops the caller's flags");
}

int main(void)
{
    test_need_root();
    setpriority(PRIO_PROCESS, 0, 0); /* the tests may run with another nice value */
    sets_scheduler();
    sets_deadline();
    refuses_schedulers();
    sets_io_priority();
    sets_memory_policy();
    sets_personality();
    return tap_end();
}
