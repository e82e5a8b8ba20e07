/* SPDX-License-Identifier: Apache-2.0 */
/* linux.devices, and the default devices and links of every container (config-linux.md, "Default
 * Devices"). */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "berth/base/array.h"
#include "berth/base/log.h"
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
    {"/dev/ptmx", "pts/ptmx"},          {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},  {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/core", PLAN_KERNEL_CORE},
};

/* Attributes of a bind-mounted device. MOUNT_ATTR_RDONLY does not affect writing to the device,
 * but where the host's root is mapped, it keeps root in the container from changing the mode,
 * owner and times of the host's node. */
#define DEVICE_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* The last mount on `path` itself, or NULL. */
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

static bool is_configured(const struct plan_builder *builder, const char *path)
{
    for (size_t i = 0; i < builder->linux->n_devices; i++)
        if (text_equal(text_path_clean(builder->arena, builder->linux->devices[i].path), path))
            return true;
    return find_mount(builder, path) != NULL;
}

/* Without /proc/kcore the link would dangle. */
static bool has_link(const struct plan_builder *builder, const struct plan_link *link)
{
    return builder->host->has_kernel_core || !text_equal(link->target, PLAN_KERNEL_CORE);
}

/* podman --privileged lists the host's /dev/ptmx among its devices, but the link leads to the
 * container's own. */
static bool is_link(const struct plan_builder *builder, const char *path)
{
    for (size_t i = 0; i < COUNT(links); i++)
        if (has_link(builder, &links[i]) &&
            text_equal(text_path_clean(builder->arena, path), links[i].name))
            return true;
    return false;
}

/* A /dev bound from the host already has the devices, and a default link takes precedence over a
 * device of the same path. */
static bool is_there(const struct plan_builder *builder, const char *path, bool is_hosts)
{
    return is_hosts ? text_starts_with(path, "/dev/") : is_link(builder, path);
}

static uint64_t type_bits(enum spec_device_type type)
{
    return type == SPEC_DEVICE_TYPE_B ? S_IFBLK : type == SPEC_DEVICE_TYPE_P ? S_IFIFO : S_IFCHR;
}

/* --- devices that INIT may not create --------------------------------------------------------- */

/* Costs one more process and mount namespace for each device. Default devices are bound instead:
 * their nodes equal the host's anyway. */
static bool host_makes(const struct plan_builder *builder)
{
    return builder->host->can_make_devices && builder->host->refused_call == NULL;
}

/* Many configs repeat the owner of the host's node. If the user namespace does not map that ID,
 * the node keeps the host's owner, like a bound one. */
static bool may_be_hosts(bool is_asked, uint32_t asked, const struct plan_node *node,
                         uint32_t of_node)
{
    return !is_asked || (node != NULL && node->exists && of_node == asked);
}

/* Read-only, like a bound device: restore bind-mounts the host's node with the flags of this
 * mount. */
static void let_host_make(struct plan_builder *builder, const struct spec_device *device,
                          const struct plan_node *node, const char *place)
{
    enum plan_slot slot = plan_next_source(builder);
    const uint32_t uid = node != NULL ? node->uid : 0, gid = node != NULL ? node->gid : 0;

    PLAN_ADD(
        builder, MAKE_DEVICE, .by = PLAN_HOST, .makes = slot, .place = place, .path = device->path,
        .options = plan_label_options(builder, "tmpfs", "mode=0700,nr_blocks=1,nr_inodes=4"),
        .mode = type_bits(device->type) | device->file_mode,
        .device = makedev((unsigned) device->major, (unsigned) device->minor), .uid = device->uid,
        .gid = device->gid, .or_host_uid = may_be_hosts(device->has_uid, device->uid, node, uid),
        .or_host_gid = may_be_hosts(device->has_gid, device->gid, node, gid));
    plan_open_target(builder, device->path, PLAN_TARGET_LIKE_MOUNT, slot, place);
    PLAN_ADD(builder, SET_MOUNT_ATTRIBUTES, .by = PLAN_INIT, .place = place, .mount = slot,
             .set = DEVICE_ATTRIBUTES);
    plan_attach(builder,
                (struct plan_attachment){slot, .source = device->path, .path = device->path},
                place);
}

/* CDI sets the process's UID and GID on devices that specify none: only warn of those. */
static int check_owner(struct plan_builder *builder, const char *place, const char *property,
                       const uint32_t ids[static 3])
{
    const uint32_t asked = ids[0], found = ids[1], of_process = ids[2];

    if (asked == found)
        return 0;
    if (asked == of_process) {
        log_warning_at(JSON_PATH("%s.%s", place, property),
                       "the device is the host's, whose %s is %u, not %u", property, found, asked);
        return 0;
    }
    return error_at(
        builder->error, JSON_PATH("%s.%s", place, property), EPERM,
        "the device is the host's, whose %s is %u, not %u: devices are made for a caller with "
        "CAP_MKNOD outside user namespaces; change the host's device, or leave the property out",
        property, found, asked);
}

/* A bound device has the properties of the host's: check that they match the config. */
static int check_bound(struct plan_builder *builder, const struct spec_device *device,
                       const struct plan_node *node, const char *place)
{
    const struct spec_process *process = builder->config->process;
    const struct spec_user *user = process != NULL ? process->user : NULL;
    const uint64_t number = makedev((unsigned) device->major, (unsigned) device->minor);

    if (node == NULL || !node->exists)
        return 0; /* the step that opens it reports the error */
    if ((node->mode & S_IFMT) != type_bits(device->type) || node->device != number)
        return error_at(builder->error, place, EPERM,
                        "%s of the host is not the device %u:%u, and another cannot be made: that "
                        "needs CAP_MKNOD outside user namespaces",
                        device->path, major(number), minor(number));
    if (device->has_file_mode && ((node->mode ^ device->file_mode) & 07777) != 0)
        return error_at(builder->error, JSON_PATH("%s.fileMode", place), EPERM,
                        "the device is the host's, whose mode is %04o, not %04o: devices are made "
                        "for a caller with CAP_MKNOD outside user namespaces; change the host's "
                        "device, or leave the property out",
                        node->mode & 07777, device->file_mode & 07777);
    if (device->has_uid)
        TRY(check_owner(builder, place, "uid",
                        (uint32_t[]){device->uid, node->uid, user != NULL ? user->uid : 0}));
    if (device->has_gid)
        TRY(check_owner(builder, place, "gid",
                        (uint32_t[]){device->gid, node->gid, user != NULL ? user->gid : 0}));
    return 0;
}

static bool is_made_by_init(const struct plan_builder *builder, const struct spec_device *device)
{
    return device->type == SPEC_DEVICE_TYPE_P ||
           (builder->host->can_make_devices && !plan_has_user_namespace(builder));
}

int plan_check_restored_devices(struct plan_builder *builder)
{
    const struct plan_node *nodes = builder->host->nodes;

    for (size_t i = 0; i < builder->linux->n_devices && nodes != NULL; i++)
        if (!is_made_by_init(builder, &builder->linux->devices[i]))
            TRY(check_bound(builder, &builder->linux->devices[i], &nodes[i],
                            PLAN_PLACE(builder, "linux.devices[%zu]", i)));
    return 0;
}

static void bind_device(struct plan_builder *builder, const char *path, const char *place)
{
    plan_bind(builder, (struct plan_source){.path = path}, path, DEVICE_ATTRIBUTES, place);
}

/* --- devices that INIT may create ------------------------------------------------------------- */

static void make_device(struct plan_builder *builder, const struct spec_device *device,
                        const char *place)
{
    bool is_fifo = device->type == SPEC_DEVICE_TYPE_P;

    PLAN_ADD(builder, MAKE_NODE, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ROOT), .place = place,
             .path = device->path, .mode = type_bits(device->type) | device->file_mode,
             .device = is_fifo ? 0 : makedev((unsigned) device->major, (unsigned) device->minor),
             .uid = device->uid, .gid = device->gid);
}

static void make_links(struct plan_builder *builder)
{
    bool has_proc = find_mount(builder, "/proc") != NULL;

    for (size_t i = 0; i < COUNT(links); i++) {
        if ((!has_proc && text_starts_with(links[i].target, "/proc/")) ||
            !has_link(builder, &links[i]))
            continue;
        PLAN_ADD(builder, MAKE_SYMLINK, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                 .path = links[i].name, .target = links[i].target);
    }
}

static void make_default(struct plan_builder *builder, const struct spec_device *device)
{
    if (is_made_by_init(builder, device))
        make_device(builder, device, NULL);
    else
        bind_device(builder, device->path, NULL);
}

static int make_configured(struct plan_builder *builder, const struct spec_device *device,
                           const struct plan_node *node, const char *place)
{
    if (is_made_by_init(builder, device)) {
        make_device(builder, device, place);
    } else if (host_makes(builder)) {
        let_host_make(builder, device, node, place);
    } else {
        TRY(check_bound(builder, device, node, place));
        bind_device(builder, device->path, place);
    }
    return 0;
}

int plan_make_devices(struct plan_builder *builder)
{
    const struct plan_node *nodes = builder->host->nodes;

    /* A /dev bound from the host has its own devices, and nothing may be created there. */
    const struct spec_mount *dev = find_mount(builder, "/dev");
    bool is_hosts = dev != NULL && dev->parsed->binds;

    for (size_t i = 0; i < COUNT(defaults) && !is_hosts; i++)
        if (!is_configured(builder, defaults[i].path))
            make_default(builder, &defaults[i]);
    for (size_t i = 0; i < builder->linux->n_devices; i++) {
        struct spec_device device = builder->linux->devices[i];

        device.path = text_path_clean(builder->arena, device.path);
        if (!device.has_file_mode)
            device.file_mode = 0666;
        if (!is_there(builder, device.path, is_hosts))
            TRY(make_configured(builder, &device, nodes != NULL ? &nodes[i] : NULL,
                                PLAN_PLACE(builder, "linux.devices[%zu]", i)));
    }
    if (!is_hosts)
        make_links(builder);
    return 0;
}
