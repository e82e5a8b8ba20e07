/* SPDX-License-Identifier: Apache-2.0 */
/* The main program: reads the plan and carries out the steps of its actor, in order. */
#include "init.h"

ARCH_START;

void init_main(const long *stack);

static init_handler *const handlers[PLAN_OPS] = {
    [PLAN_OPEN_TREE] = init_open_tree,
    [PLAN_MAP_MOUNT] = init_map_mount,
    [PLAN_RUN_HOOK] = init_run_hook,
    [PLAN_OPEN_NAMESPACE] = init_open_namespace,
    [PLAN_JOIN_NAMESPACE] = init_join_namespace,
    [PLAN_JOIN_PROCESS] = init_join_process,
    [PLAN_VERIFY_NAMESPACES] = init_verify_namespaces,
    [PLAN_UNSHARE] = init_unshare,
    [PLAN_BECOME_ROOT] = init_become_root,
    [PLAN_CLONE_INIT] = init_clone_init,
    [PLAN_OPEN_PROC] = init_open_proc,
    [PLAN_PUT_FILE] = init_put_file,
    [PLAN_SET_OOM_SCORE] = init_set_oom_score,
    [PLAN_SET_HOSTNAME] = init_set_hostname,
    [PLAN_SET_DOMAINNAME] = init_set_domainname,
    [PLAN_SET_LOOPBACK_UP] = init_set_loopback_up,
    [PLAN_JOIN_KEYRING] = init_join_keyring,
    [PLAN_SET_PROPAGATION] = init_set_propagation,
    [PLAN_OPEN_ROOT] = init_open_root,
    [PLAN_OPEN_TARGET] = init_open_target,
    [PLAN_MAKE_MOUNT] = init_make_mount,
    [PLAN_MOUNT_OVER] = init_mount_over,
    [PLAN_SET_MOUNT_ATTRIBUTES] = init_set_mount_attributes,
    [PLAN_ATTACH_MOUNT] = init_attach_mount,
    [PLAN_ATTACH_INSIDE] = init_attach_inside,
    [PLAN_FIND_MOUNT] = init_find_mount,
    [PLAN_UNMOUNT] = init_unmount,
    [PLAN_FINISH] = init_finish,
    [PLAN_COPY_UP] = init_copy_up,
    [PLAN_KEEP_MODE] = init_keep_mode,
    [PLAN_HOLD_MOUNT] = init_hold_mount,
    [PLAN_PROTECT_HELD] = init_protect_held,
    [PLAN_MAKE_NODE] = init_make_node,
    [PLAN_MAKE_SYMLINK] = init_make_symlink,
    [PLAN_OPEN_NULL] = init_open_null,
    [PLAN_MASK_PATH] = init_mask_path,
    [PLAN_PROTECT_PATH] = init_protect_path,
    [PLAN_PIVOT_ROOT] = init_pivot_root,
    [PLAN_HIDE_MOUNT] = init_hide_mount,
    [PLAN_MAKE_CONSOLE] = init_make_console,
    [PLAN_NEW_SESSION] = init_new_session,
    [PLAN_SET_RLIMIT] = init_set_rlimit,
    [PLAN_SET_AFFINITY] = init_set_affinity,
    [PLAN_SET_CORE_COOKIE] = init_set_core_cookie,
    [PLAN_SET_SCHEDULER] = init_set_scheduler,
    [PLAN_SET_IO_PRIORITY] = init_set_io_priority,
    [PLAN_SET_MEMORY_POLICY] = init_set_memory_policy,
    [PLAN_SET_PERSONALITY] = init_set_personality,
    [PLAN_CLEAR_SECUREBITS] = init_clear_securebits,
    [PLAN_LIMIT_CAPABILITIES] = init_limit_capabilities,
    [PLAN_REOPEN_NULL] = init_reopen_null,
    [PLAN_OWN_STDIO] = init_own_stdio,
    [PLAN_FIND_HOME] = init_find_home,
    [PLAN_SET_USER] = init_set_user,
    [PLAN_SET_CAPABILITIES] = init_set_capabilities,
    [PLAN_SET_NO_NEW_PRIVILEGES] = init_set_no_new_privileges,
    [PLAN_LOAD_SECCOMP] = init_load_seccomp,
    [PLAN_MAKE_RULESET] = init_make_ruleset,
    [PLAN_ALLOW_PATH] = init_allow_path,
    [PLAN_ALLOW_PORT] = init_allow_port,
    [PLAN_ENFORCE_RULESET] = init_enforce_ruleset,
    [PLAN_SET_UMASK] = init_set_umask,
    [PLAN_MAKE_CWD] = init_make_cwd,
    [PLAN_SET_CWD] = init_set_cwd,
    [PLAN_FIND_PROGRAM] = init_find_program,
    [PLAN_AWAIT_START] = init_await_start,
    [PLAN_CLOSE_DESCRIPTORS] = init_close_descriptors,
    [PLAN_OPEN_STATUS] = init_open_status,
    [PLAN_VERIFY] = init_verify,
    [PLAN_EXECUTE] = init_execute,
};

static int carry_out(struct init *init, const struct plan_step *step)
{
    if (init->current == init->plan->fault_step)
        return -init->plan->fault_errno;
    if (step->op >= PLAN_OPS || handlers[step->op] == NULL)
        return -ENOSYS;
    init_check_parent(init, step);
    return handlers[step->op](init, step);
}

/* Closes slots that go to the host, because this copy would outlive the host's, except mounts,
 * which are needed here too. */
static int announce(struct init *init, const struct plan_step *step)
{
    int r;

    if (!plan_slot_goes_to_host(step->makes))
        return init_send(init, 0, -1);
    r = init_send(init, 0, init->slot[step->makes]);
    if (!plan_slot_is_source(step->makes))
        init_empty(init, step->makes);
    return r;
}

/* Passes the output of a startContainer hook to `start`, which did not create the memfd. */
static int report(struct init *init, const struct plan_step *step, int error)
{
    int output =
        step->op == PLAN_RUN_HOOK && init->started ? init->slot[PLAN_SLOT_HOOK_OUTPUT] : -1;

    /* The seccomp filter may forbid sending a file descriptor. */
    if (output >= 0 && init_send(init, error, output) == 0)
        return 0;
    return init_send(init, error, -1);
}

static void run_step(struct init *init, const struct plan_step *step)
{
    int r;

    init->value = 0;
    if (step->wait != PLAN_NONE)
        init_wait(init, step->wait);
    if (init->plan->trace != 0)
        init->begin_ns = init_clock_ns();
    r = carry_out(init, step);
    if (r < 0) {
        if (!(step->flags & PLAN_OPTIONAL))
            init_undo(init); /* before the failure is reported */
        bool lost = report(init, step, -r) < 0 && !init->started;

        if (lost || !(step->flags & PLAN_OPTIONAL))
            sys_exit(1);
    } else if (r != INIT_SILENT && (step->flags & PLAN_ANNOUNCE || init->plan->trace != 0)) {
        if (announce(init, step) < 0 && !init->started)
            init_give_up(init);
    }
}

static const struct plan_header *map_plan(void)
{
    long size = sys_lseek(PLAN_FD_PLAN, 0, SYS_SEEK_END);
    const struct plan_header *plan;
    long address;

    if (size < (long) sizeof(*plan))
        return NULL;
    address = sys_mmap((size_t) size, PROT_READ, MAP_PRIVATE, PLAN_FD_PLAN);
    if (address < 0 && address > -4096)
        return NULL;
    sys_close(PLAN_FD_PLAN);
    plan = (const struct plan_header *) address;
    /* cppcheck-suppress nullPointerRedundantCheck ; a negative address is an errno */
    if (plan->magic != PLAN_MAGIC || plan->size > (size_t) size || plan->steps % 8 != 0 ||
        plan->steps + (uint64_t) plan->step_count * sizeof(struct plan_step) > plan->size)
        return NULL;
    return plan;
}

/* No process may inspect this one while others share its PID namespace (CVE-2016-9962). In a new
 * user namespace there is no other process, and the host has to own the files in /proc to map
 * the IDs: root owns those of a process that is not dumpable. */
static int hide(const struct plan_header *plan)
{
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (plan_steps(plan)[i].signals & PLAN_TOKEN_USER_NAMESPACE)
            return 0;
    return sys_prctl(PR_SET_DUMPABLE, 0, 0);
}

static uint8_t own_actor(const struct plan_header *plan)
{
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (plan_steps(plan)[i].actor == PLAN_FIRST)
            return PLAN_FIRST;
    return PLAN_INIT;
}

__attribute__((used, noreturn)) void init_main(const long *stack)
{
    struct init init;

    (void) stack;
    init.plan = map_plan();
    if (init.plan == NULL)
        sys_exit(1);
    sys_fcntl(PLAN_FD_SOCKET, F_SETFD, FD_CLOEXEC);
    sys_fcntl(PLAN_FD_START, F_SETFD, FD_CLOEXEC);
    sys_prctl(PR_SET_NAME, (unsigned long) "berth-init", 0);
    if (hide(init.plan) < 0)
        sys_exit(1);
    init.actor = own_actor(init.plan);
    init.started = false;
    init.denied_groups = false;
    init.filter_is_blind = false;
    init.null_attached = false;
    init.empty_attached = false;
    init.socket = PLAN_FD_SOCKET;
    init.heard = PLAN_NONE;
    init.target_made = false;
    init.plain_device = 0;
    init.parent = -1;
    init.looked_at = -1;
    init.held = NULL;
    init.self = -1;
    init.stage = -1;
    init.n_staged = 0;
    init.mounted = NULL;
    init.argv = NULL;
    init.env = NULL;
    init.umask = sys_umask(0);
    init.program[0] = '\0';
    init.home[0] = '\0';
    for (int i = 0; i < PLAN_SLOTS; i++)
        init.slot[i] = -1;
    for (init.current = 0; (uint32_t) init.current < init.plan->step_count; init.current++) {
        const struct plan_step *step = &plan_steps(init.plan)[init.current];

        if (step->actor == init.actor)
            run_step(&init, step);
    }
    sys_exit(1);
}
