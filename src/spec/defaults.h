/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that schemas/defaults.py makes of schemas/default-config.json. */
#pragma once

extern const char spec_default_text[];

/* The host's uid belongs behind the first text, its gid behind the second. */
extern const char *const spec_rootless_texts[3];
