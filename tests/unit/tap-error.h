/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of errors, for tests that have no arena at hand. */
#pragma once

#include <stdio.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"

/* The next call overwrites the result. */
static inline const char *tap_error(const struct error *error)
{
    static char text[sizeof(error->bytes) + 256];
    AUTO_ARENA arena = {0};

    snprintf(text, sizeof(text), "%s", error_text(&arena, error));
    return text;
}
