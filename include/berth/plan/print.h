/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text: for dry runs, traces and errors. */
#pragma once

#include "berth/plan/plan.h"

struct arena;
struct text;

/* The operation's name in ops.def: "make-mount". */
const char *plan_op_name(enum plan_op op);

/* The name of the step's operation in ops.def: "make-mount". */
const char *plan_step_name(const struct plan_header *plan, int step);

/* Returns the words of the step: "mount proc on /proc". */
char *plan_step_words(struct arena *arena, const struct plan_header *plan, int step);

/* The property of config.json that asks for the step: "mounts[3]"; NULL if none does. */
const char *plan_step_place(const struct plan_header *plan, int step);

/* "host", "first" or "init". */
const char *plan_actor_name(int actor);

/* The name of a slot: "root". */
const char *plan_slot_name(int slot);

/* The name of one token: "mapped". */
const char *plan_token_name(unsigned token);

/* Appends the plan to `text`, one step a line: number, actor, name, words, what it waits for,
 * and the property of config.json. */
void plan_print(const struct plan_header *plan, struct text *text);
