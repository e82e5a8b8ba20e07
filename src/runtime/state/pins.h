/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces that a pod (run.berth.pod) holds without a process: bind mounts of them on files
 * in its state directory, ns/net and so on. */
#pragma once

#include "berth/base/text.h"
#include "state.h"

#define STATE_PINS_DIR "ns"

/* Returns the absolute paths of the files that a pod will have. */
struct text_list pins_of(const struct state *state, const struct spec_config *config);

/* Returns the type of the namespace that is bound on the file. */
enum spec_namespace_type pins_type(const char *path);

/* Binds the namespace `fd` on `file`, "ns/net". Returns -EINVAL if it is not a namespace of the
 * type `flag`, CLONE_NEWNET, or another negative errno. */
int pins_add(const struct state *state, const char *file, int fd, int flag);

/* Returns 0 if all namespaces are held, -ESRCH if one is not, or another negative errno. */
int pins_check(const struct state *state);

/* Unmounts and removes the files of all namespaces, if there are any, whatever the record says.
 * Returns 0 or a negative errno. */
int pins_remove(const struct state *state, struct error *error);
