/* SPDX-License-Identifier: Apache-2.0 */
/* The values of D-Bus messages as words: wire.h has their order. */
#pragma once

#include "library.h"
#include "wire.h"

struct message_values {
    const struct text_list *words;
    size_t first;      /* the values are all words from this one on */
    const char *fault; /* set when they are not of their types */
};

/* Appends values of all types of `signature` to the message. Returns 0 or a negative errno. */
int message_append(const struct library *library, sd_bus_message *message, const char *signature,
                   struct message_values *values);

/* Adds the message's signature and its values to `words`. Returns 0 or a negative errno. */
int message_read(const struct library *library, sd_bus_message *message, struct text_list *words);
