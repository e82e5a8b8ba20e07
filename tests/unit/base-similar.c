/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/similar.h"

#include "tap.h"

static const char *const commands[] = {"create", "run",  "start", "state",     "kill",
                                       "delete", "list", "exec",  "checkpoint"};

static const struct {
    const char *word;
    const char *meant; /* NULL: no word is similar */
} cases[] = {
    {"state", "state"},
    {"stat", "state"}, /* "start" is as close, but "state" begins with "stat" */
    {"rnu", "run"},
    {"delte", "delete"},
    {"deleet", "delete"},
    {"craete", "create"},
    {"check", "checkpoint"},
    {"eecx", "exec"},
    {"kil", "kill"},
    {"RUN", "run"},
    {"Stat", "state"},
    {"listt", "list"},
    {"nosuch", NULL},
    {"x", NULL},
    {"", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaa",
     NULL},
};

int main(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct similar similar = {.word = cases[i].word};

        for (size_t j = 0; j < sizeof(commands) / sizeof(commands[0]); j++)
            similar_offer(&similar, commands[j]);
        tap_text(similar.best, cases[i].meant, cases[i].word);
    }
    return tap_end();
}
