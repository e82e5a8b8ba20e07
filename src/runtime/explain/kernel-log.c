/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel-log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/clock.h"
#include "berth/base/text.h"
#include "berth/sys/kmsg.h"

/* the inode number of the initial PID namespace, the same on every kernel */
#define INITIAL_PID_NAMESPACE 0xeffffffc
#define SECONDS_SIZE sizeof("YYYY-MM-DDTHH:MM:SS")

static const char *find_last(const char *text, const char *word)
{
    const char *last = NULL;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        last = at;
    return last == NULL ? NULL : last + strlen(word);
}

static bool read_number(const char *text, int base, uint64_t *ret_number)
{
    char *end;

    if (text == NULL || *text == '-')
        return false;
    errno = 0;
    *ret_number = strtoull(text, &end, base);
    return end != text && errno == 0;
}

/* oom-kill:constraint=C,nodemask=N,cpuset=S,mems_allowed=M[,oom_memcg=PATH|,global_oom],
 * task_memcg=PATH,task=NAME,pid=PID,uid=UID. NAME, which the process chooses, can contain a comma,
 * so the PID is the last one. */
bool kernel_log_parse_oom(struct arena *arena, const char *text, struct kernel_log_oom *ret_oom)
{
    const char *limit = strstr(text, ",oom_memcg=");
    const char *cgroup = strstr(text, ",task_memcg=");
    const char *task = cgroup == NULL ? NULL : strstr(cgroup, ",task=");

    *ret_oom = (struct kernel_log_oom){0};
    if (!text_starts_with(text, "oom-kill:constraint=") || task == NULL ||
        !read_number(find_last(task, ",pid="), 10, &ret_oom->pid))
        return false;
    if (limit != NULL && limit < cgroup) {
        limit += strlen(",oom_memcg=");
        ret_oom->limit = arena_copy(arena, limit, (size_t) (cgroup - limit));
    }
    cgroup += strlen(",task_memcg=");
    ret_oom->cgroup = arena_copy(arena, cgroup, (size_t) (task - cgroup));
    return true;
}

/* Tasks in PATH are going to be killed due to memory.oom.group set */
bool kernel_log_parse_oom_group(struct arena *arena, const char *text, const char **ret_cgroup)
{
    static const char beginning[] = "Tasks in ";

    if (!text_starts_with(text, beginning) || text[strlen(beginning)] != '/')
        return false;
    const char *cgroup = text + strlen(beginning);
    const char *end = strstr(cgroup, " are going to be killed due to memory.oom.group set");
    if (end == NULL)
        return false;
    *ret_cgroup = arena_copy(arena, cgroup, (size_t) (end - cgroup));
    return true;
}

/* [Memory cgroup out|Out] of memory: Killed process PID (NAME) total-vm:... */
bool kernel_log_parse_oom_victim(const char *text, uint64_t *ret_pid)
{
    static const char *const beginnings[] = {
        "Memory cgroup out of memory: Killed process ",
        "Out of memory: Killed process ",
    };

    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (text_starts_with(text, beginnings[i]))
            return read_number(text + strlen(beginnings[i]), 10, ret_pid);
    return false;
}

/* audit: type=1326 audit(SECONDS.MS:SERIAL): auid=A uid=U gid=G ses=S [subj=LABEL] pid=PID
 * comm=NAME exe=PATH sig=SIGNAL arch=HEX syscall=NUMBER compat=C ip=HEX code=HEX.
 * The kernel writes a NAME or PATH with a blank in it in hexadecimal. A LABEL can contain anything,
 * but comes first. */
bool kernel_log_parse_seccomp(const char *text, struct kernel_log_seccomp *ret_seccomp)
{
    static const char beginning[] = "audit: type=1326 audit(";
    uint64_t machine;

    *ret_seccomp = (struct kernel_log_seccomp){0};
    if (!text_starts_with(text, beginning) ||
        !read_number(text + strlen(beginning), 10, &ret_seccomp->seconds) ||
        !read_number(find_last(text, " pid="), 10, &ret_seccomp->pid) ||
        !read_number(find_last(text, " sig="), 10, &ret_seccomp->signal) ||
        !read_number(find_last(text, " arch="), 16, &machine) ||
        !read_number(find_last(text, " syscall="), 10, &ret_seccomp->call))
        return false;
    ret_seccomp->machine = (uint32_t) machine;
    return machine <= UINT32_MAX && ret_seccomp->seconds <= UINT32_MAX;
}

struct search {
    struct arena *arena;
    const struct kernel_log_question *question;
    struct kernel_log_answer *answer;
    struct kernel_log_oom event; /* the last OOM kill */
    const char *group;           /* the cgroup that it kills; NULL: only one process */
};

/* Is the killed process in the container's cgroup? A group can also be a parent of that. */
static bool is_of_container(const struct search *search, const struct kernel_log_oom *oom)
{
    const char *cgroup = search->question->cgroup;

    return text_path_is_within(oom->cgroup, cgroup) ||
           (search->group != NULL && text_path_is_within(cgroup, search->group));
}

static void look_for_oom(struct search *search, const char *text)
{
    const struct kernel_log_question *question = search->question;
    struct kernel_log_oom oom;

    if (kernel_log_parse_oom(search->arena, text, &oom)) {
        search->event = oom;
        search->group = NULL;
    } else if (kernel_log_parse_oom_group(search->arena, text, &search->group) ||
               search->group == NULL || !kernel_log_parse_oom_victim(text, &oom.pid)) {
        return;
    } else {
        oom.limit = search->event.limit;
        oom.cgroup = search->group;
    }
    if (oom.pid != (uint64_t) question->pid || !is_of_container(search, &oom))
        return;
    search->answer->has_oom = true;
    search->answer->oom = oom;
}

/* Compares the texts of times to the second. */
static bool is_between(const char *at, const struct kernel_log_question *question)
{
    return strncmp(question->since, at, SECONDS_SIZE - 1) <= 0 &&
           (question->until == NULL || strncmp(at, question->until, SECONDS_SIZE - 1) <= 0);
}

static void look_for_seccomp(const struct search *search, const char *text)
{
    struct kernel_log_seccomp seccomp;
    char at[CLOCK_UTC_SIZE];

    if (!kernel_log_parse_seccomp(text, &seccomp) || seccomp.signal == 0 ||
        seccomp.pid != (uint64_t) search->question->pid)
        return;
    clock_print_utc((int64_t) seccomp.seconds, at);
    if (!is_between(at, search->question))
        return;
    search->answer->has_seccomp = true;
    search->answer->seccomp = seccomp;
    search->answer->seccomp_at = arena_printf(search->arena, "%sZ", at);
}

static void take(void *context, const char *text)
{
    const struct search *search = context;

    if (search->question->cgroup != NULL)
        look_for_oom(context, text);
    look_for_seccomp(context, text);
}

int kernel_log_search(struct arena *arena, const struct kernel_log_question *question,
                      struct kernel_log_answer *ret_answer)
{
    struct search search = {.arena = arena, .question = question, .answer = ret_answer};
    struct stat own;

    *ret_answer = (struct kernel_log_answer){0};
    if (stat("/proc/self/ns/pid", &own) < 0)
        return -errno;
    if (own.st_ino != INITIAL_PID_NAMESPACE)
        return -EXDEV;
    return sys_kmsg_read(take, &search);
}
