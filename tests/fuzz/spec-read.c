/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader and the rules for any bytes: they may refuse, but must neither crash nor leak, and a
 * document that is refused has a line that says why. The first byte chooses the kind of document.
 */
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/spec/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int read_config(struct arena *arena, const char *bytes, size_t size, struct error *error)
{
    const struct spec_config *config;

    return spec_load_config(arena, bytes, size, &config, error);
}

static int read_any(struct arena *arena, const char *bytes, size_t size, struct error *error)
{
    const struct spec_state *state;
    const struct spec_features *features;
    const struct spec_process *process;
    const struct spec_resources *resources;
    const struct spec_mounts *mounts;

    switch (bytes[0]) {
    case 's':
        return spec_read_state(arena, bytes + 1, size - 1, &state, error);
    case 'f':
        return spec_read_features(arena, bytes + 1, size - 1, &features, error);
    case 'p':
        TRY(spec_read_process(arena, "process.json", &(struct spec_text){bytes + 1, size - 1},
                              &process, error));
        return spec_check_process(process, error);
    case 'r':
        TRY(spec_read_resources(arena, "resources.json", &(struct spec_text){bytes + 1, size - 1},
                                &resources, error));
        return spec_check_resources(resources, error);
    case 'm':
        return spec_read_mounts(arena, "mounts", &(struct spec_text){bytes + 1, size - 1}, &mounts,
                                error);
    default:
        return read_config(arena, bytes, size, error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO_ARENA arena = {0};
    struct error error = {0};

    if (size == 0)
        return 0;
    /* An exact copy, so that one byte too far is seen. */
    char *copy = malloc(size);
    memcpy(copy, bytes, size);
    int result = read_any(&arena, copy, size, &error);
    free(copy);
    if (result > 0 || (result < 0) != (error.number != 0) ||
        (result < 0) != (error.text[0] != '\0'))
        abort();
    return 0;
}
