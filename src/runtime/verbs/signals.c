/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "berth/base/array.h"
#include "berth/base/text.h"

/* Aliases of signals that sigabbrev_np(3) does not know. */
static const struct {
    const char *name;
    int signal;
} aliases[] = {{"IO", SIGIO}, {"CLD", SIGCHLD}, {"IOT", SIGIOT}};

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
    if (distance > (uint64_t) (SIGRTMAX - SIGRTMIN))
        return -EINVAL;
    return from_min ? SIGRTMIN + (int) distance : SIGRTMAX - (int) distance;
}

int signal_of_text(const char *text)
{
    uint64_t number;

    if (text_to_u64(text, &number) == 0)
        return number <= (uint64_t) SIGRTMAX ? (int) number : -EINVAL;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int signal = 1; signal < NSIG; signal++) {
        const char *name = sigabbrev_np(signal);

        if (name != NULL && strcasecmp(name, text) == 0)
            return signal;
    }
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (strcasecmp(aliases[i].name, text) == 0)
            return aliases[i].signal;
    return real_time_signal(text);
}
