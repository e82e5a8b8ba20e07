/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"

/* sigabbrev_np(3) needs glibc 2.32. */
static const struct {
    const char *name;
    int signal;
} names[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"IOT", SIGIOT},   {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},       {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"POLL", SIGPOLL},
    {"PWR", SIGPWR},       {"SYS", SIGSYS},
};

/* glibc's: that is what programs in a container expect, as systemd does with SIGRTMIN+3. */
#define FIRST_REAL_TIME 34
#define LAST_REAL_TIME 64

/* "RTMIN", "RTMIN+N", "RTMAX", "RTMAX-N" */
static int real_time_signal(const char *name)
{
    bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
    uint64_t distance = 0;

    if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
        return -EINVAL;
    if (name[5] != '\0' &&
        (name[5] != (from_min ? '+' : '-') || text_to_u64(name + 6, &distance) < 0))
        return -EINVAL;
    if (distance > LAST_REAL_TIME - FIRST_REAL_TIME)
        return -EINVAL;
    return from_min ? FIRST_REAL_TIME + (int) distance : LAST_REAL_TIME - (int) distance;
}

static const char *without_prefix(const char *text)
{
    return strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
}

int signal_of_text(const char *text)
{
    uint64_t number;

    if (text_to_u64(text, &number) == 0)
        return number <= LAST_REAL_TIME ? (int) number : -EINVAL;
    text = without_prefix(text);
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcasecmp(names[i].name, text) == 0)
            return names[i].signal;
    return real_time_signal(text);
}

const char *signal_name(struct arena *arena, int signal)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].signal == signal)
            return arena_printf(arena, "SIG%s", names[i].name);
    if (signal == FIRST_REAL_TIME)
        return "SIGRTMIN";
    if (signal > FIRST_REAL_TIME && signal <= LAST_REAL_TIME)
        return arena_printf(arena, "SIGRTMIN+%d", signal - FIRST_REAL_TIME);
    return NULL;
}

const char *signal_like(const char *text)
{
    struct similar similar = {.word = without_prefix(text)};

    for (size_t i = 0; i < COUNT(names); i++)
        similar_offer(&similar, names[i].name);
    return similar.best;
}
