/* SPDX-License-Identifier: Apache-2.0 */
/* Operands: what is put into a step is what is printed and found good, and plan_check finds each
 * that is not. */
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "../unit/tap-error.h"
#include "../unit/tap.h"
#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/check.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "berth/spec/config.h"
#include "berth/spec/mount-options.h"
#include "values.h"

/* A plan of one step, with those before it that make what it uses. */
struct sample {
    struct arena arena;
    struct plan_header *plan;
    struct plan_step *step;
};

enum { STEPS = 3 };

static void begin(struct sample *sample, struct plan_step step, const void *given)
{
    const struct plan_header blank = {0};
    struct plan_step steps[STEPS] = {
        {.op = PLAN_OPEN_ROOT, .actor = PLAN_INIT, .makes = PLAN_SLOT_ROOT, .wait = PLAN_NONE},
        {.op = PLAN_MAKE_MOUNT, .actor = PLAN_INIT, .makes = PLAN_SLOT_MOUNT, .wait = PLAN_NONE},
        step,
    };
    struct text data;

    *sample = (struct sample){0};
    data = (struct text){.arena = &sample->arena};
    text_add_bytes(&data, &blank, sizeof(blank));
    text_add_bytes(&data, steps, sizeof(steps));
    plan_put_operands(&steps[0], &(struct plan_given_OPEN_ROOT){.path = "/r"}, &data);
    plan_put_operands(&steps[1], &(struct plan_given_MAKE_MOUNT){.type = "tmpfs"}, &data);
    plan_put_operands(&steps[2], given, &data);
    sample->plan = (struct plan_header *) data.bytes;
    *sample->plan = (struct plan_header){.magic = PLAN_MAGIC,
                                         .size = (uint32_t) data.size,
                                         .step_count = STEPS,
                                         .steps = sizeof(blank)};
    memcpy(data.bytes + sizeof(blank), steps, sizeof(steps));
    sample->step = (struct plan_step *) (data.bytes + sizeof(blank)) + 2;
}

static struct plan_step step_of(enum plan_op op)
{
    return (struct plan_step){
        .op = (uint16_t) op, .actor = PLAN_INIT, .makes = PLAN_NONE, .wait = PLAN_NONE};
}

static void expect(struct sample *sample, const char *fault)
{
    struct error error = {0};
    int result = plan_check(sample->plan, sample->plan->size, &error);

    if (fault == NULL)
        tap_ok(result == 0, "plan_check accepts the plan: %s", tap_error(&error));
    else
        tap_ok(result < 0 && strstr(tap_error(&error), fault) != NULL,
               "plan_check refuses the plan: %s: %s", fault, tap_error(&error));
}

static void end(struct sample *sample)
{
    arena_free(&sample->arena);
}

/* --- what is printed -------------------------------------------------------------------------- */

static void shows(enum plan_op op, const void *given, const char *line)
{
    struct sample sample;
    struct text text = {0};

    begin(&sample, step_of(op), given);
    text.arena = &sample.arena;
    plan_print(sample.plan, &text);
    tap_text(strstr(text.bytes, "  2 init  ") + strlen("  2 init  "), line,
             "the dry run prints the step's operands");
    end(&sample);
}

static void prints(void)
{
    static const char *const links[] = {"net:[1]", "mnt:[2]"};

    shows(PLAN_OPEN_TREE,
          &(struct plan_given_OPEN_TREE){.path = "/data", .recursive = true, .nofollow = true},
          "open-tree: open /data to bind it [recursive nofollow]\n");
    shows(PLAN_OPEN_TARGET,
          &(struct plan_given_OPEN_TARGET){
              .path = "/x", .kind = PLAN_TARGET_LIKE_MOUNT, .like = PLAN_SLOT_MOUNT},
          "open-target: open the mount point /x [kind=like-mount] <mount\n");
    shows(PLAN_MAKE_MOUNT,
          &(struct plan_given_MAKE_MOUNT){.type = "proc",
                                          .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME,
                                          .superblock = MS_RDONLY | 1U << 30},
          "make-mount: make a proc file system with options \"\" [attributes=nosuid,noatime "
          "superblock=rdonly,0x40000000]\n");
    shows(PLAN_SET_MOUNT_ATTRIBUTES,
          &(struct plan_given_SET_MOUNT_ATTRIBUTES){
              .mount = PLAN_SLOT_MOUNT, .clear = MOUNT_ATTR__ATIME, .propagation = MS_SLAVE},
          "set-mount-attributes: set mount attributes [clear=atime propagation=slave] <mount\n");
    shows(PLAN_MAKE_NODE,
          &(struct plan_given_MAKE_NODE){
              .path = "/dev/null", .mode = 020666, .device = 0x103, .gid = 4294967295},
          "make-node: make the device /dev/null [mode=020666 device=1:3 uid=0 gid=4294967295]\n");
    shows(PLAN_SET_RLIMIT,
          &(struct plan_given_SET_RLIMIT){.resource = RLIMIT_CORE, .hard = RLIM_INFINITY},
          "set-rlimit: set the resource limit RLIMIT_CORE to 0 (hard unlimited)\n");
    shows(PLAN_SET_OOM_SCORE, &(struct plan_given_SET_OOM_SCORE){-1000},
          "set-oom-score: set the oom score adjustment [score=-1000]\n");
    shows(PLAN_SET_UMASK, &(struct plan_given_SET_UMASK){022}, "set-umask: set the umask 0022\n");
    shows(PLAN_SET_UMASK, &(struct plan_given_SET_UMASK){PLAN_UMASK_OF_CALLER},
          "set-umask: set the umask of the caller\n");
    shows(PLAN_UNSHARE, &(struct plan_given_UNSHARE){CLONE_NEWNS | CLONE_NEWUSER},
          "unshare: make a new namespace (mount, user)\n");
    shows(PLAN_VERIFY_NAMESPACES,
          &(struct plan_given_VERIFY_NAMESPACES){{links, 2}, "7/root", 8, 9},
          "verify-namespaces: verify that the namespaces are the container's [links=(net:[1] "
          "mnt:[2]) root=7/root device=8 inode=9]\n");
    shows(PLAN_PIVOT_ROOT, &(struct plan_given_PIVOT_ROOT){PLAN_ROOT_CHROOT},
          "pivot-root: change to the container's root file system [how=chroot]\n");
}

/* --- what is found ---------------------------------------------------------------------------- */

static void finds_texts(void)
{
    const struct plan_given_SET_HOSTNAME given = {"name"};
    struct sample sample;

    begin(&sample, step_of(PLAN_SET_HOSTNAME), &given);
    expect(&sample, NULL);
    sample.step->set_hostname.hostname.at = 0;
    expect(&sample, "set-hostname: bad operand hostname");
    sample.step->set_hostname.hostname.at = sample.plan->size;
    expect(&sample, "set-hostname: bad operand hostname");
    sample.step->set_hostname.hostname.at = UINT32_MAX;
    expect(&sample, "set-hostname: bad operand hostname");
    sample.step->set_hostname.hostname.at = sample.plan->size - 1; /* the last text's NUL */
    expect(&sample, NULL);
    sample.step->place.at = sample.plan->size;
    expect(&sample, "its place lies outside");
    end(&sample);
}

static void finds_lists(void)
{
    static const char *const lines[] = {"Uid 0", "Gid 0"};
    struct sample sample;

    begin(&sample, step_of(PLAN_SET_USER), &(struct plan_given_SET_USER){.groups = {lines, 2}});
    expect(&sample, NULL);
    sample.step->set_user.groups.count = 3;
    expect(&sample, "set-user: bad operand groups");
    sample.step->set_user.groups = (struct plan_list){{0}, 1};
    expect(&sample, "set-user: bad operand groups");
    sample.step->set_user.groups.count = 0;
    expect(&sample, NULL);
    end(&sample);
}

static void finds_values(void)
{
    const unsigned char two = 2;
    struct sample sample;

    begin(&sample, step_of(PLAN_OPEN_TREE), &(struct plan_given_OPEN_TREE){.path = "/data"});
    memcpy(&sample.step->open_tree.slave, &two, 1);
    expect(&sample, "open-tree: bad operand slave");
    end(&sample);
    begin(&sample, step_of(PLAN_SET_RLIMIT),
          &(struct plan_given_SET_RLIMIT){.resource = RLIM_NLIMITS});
    expect(&sample, "set-rlimit: bad operand resource");
    end(&sample);
    begin(&sample, step_of(PLAN_HOLD_MOUNT), &(struct plan_given_HOLD_MOUNT){PLAN_SLOT_MOUNT});
    expect(&sample, NULL);
    sample.step->hold_mount.mount = PLAN_SLOT_TARGET; /* which the step does not say that it uses */
    expect(&sample, "hold-mount: bad operand mount");
    sample.step->hold_mount.mount = PLAN_SLOT_UNUSED;
    expect(&sample, "hold-mount: bad operand mount");
    end(&sample);
    begin(&sample, step_of(PLAN_OPEN_TARGET),
          &(struct plan_given_OPEN_TARGET){
              .path = "/x", .kind = PLAN_TARGET_KINDS, .like = PLAN_SLOT_MOUNT});
    sample.step->uses |= PLAN_BIT(PLAN_SLOT_ROOT);
    expect(&sample, "open-target: bad operand kind");
    sample.step->open_target.kind = PLAN_TARGET_FILE;
    expect(&sample, NULL);
    sample.step->open_target.like = PLAN_SLOTS;
    expect(&sample, "open-target: bad operand like");
    end(&sample);
}

/* --- the table -------------------------------------------------------------------------------- */

/* i386 aligns numbers of 64 bits to 32. */
static size_t alignment_of(const struct plan_operand *operand)
{
    if (operand->kind == PLAN_KIND_list)
        return sizeof(uint32_t);
    return operand->size < _Alignof(uint64_t) ? operand->size : _Alignof(uint64_t);
}

static void describes_all(void)
{
    size_t count = 0;
    bool good = true;

    for (enum plan_op op = 0; op < PLAN_OPS; op++)
        for (const struct plan_operand *operand = plan_operands(op); operand->name != NULL;
             operand++, count++)
            good = good && operand->kind < PLAN_KINDS && operand->size > 0 &&
                   operand->at % alignment_of(operand) == 0 &&
                   operand->at + operand->size <=
                       sizeof(struct plan_step) - offsetof(struct plan_step, save_state);
    tap_ok(good && count > 100, "the layout of %zu operands lies within a step", count);
    tap_ok(plan_operands(PLAN_OPS)->name == NULL, "an unknown operation has no operands");
}

static void knows_resources(void)
{
    for (size_t type = 1; spec_rlimit_type_names[type] != NULL; type++) {
        const char *name = spec_rlimit_type_names[type];
        uint32_t number = plan_resource(name);

        tap_ok(number < RLIM_NLIMITS &&
                   text_equal(plan_value_names[PLAN_KIND_resource][number], name),
               "%s is printed under the name it is looked up by", name);
    }
    tap_ok(plan_resource("RLIMIT_NOFILE") == RLIMIT_NOFILE,
           "plan_resource returns the kernel's number");
    tap_ok(plan_resource("RLIMIT_NONE") >= plan_value_counts[PLAN_KIND_resource],
           "plan_resource returns an invalid number for an unknown name");
}

static bool has_name(const struct plan_value_name *names, uint64_t value)
{
    while (names->name != NULL && names->value != value)
        names++;
    return value == 0 || names->name != NULL;
}

static void names_mount_options(void)
{
    size_t count;
    const struct spec_mount_option *options = spec_mount_option_table(&count);

    for (size_t i = 0; i < count; i++)
        if (options[i].kind <= SPEC_MOUNT_SUPERBLOCK)
            tap_ok(has_name(plan_flag_names[PLAN_KIND_mount_flags], options[i].ms) &&
                       has_name(plan_flag_names[PLAN_KIND_mount_attributes], options[i].attribute),
                   "the flags of the mount option %s have names", options[i].name);
}

int main(void)
{
    prints();
    finds_texts();
    finds_lists();
    finds_values();
    describes_all();
    knows_resources();
    names_mount_options();
    return tap_end();
}
