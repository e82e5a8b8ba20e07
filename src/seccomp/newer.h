/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that are newer than the profile. A C library that gets ENOSYS falls back to an older
 * call; any other error is final. Profiles are allow lists whose authors could not list future
 * calls. So if the default action denies (KILL, TRAP, or ERRNO with any number), a newer call
 * returns ENOSYS instead. The kernel numbers its calls upwards: a call is newer if its number is
 * higher than every number that the profile names for that architecture, with any action. If the
 * profile names none, no call counts as newer.
 */
#pragma once

#include "cache.h"
#include "compile.h"

struct arena;

/* Rewrites the program to return ENOSYS for newer calls, in memory from `arena`. Calls that a rule
 * decides cost no extra instruction: only the places that return the default action go on to check
 * the number. */
void seccomp_answer_newer(struct arena *arena, const struct spec_seccomp *seccomp,
                          struct seccomp_program *program);
