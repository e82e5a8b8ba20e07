/* SPDX-License-Identifier: Apache-2.0 */
/* Words the failures of steps: `PLACE: WORDS: ERRNO (HINT)`. */
#pragma once

#include <stdint.h>

struct arena;
struct error;
struct plan_header;

struct failure {
    int step;
    int number;    /* a positive errno */
    int64_t value; /* of the failure message: a hook's wait status */
    int output;    /* a hook's output, or -1 */
};

/* Words the failure of a step. Sets exit_status to 127 if the program was not found, to 126 if it
 * cannot be executed. Returns the negative errno. */
int explain_failure(struct arena *arena, const struct plan_header *plan,
                    const struct failure *failure, struct error *error);

/* Returns the known or detected reason of a step's failure and what helps, or NULL. */
const char *explain_hint(struct arena *arena, const struct plan_header *plan,
                         const struct failure *failure);

/* The same for a hook that is not a step: `place` is its JSON path, `words` says what failed. */
struct failed_hook {
    const char *place;
    const char *words;
    int number;
    int wait_status; /* if number is EIO */
    int output;      /* a file with its output, or -1 */
};
int explain_hook(struct arena *arena, const struct failed_hook *hook, struct error *error);
