/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of steps in words: `PLACE: WORDS: ERRNO (HINT)`. */
#pragma once

#include <stdint.h>

struct arena;
struct error;
struct plan_header;

struct failure {
    int step;
    int number;    /* a positive errno */
    int64_t value; /* of the message: a hook's wait status */
    int output;    /* what a hook has written, or -1 */
};

/* Words the failure of a step; exit_status becomes 127 or 126 when the program was not found or
 * cannot be executed. Returns the negative errno. */
int explain_failure(struct arena *arena, const struct plan_header *plan,
                    const struct failure *failure, struct error *error);

/* What is known, or is seen now, to be the reason of a step's failure and to help; NULL:
 * nothing. */
const char *explain_hint(struct arena *arena, const struct plan_header *plan,
                         const struct failure *failure);

/* The same for a hook that is no step: `place` says which, `words` what. */
struct failed_hook {
    const char *place;
    const char *words;
    int number;
    int wait_status; /* with number EIO */
    int output;      /* or -1 */
};
int explain_hook(struct arena *arena, const struct failed_hook *hook, struct error *error);
