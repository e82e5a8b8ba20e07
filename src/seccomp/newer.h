/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that are newer than the profile. A C library that meets ENOSYS falls back on an
 * older call; any other answer is final. Profiles are lists of what is allowed, and their authors
 * could not list what did not exist, so where the default action forbids (KILL, TRAP, ERRNO,
 * whatever its number) such a call answers ENOSYS. The kernel numbers its calls upwards: newer is
 * what has a higher number than all that the profile names for that architecture, with any action.
 * A profile that names nothing there knows no newest one.
 */
#pragma once

#include "cache.h"
#include "compile.h"

struct arena;

/* The same program with that answer, in memory of `arena`. What a rule decides takes not one
 * instruction more: only where the program ended with the default action it goes on to look at the
 * number. */
void seccomp_answer_newer(struct arena *arena, const struct spec_seccomp *seccomp,
                          struct seccomp_program *program);
