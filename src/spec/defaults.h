/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that schemas/defaults.py generates from schemas/default-config.json. */
#pragma once

extern const char spec_default_text[];

/* To be joined with the host's UID after the first text and its GID after the second. */
extern const char *const spec_rootless_texts[3];
