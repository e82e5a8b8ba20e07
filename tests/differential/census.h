/* SPDX-License-Identifier: Apache-2.0 */
/* Between census.c and census-probe.c, which tries out what can be reached and done. */
#pragma once

/* A member of the object, as printf. */
void put(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "GROUP/NAME", until the next call. */
const char *under(const char *group, const char *name);

/* "ok", or errno's name. */
const char *word(long result);

void put_tree(const char *path, int depth);
void put_accesses(void);
void put_writables(void);
void put_devices(void);
void put_calls(void);
