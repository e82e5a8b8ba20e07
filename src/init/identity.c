/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#define CAPABILITY_LIMIT 64
#define WORD_BITS 32

int init_become_root(struct init *init, const struct plan_step *step)
{
    int dumpable = sys_prctl(PR_GET_DUMPABLE, 0, 0);
    int r = step->number[0] != 0 ? 0 : sys_setgroups(0, NULL);

    (void) init;
    /* setgroups(2) is denied where the ids were mapped without privilege. */
    if (r < 0 && r != -EPERM)
        return r;
    r = sys_setresgid(0);
    if (r < 0)
        return r;
    r = sys_setresuid(0);
    if (r < 0)
        return r;
    /* New ids take the process's own files in /proc away from it. */
    return sys_prctl(PR_SET_DUMPABLE, (unsigned long) dumpable, 0);
}

int init_set_rlimit(struct init *init, const struct plan_step *step)
{
    struct rlimit64 limit = {step->number[1], step->number[2]};
    struct rlimit64 old;
    int r;

    (void) init;
    if (step->number[3] == 0)
        return sys_prlimit((unsigned) step->number[0], &limit, NULL);
    r = sys_prlimit((unsigned) step->number[0], NULL, &old);
    if (r < 0 || old.rlim_max >= limit.rlim_max)
        return r;
    old.rlim_max = limit.rlim_max;
    return sys_prlimit((unsigned) step->number[0], &old, NULL);
}

int init_limit_capabilities(struct init *init, const struct plan_step *step)
{
    (void) init;
    for (unsigned long i = 0; i < CAPABILITY_LIMIT; i++) {
        int present = sys_prctl(PR_CAPBSET_READ, i, 0);
        int r;

        if (present < 0) /* above the kernel's last one */
            return 0;
        if (present == 0 || step->number[0] >> i & 1)
            continue;
        r = sys_prctl(PR_CAPBSET_DROP, i, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

static int set_groups(const struct init *init, const struct plan_step *step)
{
    const char *text = init_text(init, step->list);
    size_t size = step->list_count * sizeof(uint32_t);
    uint32_t *groups = NULL;
    int r;

    if (step->list_count > 0) {
        groups = init_allocate(size);
        if (groups == NULL)
            return -ENOMEM;
    }
    for (uint32_t i = 0; i < step->list_count; i++) {
        r = init_parse_u32(text, strlen(text), &groups[i]);
        if (r < 0)
            return r;
        text += strlen(text) + 1;
    }
    r = sys_setgroups(step->list_count, groups);
    if (groups != NULL)
        sys_munmap(groups, size);
    /* setgroups(2) is denied where the ids were mapped without privilege (user_namespaces(7)): then there is no way to
     * be without the caller's groups, but asking for others is an error. */
    return r == -EPERM && step->list_count == 0 ? 0 : r;
}

int init_set_user(struct init *init, const struct plan_step *step)
{
    int r = sys_prctl(PR_SET_KEEPCAPS, 1, 0);

    if (r == 0 && step->number[2] == 0)
        r = set_groups(init, step);
    if (r == 0)
        r = sys_setresgid((uint32_t) step->number[1]);
    if (r == 0)
        r = sys_setresuid((uint32_t) step->number[0]);
    return r;
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
        data[i].effective = (uint32_t) (step->number[0] >> i * WORD_BITS);
        data[i].permitted = (uint32_t) (step->number[1] >> i * WORD_BITS);
        data[i].inheritable = (uint32_t) (step->number[2] >> i * WORD_BITS);
    }
    r = sys_capset(&header, data);
    /* Ambient ones are inheritable: without any the kernel has cleared them, and a filter that is
     * loaded already need not let prctl(2) pass. */
    return r < 0 || step->number[2] == 0 ? r : set_ambient(step->number[3]);
}

int init_set_no_new_privileges(struct init *init, const struct plan_step *step)
{
    (void) init, (void) step;
    return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
}
