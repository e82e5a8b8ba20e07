/* SPDX-License-Identifier: Apache-2.0 */
/* replay CORPUS: runs every file CORPUS/TARGET/FILE with its target, whole and truncated at every
 * length. Each target must have files. */
#include <dirent.h>
#include <stdlib.h>

#include "../unit/tap.h"
#include "berth/base/log.h"
#include "input.h"

#define BYTES_MAX ((size_t) 64 * 1024)
#define CUTS_MAX 2048

static void replay(const struct fuzz_row *row, const char *path)
{
    static char bytes[BYTES_MAX];
    FILE *file = fopen(path, "re");

    fuzz_require(file != NULL);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    fuzz_require(size < sizeof(bytes));
    for (size_t cut = size < CUTS_MAX ? 0 : size; cut <= size; cut++)
        fuzz_run(row, bytes, cut);
}

int main(int argc, char **argv)
{
    fuzz_require(argc == 2);
    log_open(NULL, false, LOG_LEVEL_ERROR);
    for (size_t i = 0; i < fuzz_n_rows; i++) {
        char dir[4096], path[4096 + 256];
        size_t count = 0;

        snprintf(dir, sizeof(dir), "%s/%s", argv[1], fuzz_rows[i].name);
        DIR *files = opendir(dir);
        for (struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
            replay(&fuzz_rows[i], path);
            count++;
        }
        if (files != NULL)
            closedir(files);
        tap_ok(count > 0, "%s: %zu inputs", fuzz_rows[i].name, count);
        fflush(stdout);
    }
    return tap_end();
}
