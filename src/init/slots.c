/* SPDX-License-Identifier: Apache-2.0 */
/* The file descriptors that steps leave to later ones. */
#include "init.h"
#include "path.h"

void init_close(const int *fd)
{
    if (*fd >= 0)
        sys_close(*fd);
}

int init_fill(struct init *init, int slot, int fd)
{
    if (fd < 0)
        return fd;
    init_empty(init, slot);
    init->slot[slot] = fd;
    return 0;
}

void init_empty(struct init *init, int slot)
{
    init_close(&init->slot[slot]);
    init->slot[slot] = -1;
    if (init->looked_at == slot)
        init->looked_at = -1;
}

int init_holds(struct init *init, int slot, const struct statx *status)
{
    int r = init->looked_at == slot ? 0 : path_status(init->slot[slot], &init->looked);

    init->looked_at = r < 0 ? -1 : slot;
    return r < 0 ? r : path_is_same_status(status, &init->looked);
}
