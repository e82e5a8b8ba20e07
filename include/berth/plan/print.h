/* SPDX-License-Identifier: Apache-2.0 */
/* The plan in words: for the dry run, traces and errors. */
#pragma once

#include "berth/plan/plan.h"

struct arena;
struct text;

/* The name of a kind of step as ops.def has it: "make-mount". */
const char *plan_op_name(enum plan_op op);

/* The name of the step's kind as ops.def has it: "make-mount". */
const char *plan_step_name(const struct plan_header *plan, int step);

/* What the step does, in words: "mount proc on /proc". */
char *plan_step_words(struct arena *arena, const struct plan_header *plan, int step);

/* The step's place in config.json: "mounts[3]", or NULL for what the runtime does of itself. */
const char *plan_step_place(const struct plan_header *plan, int step);

/* "host", "first" or "init". */
const char *plan_actor_name(int actor);

/* The name of a slot: "root". */
const char *plan_slot_name(int slot);

/* The name of one token: "mapped". */
const char *plan_token_name(unsigned token);

/* Writes the whole plan, one step a line: number, actor, name, words, what it waits for, its
 * place. */
void plan_print(const struct plan_header *plan, struct text *text);
