/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#define CAPABILITY_LIMIT 64
#define WORD_BITS 32

/* user_namespaces(7): "deny" if the IDs were mapped without privileges. */
static bool denies_groups(const struct init *init)
{
    char word[sizeof("deny") - 1];
    INIT_FD fd =
        init->slot[PLAN_SLOT_PROC] < 0
            ? -EBADF
            : sys_openat(init->slot[PLAN_SLOT_PROC], "self/setgroups", O_RDONLY | O_CLOEXEC, 0);

    return fd >= 0 && sys_read(fd, word, sizeof(word)) == sizeof(word) &&
           memcmp(word, "deny", sizeof(word)) == 0;
}

/* EPERM can also mean that CAP_SETGID is missing: the caller's groups must not stay then. */
static int set_groups(struct init *init, size_t n, const uint32_t *groups)
{
    int r = sys_setgroups(n, groups);

    if (r != -EPERM || (n == 0 && sys_getgroups(0, NULL) == 0))
        return r == -EPERM ? 0 : r;
    init->denied_groups = denies_groups(init);
    return init->denied_groups ? 0 : r;
}

int init_become_root(struct init *init, const struct plan_step *step)
{
    int dumpable = sys_prctl(PR_GET_DUMPABLE, 0, 0);
    int r;

    init->value = PLAN_USER_GROUPS;
    r = step->become_root.keeps_groups ? 0 : set_groups(init, 0, NULL);
    if (r < 0)
        return r;
    init->value = 0;
    r = sys_setresgid(0);
    if (r < 0)
        return r;
    r = sys_setresuid(0);
    if (r < 0)
        return r;
    /* Changing IDs makes the process not dumpable, and root the owner of its files in /proc. */
    return sys_prctl(PR_SET_DUMPABLE, (unsigned long) dumpable, 0);
}

int init_set_rlimit(struct init *init, const struct plan_step *step)
{
    struct rlimit64 limit = {step->set_rlimit.soft, step->set_rlimit.hard};
    struct rlimit64 old;
    int r;

    (void) init;
    if (!step->set_rlimit.only_raises)
        return sys_prlimit(step->set_rlimit.resource, &limit, NULL);
    r = sys_prlimit(step->set_rlimit.resource, NULL, &old);
    if (r < 0 || old.rlim_max >= limit.rlim_max)
        return r;
    old.rlim_max = limit.rlim_max;
    return sys_prlimit(step->set_rlimit.resource, &old, NULL);
}

int init_clear_securebits(struct init *init, const struct plan_step *step)
{
    int bits = sys_prctl(PR_GET_SECUREBITS, 0, 0);

    (void) init;
    if (bits < 0 || ((unsigned) bits & step->clear_securebits.securebits) == 0)
        return bits < 0 ? bits : 0;
    return sys_prctl(PR_SET_SECUREBITS, (unsigned long) bits & ~step->clear_securebits.securebits,
                     0);
}

/* Dropping requires CAP_SETPCAP; without it, EPERM is fine if the capability is not in the set. */
static int drop_from_bounding_set(unsigned long capability)
{
    int r = sys_prctl(PR_CAPBSET_DROP, capability, 0);
    int present = r == -EPERM ? sys_prctl(PR_CAPBSET_READ, capability, 0) : 1;

    return present == 0 ? 0 : present < 0 ? present : r;
}

int init_limit_capabilities(struct init *init, const struct plan_step *step)
{
    int r = 0;

    (void) init;
    for (unsigned long i = 0; r == 0 && i < CAPABILITY_LIMIT; i++)
        if ((step->limit_capabilities.bounding >> i & 1) == 0)
            r = drop_from_bounding_set(i);
    /* EINVAL: above the kernel's last capability. VERIFY checks that all are gone before the
     * program starts. */
    return r == -EINVAL ? 0 : r;
}

static int set_listed_groups(struct init *init, struct plan_list list)
{
    const char *text = init_text(init, list.first);
    size_t size = list.count * sizeof(uint32_t);
    uint32_t *groups = NULL;
    int r;

    if (list.count > 0) {
        groups = init_allocate(size);
        if (groups == NULL)
            return -ENOMEM;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        r = init_parse_u32(text, strlen(text), &groups[i]);
        if (r < 0)
            return r;
        text += strlen(text) + 1;
    }
    r = set_groups(init, list.count, groups);
    if (groups != NULL)
        sys_munmap(groups, size);
    return r;
}

int init_set_user(struct init *init, const struct plan_step *step)
{
    int r = sys_prctl(PR_SET_KEEPCAPS, 1, 0);

    if (r < 0)
        return r;
    init->value = PLAN_USER_GROUPS;
    r = step->set_user.keeps_groups ? 0 : set_listed_groups(init, step->set_user.groups);
    if (r < 0)
        return r;
    init->value = PLAN_USER_GID;
    r = sys_setresgid(step->set_user.gid);
    if (r < 0)
        return r;
    init->value = PLAN_USER_UID;
    return sys_setresuid(step->set_user.uid);
}

static int set_ambient(uint64_t capabilities)
{
    int r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);

    for (unsigned long i = 0; r == 0 && i < CAPABILITY_LIMIT; i++)
        if (capabilities >> i & 1)
            r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i);
    return r;
}

int init_set_capabilities(struct init *init, const struct plan_step *step)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    int r;

    (void) init;
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].effective = (uint32_t) (step->set_capabilities.effective >> i * WORD_BITS);
        data[i].permitted = (uint32_t) (step->set_capabilities.permitted >> i * WORD_BITS);
        data[i].inheritable = (uint32_t) (step->set_capabilities.inheritable >> i * WORD_BITS);
    }
    r = sys_capset(&header, data);
    /* Ambient capabilities must be inheritable: without inheritable ones the kernel has cleared
     * them, and a filter that is already loaded need not allow prctl(2). */
    return r < 0 || step->set_capabilities.inheritable == 0
               ? r
               : set_ambient(step->set_capabilities.ambient);
}

int init_set_no_new_privileges(struct init *init, const struct plan_step *step)
{
    (void) init, (void) step;
    return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
}
