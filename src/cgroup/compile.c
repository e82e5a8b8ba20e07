/* SPDX-License-Identifier: Apache-2.0 */
#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "berth/sys/bpf.h"
#include "devices.h"
#include "files.h"

static const char how_to_delegate[] = "start it as root, or from a cgroup that is delegated to the "
                                      "user, as by systemd-run --user --scope "
                                      "-p Delegate=yes";

static int complain_of_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                          const char *field, const char *controller)
{
    if (place->enable_error == 0)
        return error_set(
            compiler->error, ENODEV,
            "linux.resources.%s: the controller \"%s\" is not available below %s "
            "(see its cgroup.controllers: the cgroup above has to enable it, the kernel to have "
            "it and no v1 hierarchy to hold it)",
            field, controller, place->hierarchy->mount_point);
    error_errno(compiler->error, place->enable_error,
                "linux.resources.%s: enable the controller \"%s\" in %s/cgroup.subtree_control",
                field, controller, place->enable_path);
    if (place->enable_error == EBUSY)
        error_hint(compiler->error, "the cgroup holds processes itself: choose a cgroupsPath whose "
                                    "parents hold none");
    else
        error_hint(compiler->error, "%s", how_to_delegate);
    return -place->enable_error;
}

static int check_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller)
{
    if (compiler->v2_controllers == NULL) {
        char *words;
        int result = cgroup_read(compiler->arena, place->path, "cgroup.controllers", &words);

        if (result < 0)
            return error_errno(compiler->error, -result, "linux.resources.%s: read %s/%s", field,
                               place->path, "cgroup.controllers");
        compiler->v2_controllers = words;
    }
    /* Files of the core belong to no controller. */
    if (text_equal(controller, "cgroup") || cgroup_has_word(compiler->v2_controllers, controller))
        return 0;
    return complain_of_v2(compiler, place, field, controller);
}

int cgroup_find_place(struct cgroup_compiler *compiler, const char *field, const char *controller,
                      const struct cgroup_place **ret_place)
{
    const struct cgroup *cgroup = compiler->cgroup;
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(cgroup->host, controller);

    if (hierarchy == NULL)
        return error_set(
            compiler->error, ENODEV,
            "linux.resources.%s: no cgroup hierarchy with the controller \"%s\" is mounted", field,
            controller);
    for (size_t i = 0; i < cgroup->n_places; i++) {
        if (cgroup->places[i].hierarchy != hierarchy)
            continue;
        if (hierarchy->v2)
            TRY(check_v2(compiler, &cgroup->places[i], field, controller));
        *ret_place = &cgroup->places[i];
        return 0;
    }
    error_set(compiler->error, EACCES,
              "linux.resources.%s: no right to make a cgroup for the controller \"%s\"", field,
              controller);
    return error_hint(compiler->error, "%s", how_to_delegate);
}

void cgroup_add_write(struct cgroup_compiler *compiler, struct cgroup_write write)
{
    struct cgroup_writes *writes = &compiler->writes;

    writes->item =
        arena_grow(compiler->arena, writes->item, writes->count, &compiler->room, sizeof(write));
    writes->item[writes->count++] = write;
}

static const struct cgroup_place *find_v2(const struct cgroup *cgroup)
{
    for (size_t i = 0; i < cgroup->n_places; i++)
        if (cgroup->places[i].hierarchy->v2)
            return &cgroup->places[i];
    return NULL;
}

/* linux.resources.unified: files of the v2 cgroup by name; what is before the dot names the
 * controller. */
static int compile_unified(struct cgroup_compiler *compiler)
{
    const struct spec_resources *resources = compiler->resources;
    const struct cgroup_place *v2 = find_v2(compiler->cgroup);

    if (resources->n_unified > 0 && v2 == NULL)
        return error_set(compiler->error, ENODEV,
                         "linux.resources.unified: the container has no cgroup of version 2");
    for (size_t i = 0; i < resources->n_unified; i++) {
        const char *file = resources->unified[i].key;
        const char *field = arena_printf(compiler->arena, "unified[%s]", file);
        const char *controller =
            arena_printf(compiler->arena, "%.*s", (int) strcspn(file, "."), file);

        TRY(check_v2(compiler, v2, field, controller));
        cgroup_add_write(compiler, (struct cgroup_write){.field = field,
                                                         .place = v2,
                                                         .file = file,
                                                         .text = resources->unified[i].value});
    }
    return 0;
}

/* As bytes; -1 stands for no limit. */
static uint64_t bytes_of(const char *text)
{
    uint64_t bytes = UINT64_MAX;

    text_to_u64(text, &bytes);
    return bytes;
}

/* v1 keeps memory <= memory and swap at every moment: what grows beyond the present sum needs the
 * sum first. */
static void order_memory(struct cgroup_compiler *compiler)
{
    struct cgroup_write *limit = NULL;
    struct cgroup_write *swap = NULL;
    char *present;

    for (size_t i = 0; i < compiler->writes.count; i++) {
        struct cgroup_write *write = &compiler->writes.item[i];

        if (!write->place->hierarchy->v2 && text_equal(write->field, CGROUP_MEMORY_LIMIT))
            limit = write;
        if (!write->place->hierarchy->v2 && text_equal(write->field, CGROUP_MEMORY_SWAP))
            swap = write;
    }
    if (limit == NULL || swap == NULL ||
        cgroup_read(compiler->arena, swap->place->path, swap->file, &present) < 0)
        return;
    if (bytes_of(swap->text) > bytes_of(present)) {
        struct cgroup_write first = *swap;

        *swap = *limit;
        *limit = first;
    }
}

int cgroup_compile(struct arena *arena, const struct cgroup *cgroup,
                   const struct spec_resources *resources, struct cgroup_writes *ret_writes,
                   struct error *error)
{
    struct cgroup_compiler compiler = {
        .arena = arena, .cgroup = cgroup, .resources = resources, .error = error};

    TRY(cgroup_compile_settings(&compiler));
    TRY(cgroup_compile_devices(&compiler));
    TRY(compile_unified(&compiler));
    order_memory(&compiler);
    *ret_writes = compiler.writes;
    return 0;
}

/* Returns 0 or a negative errno with the error set. */
static int attach_program(const struct cgroup_write *write, struct error *error)
{
    const struct cgroup_device_program *program = write->program;
    AUTO_FD cgroup = open(write->place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (cgroup < 0)
        return error_errno(error, errno, "linux.resources.%s: open the cgroup %s", write->field,
                           write->place->path);
    AUTO_FD fd = sys_bpf_load_devices(program->instructions, program->count);
    int result = fd < 0 ? fd : sys_bpf_attach_devices(cgroup, fd);
    if (result == 0)
        return 0;
    error_errno(error, -result, "linux.resources.%s: %s its program (bpf) for the cgroup %s",
                write->field, fd < 0 ? "load" : "attach", write->place->path);
    return error_hint(error, result == -EPERM
                                 ? "device rules on cgroup v2 need CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the "
                                   "initial user namespace"
                                 : "device rules on cgroup v2 need a kernel with CONFIG_CGROUP_BPF");
}

/* Rules for devices come a dozen at a time: the file stays open as long as the next write is to it
 * too. */
static int write_next(const struct cgroup_write *write, const struct cgroup_write *former, int *fd)
{
    char path[PATH_MAX];

    if (*fd < 0 || former->place != write->place || !text_equal(former->file, write->file)) {
        fd_close(fd);
        if (snprintf(path, sizeof(path), "%s/%s", write->place->path, write->file) >=
            (int) sizeof(path))
            return -ENAMETOOLONG;
        *fd = open(path, O_WRONLY | O_CLOEXEC);
    }
    if (*fd < 0)
        return -errno;
    ssize_t written = pwrite(*fd, write->text, strlen(write->text), 0);
    if (written < 0)
        return -errno;
    return (size_t) written == strlen(write->text) ? 0 : -EIO;
}

int cgroup_write(const struct cgroup_writes *writes, struct error *error)
{
    AUTO_FD fd = -1;

    for (size_t i = 0; i < writes->count; i++) {
        const struct cgroup_write *write = &writes->item[i];

        if (write->program != NULL) {
            TRY(attach_program(write, error));
            continue;
        }
        int result = write_next(write, i == 0 ? NULL : write - 1, &fd);

        if (result == 0 || (write->forgiven != 0 && result == -write->forgiven))
            continue;
        error_errno(error, -result, "linux.resources.%s: write \"%s\" to %s", write->field,
                    write->text, write->file);
        if (result == -ENOENT)
            error_hint(error, "this kernel has no such file in %s", write->place->path);
        return result;
    }
    return 0;
}
