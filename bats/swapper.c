/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacker of the tests of security: swaps A and B, again and again, until it is killed.
 *
 *   swapper A B
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 125;
    for (unsigned long swaps = 0;; swaps++) {
        if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0) {
            fprintf(stderr, "swapper: %s: %s\n", argv[1], strerror(errno));
            return 1;
        }
        /* Both states have to last about as long as a step of the runtime does. */
        if (swaps % 8 == 0)
            usleep(20);
    }
}
