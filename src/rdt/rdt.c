/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/rdt/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/mountinfo.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "schema.h"

#define SCHEMATA "schemata"
#define TASKS "tasks"
#define LAST_STATUS "info/last_cmd_status"

static bool is_set(const char *string)
{
    return string != NULL && string[0] != '\0';
}

/* --- the values of the config, in the order of writing ---------------------------------------- */

struct schema {
    const char *text;
    const char *place;
};

/* Returns the values and their number; the specification puts the other properties before
 * `schemata`. */
static const struct schema *list_schemas(struct arena *arena, const struct spec_intel_rdt *config,
                                         size_t *ret_count)
{
    struct schema *list = ARENA_ARRAY(arena, config->n_schemata + 2, struct schema);
    size_t count = 0;

    if (is_set(config->l3_cache_schema))
        list[count++] = (struct schema){config->l3_cache_schema, "linux.intelRdt.l3CacheSchema"};
    if (is_set(config->mem_bw_schema))
        list[count++] = (struct schema){config->mem_bw_schema, "linux.intelRdt.memBwSchema"};
    for (size_t i = 0; i < config->n_schemata; i++)
        list[count++] = (struct schema){config->schemata[i],
                                        arena_printf(arena, "linux.intelRdt.schemata[%zu]", i)};
    *ret_count = count;
    return list;
}

/* --- planning --------------------------------------------------------------------------------- */

static int find_mount(struct arena *arena, const char *root, const char **ret_path,
                      struct error *error)
{
    const char *file = arena_printf(arena, "%s/proc/self/mountinfo", root);
    char *lines;
    int result = file_read(arena, AT_FDCWD, file, &lines, NULL);

    if (result < 0)
        return error_errno_at(error, "linux.intelRdt", -result, "read %s", file);
    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        struct mountinfo mount;

        if (!mountinfo_parse(line, &mount) || !text_equal(mount.type, "resctrl") ||
            !text_equal(mount.root, "/"))
            continue;
        *ret_path = arena_printf(arena, "%s%s", root, mount.mount_point);
        int visible = mountinfo_is_visible(&mount, *ret_path);
        if (visible < 0)
            return error_errno_at(error, "linux.intelRdt", -visible, "look at %s", *ret_path);
        if (visible == 1)
            return 0;
    }
    error_at(error, "linux.intelRdt", ENODEV, "no resctrl file system is mounted");
    return error_hint(error, "mount -t resctrl resctrl /sys/fs/resctrl, where processor and kernel "
                             "have it");
}

/* "info" and "mon_groups" are next to the classes but are not classes. */
static int check_class(struct arena *arena, const char *class, struct error *error)
{
    if (access(text_path_join(arena, class, TASKS), F_OK) == 0)
        return 0;
    return error_at(error, "linux.intelRdt.closID", EINVAL, "%s is not a class of service", class);
}

static int compare(struct arena *arena, const struct rdt *rdt, struct error *error)
{
    const char *path = text_path_join(arena, rdt->class, SCHEMATA);
    size_t count;
    const struct schema *schemas = list_schemas(arena, rdt->config, &count);
    char *current;

    if (count == 0)
        return 0;
    TRY_ERRNO_AT(file_read(arena, AT_FDCWD, path, &current, NULL), error, "linux.intelRdt.closID",
                 "read %s", path);
    for (size_t i = 0; i < count; i++)
        if (!schema_is_in(schemas[i].text, current))
            return error_at(error, schemas[i].place, EINVAL,
                            "the class of service %s exists and has another one than \"%s\"",
                            rdt->class, schemas[i].text);
    return 0;
}

static int look_at_class(struct arena *arena, struct rdt *rdt, struct error *error)
{
    size_t n_schemas;

    list_schemas(arena, rdt->config, &n_schemas);
    if (access(rdt->class, F_OK) == 0) {
        TRY(check_class(arena, rdt->class, error));
        return compare(arena, rdt, error);
    }
    if (errno != ENOENT)
        return error_errno_at(error, "linux.intelRdt.closID", errno, "look for %s", rdt->class);
    if (rdt->config->clos_id != NULL && n_schemas == 0)
        return error_errno_at(error, "linux.intelRdt.closID", ENOENT,
                              "without a schema %s must exist", rdt->class);
    rdt->makes_class = true;
    return 0;
}

int rdt_plan(struct arena *arena, const char *root, const struct rdt_request *request,
             struct rdt *ret_rdt, struct error *error)
{
    const char *clos_id = request->config->clos_id;
    struct rdt rdt = {.config = request->config};
    const char *mount = "";

    TRY(find_mount(arena, root, &mount, error));
    if (clos_id != NULL && text_equal(clos_id, "/"))
        rdt.class = mount;
    else
        rdt.class = text_path_join(arena, mount, clos_id != NULL ? clos_id : request->id);
    if (request->config->enable_monitoring)
        rdt.monitor = arena_printf(arena, "%s/mon_groups/%s", rdt.class, request->id);
    TRY(look_at_class(arena, &rdt, error));
    if (rdt.monitor != NULL)
        rdt.owned[rdt.n_owned++] = rdt.monitor;
    if (rdt.makes_class && rdt.config->clos_id == NULL)
        rdt.owned[rdt.n_owned++] = rdt.class;
    *ret_rdt = rdt;
    return 0;
}

/* --- executing -------------------------------------------------------------------------------- */

/* Adds the kernel's message about the last failed call, one line. */
static void add_kernels_words(struct arena *arena, const char *class, struct error *error)
{
    int parent = (int) (strrchr(class, '/') - class);
    const char *const paths[] = {text_path_join(arena, class, LAST_STATUS),
                                 arena_printf(arena, "%.*s/" LAST_STATUS, parent, class)};
    char *words;

    for (size_t i = 0; i < 2; i++) {
        if (file_read(arena, AT_FDCWD, paths[i], &words, NULL) < 0)
            continue;
        words[strcspn(words, "\n")] = '\0';
        if (words[0] != '\0' && !text_equal(words, "ok"))
            error_hint(error, "%s", words);
        return;
    }
}

static int make(struct arena *arena, struct rdt *rdt, const char *path, struct error *error)
{
    if (mkdir(path, 0755) < 0) {
        bool is_class = path == rdt->class;

        error_errno_at(error, is_class ? "linux.intelRdt" : "linux.intelRdt.enableMonitoring",
                       errno, "make the %s %s", is_class ? "class of service" : "monitoring group",
                       path);
        add_kernels_words(arena, rdt->class, error);
        return -error->number;
    }
    /* In the order of removal. */
    rdt->made[1] = rdt->made[0];
    rdt->made[0] = path;
    rdt->n_made++;
    return 0;
}

int rdt_make(struct arena *arena, struct rdt *rdt, struct error *error)
{
    if (rdt->makes_class)
        TRY(make(arena, rdt, rdt->class, error));
    if (rdt->monitor == NULL || make(arena, rdt, rdt->monitor, error) == 0)
        return 0;
    for (size_t i = 0; i < rdt->n_made; i++)
        rmdir(rdt->made[i]);
    rdt->n_made = 0;
    return -error->number;
}

static int write_schemas(struct arena *arena, const char *class,
                         const struct spec_intel_rdt *config, struct error *error)
{
    const char *path = text_path_join(arena, class, SCHEMATA);
    size_t count;
    const struct schema *schemas = list_schemas(arena, config, &count);

    /* One write(2) for each: the kernel refuses to set a domain twice in one write. */
    for (size_t i = 0; i < count; i++) {
        int result = file_put(AT_FDCWD, path, arena_printf(arena, "%s\n", schemas[i].text));

        if (result == 0)
            continue;
        error_errno_at(error, schemas[i].place, -result, "write \"%s\" to %s", schemas[i].text,
                       path);
        add_kernels_words(arena, class, error);
        return -error->number;
    }
    return 0;
}

int rdt_set(struct arena *arena, const struct rdt *rdt, struct error *error)
{
    return rdt->makes_class ? write_schemas(arena, rdt->class, rdt->config, error) : 0;
}

int rdt_read(struct arena *arena, const char *class, struct spec_intel_rdt *ret_config,
             struct error *error)
{
    const char *path = text_path_join(arena, class, SCHEMATA);
    struct text_list lines = {.arena = arena};
    char *text;

    TRY_ERRNO_AT(file_read(arena, AT_FDCWD, path, &text, NULL), error, "linux.intelRdt", "read %s",
                 path);
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (line[strspn(line, " ")] != '\0')
            text_list_add(&lines, line + strspn(line, " "));
    *ret_config = (struct spec_intel_rdt){.schemata = (const char *const *) lines.item,
                                          .n_schemata = lines.count};
    return 0;
}

int rdt_update(struct arena *arena, const char *class, const struct spec_intel_rdt *config,
               struct error *error)
{
    return write_schemas(arena, class, config, error);
}

/* A monitoring group accepts only processes of its class, so the class comes first. */
int rdt_join(struct arena *arena, const struct rdt *rdt, pid_t pid, struct error *error)
{
    const char *const groups[] = {rdt->class, rdt->monitor};
    const char *text = arena_printf(arena, "%d", pid);

    for (size_t i = 0; i < 2 && groups[i] != NULL; i++) {
        const char *path = text_path_join(arena, groups[i], TASKS);
        int result = file_put(AT_FDCWD, path, text);

        if (result == 0)
            continue;
        error_errno_at(error, "linux.intelRdt", -result, "write \"%s\" to %s", text, path);
        add_kernels_words(arena, rdt->class, error);
        return -error->number;
    }
    return 0;
}

int rdt_remove(const char *const *paths, size_t n_paths, struct error *error)
{
    for (size_t i = 0; i < n_paths; i++)
        /* ENOENT: who unmounts resctrl removes all its groups. */
        if (rmdir(paths[i]) < 0 && errno != ENOENT)
            return error_errno(error, errno, "remove %s", paths[i]);
    return 0;
}
