/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the cgroup of a write, by its controller. */
#include <errno.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "compile.h"
#include "hierarchy/files.h"
#include "hierarchy/nearest.h"

int cgroup_error_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller)
{
    if (place->enable_error == 0) {
        error_at(compiler->error, JSON_PATH("linux.resources.%s", field), ENODEV,
                 "the controller \"%s\" is not available below %s", controller,
                 place->hierarchy->mount_point);
        return error_hint(compiler->error,
                          "see its cgroup.controllers: the parent cgroup must enable it, the "
                          "kernel to have it and no v1 hierarchy to hold it");
    }
    error_errno_at(compiler->error, JSON_PATH("linux.resources.%s", field), place->enable_error,
                   "enable the controller \"%s\" in %s/cgroup.subtree_control", controller,
                   place->enable_path);
    if (place->enable_error == EBUSY)
        error_hint(compiler->error, "the cgroup holds processes itself: choose a cgroupsPath whose "
                                    "parents hold none, or let systemd make it: --systemd-cgroup");
    else
        error_hint(compiler->error, "%s", cgroup_how_to_delegate);
    return -place->enable_error;
}

static const char *name_on_v2(const char *controller)
{
    return text_equal(controller, "blkio") ? "io" : controller;
}

/* The cgroup whose controllers the container's cgroup has or will have. The system's systemd
 * enables controllers when it creates the unit, all that the root has. */
static const char *controller_source(const struct cgroup_compiler *compiler,
                                     const struct cgroup_place *place)
{
    if (!compiler->is_preflight)
        return place->path;
    if (place->is_systemds && !compiler->cgroup->rootless)
        return place->hierarchy->mount_point;
    return cgroup_nearest(compiler->arena, place->path);
}

int cgroup_check_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller)
{
    if (compiler->v2_controllers == NULL) {
        char *words;

        TRY_ERRNO_AT(cgroup_read(compiler->arena, controller_source(compiler, place),
                                 "cgroup.controllers", &words),
                     compiler->error, JSON_PATH("linux.resources.%s", field), "read %s/%s",
                     place->path, "cgroup.controllers");
        compiler->v2_controllers = words;
    }
    /* Files of the core belong to no controller. */
    if (text_equal(controller, "cgroup") || cgroup_has_word(compiler->v2_controllers, controller))
        return 0;
    return cgroup_error_v2(compiler, place, field, controller);
}

int cgroup_find_place(struct cgroup_compiler *compiler, const char *field, const char *controller,
                      const struct cgroup_place **ret_place)
{
    const struct cgroup *cgroup = compiler->cgroup;
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(cgroup->host, controller);

    if (hierarchy == NULL)
        return error_at(compiler->error, JSON_PATH("linux.resources.%s", field), ENODEV,
                        "no cgroup hierarchy with the controller \"%s\" is mounted", controller);
    for (size_t i = 0; i < cgroup->n_places; i++) {
        if (cgroup->places[i].hierarchy != hierarchy)
            continue;
        if (hierarchy->v2)
            TRY(cgroup_check_v2(compiler, &cgroup->places[i], field, name_on_v2(controller)));
        *ret_place = &cgroup->places[i];
        return 0;
    }
    error_at(compiler->error, JSON_PATH("linux.resources.%s", field), EACCES,
             "no right to make a cgroup for the controller \"%s\"", controller);
    return error_hint(compiler->error, "%s", cgroup_how_to_delegate);
}

void cgroup_add_write(struct cgroup_compiler *compiler, struct cgroup_write write)
{
    struct cgroup_writes *writes = &compiler->writes;

    writes->item =
        arena_grow(compiler->arena, writes->item, writes->count, &writes->room, sizeof(write));
    writes->item[writes->count++] = write;
}
