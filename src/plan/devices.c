/* SPDX-License-Identifier: Apache-2.0 */
/* linux.devices, and the devices and links that every container has (config-linux.md, "Default Devices"). */
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "berth/base/text.h"
#include "builder.h"

static const struct spec_device defaults[] = {
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/null", .major = 1, .minor = 3, .file_mode = 0666},
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/zero", .major = 1, .minor = 5, .file_mode = 0666},
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/full", .major = 1, .minor = 7, .file_mode = 0666},
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/random", .major = 1, .minor = 8, .file_mode = 0666},
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/urandom", .major = 1, .minor = 9, .file_mode = 0666},
    {.type = SPEC_DEVICE_TYPE_C, .path = "/dev/tty", .major = 5, .minor = 0, .file_mode = 0666},
};

static const struct plan_link links[] = {
    {"/dev/ptmx", "pts/ptmx"},
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The mount that stands last on `path` itself, or NULL. */
static const struct spec_mount *find_mount(const struct plan_builder *builder, const char *path)
{
    const struct spec_mount *found = NULL;

    for (size_t i = 0; i < builder->config->n_mounts; i++) {
        const char *destination =
            text_path_join(builder->arena, "/", builder->config->mounts[i].destination);

        if (text_equal(text_path_clean(builder->arena, destination), path))
            found = &builder->config->mounts[i];
    }
    return found;
}

static bool is_bind(const struct spec_mount *mount)
{
    for (size_t i = 0; mount != NULL && i < mount->n_options; i++)
        if (text_equal(mount->options[i], "bind") || text_equal(mount->options[i], "rbind"))
            return true;
    return false;
}

static bool is_configured(const struct plan_builder *builder, const char *path)
{
    for (size_t i = 0; i < builder->linux->n_devices; i++)
        if (text_equal(text_path_clean(builder->arena, builder->linux->devices[i].path), path))
            return true;
    return find_mount(builder, path) != NULL;
}

/* podman --privileged lists the host's /dev/ptmx among all its devices: the container's own is what
 * the link leads to. */
static bool is_link(const struct plan_builder *builder, const char *path)
{
    for (size_t i = 0; i < COUNT(links); i++)
        if (text_equal(text_path_clean(builder->arena, path), links[i].name))
            return true;
    return false;
}

/* Those of a /dev of the host's are there; a link that every container has stands in the place of
 * a device. */
static bool is_there(const struct plan_builder *builder, const char *path, bool is_hosts)
{
    return is_hosts ? text_starts_with(path, "/dev/") : is_link(builder, path);
}

static uint64_t type_bits(enum spec_device_type type)
{
    return type == SPEC_DEVICE_TYPE_B ? S_IFBLK : type == SPEC_DEVICE_TYPE_P ? S_IFIFO : S_IFCHR;
}

/* A user namespace may not make devices: it gets the host's, bound. The mount is read-only, which is no matter to who writes to the
 * device: where the host's root is mapped, root in the container could change the node's mode, owner and times. */
static void make_device(struct plan_builder *builder, const struct spec_device *device,
                        const char *place)
{
    bool is_fifo = device->type == SPEC_DEVICE_TYPE_P;

    if (!builder->host->can_make_devices || plan_has_user_namespace(builder)) {
        if (!is_fifo) {
            plan_bind(builder, (struct plan_source){.path = device->path}, device->path,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, place);
            return;
        }
    }
    PLAN_ADD(builder, .op = PLAN_MAKE_NODE, .by = PLAN_INIT, .uses = {PLAN_SLOT_ROOT},
             .place = place, .text = {device->path},
             .number = {type_bits(device->type) | device->file_mode,
                        is_fifo ? 0 : makedev((unsigned) device->major, (unsigned) device->minor),
                        device->uid, device->gid});
}

static void make_links(struct plan_builder *builder)
{
    bool has_proc = find_mount(builder, "/proc") != NULL;

    for (size_t i = 0; i < COUNT(links); i++) {
        if (!has_proc && text_starts_with(links[i].target, "/proc/"))
            continue;
        PLAN_ADD(builder, .op = PLAN_MAKE_SYMLINK, .by = PLAN_INIT, .uses = {PLAN_SLOT_ROOT},
                 .text = {links[i].name, links[i].target});
    }
}

void plan_make_devices(struct plan_builder *builder)
{
    /* A /dev of the host's has its own devices, and nothing may be made there. */
    bool is_hosts = is_bind(find_mount(builder, "/dev"));

    for (size_t i = 0; i < COUNT(defaults) && !is_hosts; i++)
        if (!is_configured(builder, defaults[i].path))
            make_device(builder, &defaults[i], NULL);
    for (size_t i = 0; i < builder->linux->n_devices; i++) {
        struct spec_device device = builder->linux->devices[i];

        device.path = text_path_clean(builder->arena, device.path);
        if (!device.has_file_mode)
            device.file_mode = 0666;
        if (!is_there(builder, device.path, is_hosts))
            make_device(builder, &device, PLAN_PLACE(builder, "linux.devices[%zu]", i));
    }
    if (!is_hosts)
        make_links(builder);
}
