/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the values of D-Bus messages to words and back; wire.h defines their order. */
#pragma once

#include "library.h"
#include "wire.h"

struct message_values {
    const struct text_list *words;
    size_t first;      /* index of the first word that is a value */
    const char *fault; /* set if the words do not match their types */
};

/* Appends one value for each type of `signature` to the message. Returns 0 or a negative errno. */
int message_append(const struct library *library, sd_bus_message *message, const char *signature,
                   struct message_values *values);

/* Adds the message's signature and its values to `words`. Returns 0 or a negative errno. */
int message_read(const struct library *library, sd_bus_message *message, struct text_list *words);
