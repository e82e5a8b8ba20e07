/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/spec/landlock.h"
#include "container.h"
#include "state/host-facts.h"

#define DEFAULT_IMAGE "checkpoint"
#define LOG_LEVEL 4 /* everything: details cannot be had later */
#define CRIU_CONFIG "org.criu.config"

/* The first one that exists is used. crun's and runc's files are for users who switch from those,
 * in crun's order. */
static const char *const default_configs[] = {"/etc/criu/berth.conf", "/etc/criu/crun.conf",
                                              "/etc/criu/runc.conf"};

struct word {
    const char *name;
    int number;
};

/* criu_cg_mode */
static const struct word cgroup_modes[] = {
    {"ignore", 0}, {"soft", 3}, {"full", 4}, {"strict", 5}, {NULL, 0}};

/* criu_network_lock_method */
static const struct word network_locks[] = {
    {"iptables", 1}, {"nftables", 2}, {"skip", 3}, {NULL, 0}};

static int put_word(struct text *options, unsigned field, const struct word *words,
                    const char *name)
{
    for (; words->name != NULL; words++)
        if (text_equal(words->name, name)) {
            criu_put_number(options, field, words->number);
            return 0;
        }
    return -EINVAL;
}

static int put_words(const struct runtime_criu *common, struct text *options, struct error *error)
{
    const char *mode = common->manage_cgroups_mode != NULL ? common->manage_cgroups_mode : "soft";

    if (put_word(options, CRIU_MANAGE_CGROUPS_MODE, cgroup_modes, mode) < 0)
        return error_set(error, EINVAL,
                         "--manage-cgroups-mode is soft, full, strict or ignore, not \"%s\"", mode);
    if (common->network_lock != NULL &&
        put_word(options, CRIU_NETWORK_LOCK, network_locks, common->network_lock) < 0)
        return error_set(error, EINVAL, "--network-lock is iptables, nftables or skip, not \"%s\"",
                         common->network_lock);
    if (common->empty_ns != NULL && !text_equal(common->empty_ns, "network"))
        return error_set(error, EINVAL,
                         "--empty-ns: criu can leave out a network namespace alone, not \"%s\"",
                         common->empty_ns);
    return 0;
}

bool criu_empties_network(const struct runtime_criu *common, const struct spec_config *config)
{
    const struct spec_hooks *hooks = config->hooks;

    return spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_NETWORK) &&
           (common->empty_ns != NULL ||
            (hooks != NULL && (hooks->n_prestart > 0 || hooks->n_create_runtime > 0)));
}

/* An empty annotation means no file, not even a default one. */
const char *criu_config_file(const struct spec_config *config)
{
    const char *file = spec_annotation(config, CRIU_CONFIG);

    for (size_t i = 0; file == NULL && i < COUNT(default_configs); i++)
        if (access(default_configs[i], R_OK) == 0)
            return default_configs[i];
    return file != NULL && file[0] != '\0' ? file : NULL;
}

int criu_put_common(const struct runtime_criu *common, const struct spec_config *config,
                    struct text *options, struct error *error)
{
    const char *file = criu_config_file(config);

    if (spec_landlock_of(config) != NULL)
        return error_at(error, SPEC_LANDLOCK_PATH, ENOTSUP,
                        "criu cannot restore Landlock's rules: the processes would be free of "
                        "them");
    if (spec_annotation(config, SPEC_CORE_SCHEDULING) != NULL)
        return error_at(error, SPEC_CORE_SCHEDULING_PATH, ENOTSUP,
                        "criu cannot restore the core-scheduling cookie: the processes would share "
                        "cores with others");
    criu_put_number(options, CRIU_LOG_LEVEL, LOG_LEVEL);
    criu_put_number(options, CRIU_NOTIFY_SCRIPTS, true);
    criu_put_number(options, CRIU_ORPHAN_PTS_MASTER, true);
    criu_put_number(options, CRIU_TCP_ESTABLISHED, common->tcp_established);
    criu_put_number(options, CRIU_EXT_UNIX_SK, common->ext_unix_sk);
    criu_put_number(options, CRIU_SHELL_JOB, common->shell_job);
    criu_put_number(options, CRIU_FILE_LOCKS, common->file_locks);
    criu_put_number(options, CRIU_AUTO_DEDUP, common->auto_dedup);
    criu_put_number(options, CRIU_LAZY_PAGES, common->lazy_pages);
    if (criu_empties_network(common, config))
        criu_put_number(options, CRIU_EMPTY_NS, CLONE_NEWNET);
    if (file != NULL)
        criu_put_string(options, CRIU_CONFIG_FILE, file);
    return put_words(common, options, error);
}

size_t criu_needs_of(const struct runtime_criu *common, struct criu_needs *needs)
{
    size_t count = 0;

    needs[count++] = (struct criu_needs){.version = 30000, .option = "berth"};
    if (common->lazy_pages)
        needs[count++] = (struct criu_needs){.option = "--lazy-pages", .lazy_pages = true};
    if (common->network_lock != NULL)
        needs[count++] =
            (struct criu_needs){.version = text_equal(common->network_lock, "skip") ? 31900 : 31700,
                                .option = "--network-lock"};
    /* criu before 4.1 (seen with 3.17) leaves its rules in place after restore, and connections
     * hang. */
    if (common->tcp_established && common->network_lock != NULL &&
        text_equal(common->network_lock, "nftables"))
        needs[count++] = (struct criu_needs){
            .version = 40100, .option = "--network-lock nftables with --tcp-established"};
    return count;
}

/* --- directories ------------------------------------------------------------------------------ */

static int open_dir(const char *option, const char *path, bool make, struct error *error)
{
    int result = make ? file_make_dirs(path, 0700) : 0;
    int fd = result < 0 ? result : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    return error_errno(error, result < 0 ? -result : errno, "%s: the directory %s", option, path);
}

const char *criu_image_dir(const struct runtime_criu *common)
{
    return common->image_path != NULL ? common->image_path : DEFAULT_IMAGE;
}

/* An old log would be taken for that of this run, and criu does not report that it cannot write its
 * log. */
static int try_log(struct criu *criu, int dir)
{
    int result = unlinkat(dir, criu->log, 0) < 0 && errno != ENOENT ? -errno : 0;
    AUTO_FD fd =
        result < 0 ? -1 : openat(dir, criu->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (result == 0 && (fd < 0 || unlinkat(dir, criu->log, 0) < 0))
        result = -errno;
    return result < 0 ? error_errno(criu->error, -result, "--work-path: write %s in %s", criu->log,
                                    criu->work_dir)
                      : 0;
}

int criu_open_dirs(struct criu *criu, const struct runtime_criu *common, bool make, int ret_dirs[2])
{
    const char *image = criu_image_dir(common);

    criu->work_dir = common->work_path != NULL ? common->work_path : image;
    ret_dirs[0] = open_dir("--image-path", image, make, criu->error);
    if (ret_dirs[0] < 0)
        return ret_dirs[0];
    ret_dirs[1] = open_dir("--work-path", criu->work_dir, true, criu->error);
    if (ret_dirs[1] < 0)
        return ret_dirs[1];
    return try_log(criu, ret_dirs[1]);
}

/* --- namespaces ------------------------------------------------------------------------------- */

/* How criu takes a namespace that has a path: as a descriptor, or by its path. It can only create
 * other types anew. */
static const struct shared_namespace {
    enum spec_namespace_type type;
    const char *key; /* of the descriptor; NULL: by its path */
} shared_namespaces[] = {
    {SPEC_NAMESPACE_TYPE_NETWORK, "extRootNetNS"},
    {SPEC_NAMESPACE_TYPE_PID, "extRootPidNS"},
    {SPEC_NAMESPACE_TYPE_IPC, NULL},
    {SPEC_NAMESPACE_TYPE_UTS, NULL},
    {SPEC_NAMESPACE_TYPE_TIME, NULL},
};

/* Returns the file name in /proc/PID/ns. */
static const char *file_of(const struct shared_namespace *shared)
{
    return host_namespace_file(spec_namespace_type_names[shared->type]);
}

static const struct shared_namespace *find_shared(enum spec_namespace_type type)
{
    for (size_t i = 0; i < COUNT(shared_namespaces); i++)
        if (shared_namespaces[i].type == type)
            return &shared_namespaces[i];
    return NULL;
}

static const char *path_of(const struct spec_linux *config, size_t index)
{
    const char *path = config->namespaces[index].path;

    return path != NULL && path[0] != '\0' ? path : NULL;
}

/* "net[4026531840]:extRootNetNS" */
static int put_external(const struct criu_container *container,
                        const struct shared_namespace *shared, struct text *options,
                        struct error *error)
{
    const char *path =
        arena_printf(container->arena, "/proc/%d/ns/%s", container->pid, file_of(shared));
    struct stat info;

    if (stat(path, &info) < 0)
        return error_errno(error, errno, "look at the namespace %s", path);
    criu_put_string(options, CRIU_EXTERNAL,
                    arena_printf(container->arena, "%s[%" PRIu64 "]:%s", file_of(shared),
                                 (uint64_t) info.st_ino, shared->key));
    return 0;
}

/* Returns -ENOTSUP for a namespace with a path that criu cannot join. *ret_shared is NULL for one
 * without a path. */
static int find_joined(const struct spec_linux *config, size_t index,
                       const struct shared_namespace **ret_shared, struct error *error)
{
    enum spec_namespace_type type = config->namespaces[index].type;

    *ret_shared = NULL;
    if (path_of(config, index) == NULL)
        return 0;
    *ret_shared = find_shared(type);
    if (*ret_shared != NULL)
        return 0;
    return error_at(error, JSON_PATH("linux.namespaces[%zu].path", index), ENOTSUP,
                    "criu cannot restore a container in an existing %s namespace",
                    spec_namespace_type_names[type]);
}

/* checkpoint must not end a container that restore could not restore. */
int criu_put_namespaces(const struct criu_container *container, struct text *options,
                        struct error *error)
{
    const struct spec_linux *config = container->config->linux;

    for (size_t i = 0; config != NULL && i < config->n_namespaces; i++) {
        const struct shared_namespace *shared;

        TRY(find_joined(config, i, &shared, error));
        if (shared != NULL && shared->key != NULL)
            TRY(put_external(container, shared, options, error));
    }
    return 0;
}

static int enter(struct criu *criu, const struct shared_namespace *shared, const char *path,
                 struct text *options)
{
    if (shared->key == NULL) {
        criu_put_pair(options, CRIU_JOIN_NS, file_of(shared), path);
        return access(path, F_OK) < 0 ? -errno : 0;
    }
    if (criu->n_namespaces == CRIU_NAMESPACES_MAX)
        return -EMFILE;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    criu->namespaces[criu->n_namespaces++] = fd;
    criu_put_key_fd(options, CRIU_INHERIT_FD, shared->key, criu_give(criu, fd));
    return 0;
}

int criu_enter_namespaces(struct criu *criu, const struct criu_container *container,
                          struct text *options)
{
    const struct spec_linux *config = container->config->linux;

    for (size_t i = 0; config != NULL && i < config->n_namespaces; i++) {
        const struct shared_namespace *shared;
        const char *path = path_of(config, i);

        TRY(find_joined(config, i, &shared, criu->error));
        if (shared == NULL)
            continue;
        TRY_ERRNO_AT(enter(criu, shared, path, options), criu->error,
                     JSON_PATH("linux.namespaces[%zu].path", i), "%s", path);
    }
    return 0;
}
