/* SPDX-License-Identifier: Apache-2.0 */
/* One program for all targets, for libFuzzer or AFL++: the environment variable FUZZ_TARGET names
 * the target to run. */
#include <stdint.h>
#include <stdlib.h>

#include "berth/base/log.h"
#include "input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct fuzz_row *row;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    log_open(NULL, false, LOG_LEVEL_ERROR);
    row = fuzz_find(getenv("FUZZ_TARGET"));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_run(row, bytes, size);
    return 0;
}
