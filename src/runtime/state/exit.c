/* SPDX-License-Identifier: Apache-2.0 */
#include "exit.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/clock.h"
#include "berth/base/text.h"
#include "berth/sys/process.h"

bool exit_is_known(const struct exit_facts *facts)
{
    return facts->source == EXIT_RECORDED || facts->source == EXIT_ZOMBIE;
}

int exit_record(const struct state *state, int status)
{
    const char *text = arena_printf(state->arena, "%d %lld", status, (long long) time(NULL));

    return symlinkat(text, state->dir, STATE_EXIT) < 0 ? -errno : 0;
}

/* Returns whether there is such a record. */
static bool read_recorded(const struct state *state, struct exit_facts *facts)
{
    char link[64], at[CLOCK_UTC_SIZE];
    const char *text = link;
    uint64_t status, seconds;
    ssize_t size = readlinkat(state->dir, STATE_EXIT, link, sizeof(link) - 1);

    if (size < 0)
        return false;
    link[size] = '\0';
    if (!text_next_u64(&text, &status) || !text_next_u64(&text, &seconds) || status > UINT16_MAX ||
        seconds > UINT32_MAX)
        return false;
    clock_print_utc((int64_t) seconds, at);
    facts->source = EXIT_RECORDED;
    facts->status = (int) status;
    facts->at = arena_printf(state->arena, "%sZ", at);
    return true;
}

static void read_process(const struct state *state, struct exit_facts *facts)
{
    struct sys_exit exit = {0};
    int result =
        state->pid <= 0 ? -ESRCH : sys_process_read_exit(state->pid, state->start_time, &exit);

    facts->source = result == 0         ? EXIT_ZOMBIE
                    : result == -ESRCH  ? EXIT_REAPED
                    : result == -EACCES ? EXIT_HIDDEN
                                        : EXIT_UNREADABLE;
    facts->number = -result;
    facts->status = exit.status;
    facts->parent = exit.parent;
}

void exit_find(const struct state *state, struct exit_facts *ret_facts)
{
    struct exit_facts facts = {0};

    if (!read_recorded(state, &facts))
        read_process(state, &facts);
    *ret_facts = facts;
}
