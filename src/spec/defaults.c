/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/defaults.h"

#include <inttypes.h>
#include <string.h>

#include "berth/base/arena.h"
#include "defaults.h"

const char *spec_default_config(void)
{
    return spec_default_text;
}

const char *spec_rootless_config(struct arena *arena, uint32_t uid, uint32_t gid)
{
    return arena_printf(arena, "%s%" PRIu32 "%s%" PRIu32 "%s", spec_rootless_texts[0], uid,
                        spec_rootless_texts[1], gid, spec_rootless_texts[2]);
}

static const char cgroup_namespace[] = "            {\n"
                                       "                \"type\": \"cgroup\"\n"
                                       "            },\n";

const char *spec_without_cgroup_namespace(struct arena *arena, const char *text)
{
    const char *found = strstr(text, cgroup_namespace);

    if (found == NULL)
        return text;
    return arena_printf(arena, "%.*s%s", (int) (found - text), text,
                        found + strlen(cgroup_namespace));
}
