/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules on cgroup v2: an interpreter of the few instructions used runs the program here, and
 * the kernel runs it for a process in a cgroup made for the test (needs root and a writable v2
 * hierarchy). */
#include "../../src/cgroup/resources/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/remove.h"
#include "berth/cgroup/setting.h"
#include "berth/spec/config.h"
#include "berth/spec/read.h"
#include "berth/sys/bpf.h"
#include "tap-error.h"
#include "tap.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD
#define ALL CGROUP_DEVICE_ALL
#define ANY CGROUP_DEVICE_ANY
#define NOT_RUN (-1)

/* Returns the program's answer, or NOT_RUN if the kernel would reject the program. */
static int run(const struct cgroup_device_program *program, struct bpf_cgroup_dev_ctx context)
{
    uint32_t registers[11] = {0};
    const unsigned char *bytes = (const unsigned char *) &context;

    for (size_t at = 0; at < program->count; at++) {
        const struct bpf_insn *in = &program->instructions[at];
        uint32_t *to = &registers[in->dst_reg];
        uint32_t number = (uint32_t) in->imm;

        switch (in->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            if (in->src_reg != BPF_REG_1 || (size_t) in->off + sizeof(*to) > sizeof(context))
                return NOT_RUN;
            memcpy(to, bytes + in->off, sizeof(*to));
            break;
        case BPF_ALU | BPF_MOV | BPF_X:
            *to = registers[in->src_reg];
            break;
        case BPF_ALU | BPF_MOV | BPF_K:
            *to = number;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            *to &= number;
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            *to >>= number;
            break;
        case BPF_JMP32 | BPF_JNE | BPF_K:
            at += *to != number ? (size_t) in->off : 0;
            break;
        case BPF_JMP32 | BPF_JEQ | BPF_K:
            at += *to == number ? (size_t) in->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return (int) registers[BPF_REG_0];
        default:
            return NOT_RUN;
        }
    }
    return NOT_RUN;
}

struct ask {
    char type;
    uint32_t major;
    uint32_t minor;
    unsigned access;
    bool allowed;
};

static void ask_all(const char *name, const struct cgroup_device_program *program,
                    const struct ask *asks)
{
    for (; asks->type != '\0'; asks++) {
        unsigned type = asks->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        int got = run(program, (struct bpf_cgroup_dev_ctx){asks->access << 16 | type, asks->major,
                                                           asks->minor});

        tap_ok(got == asks->allowed, "%s: %c %u:%u %u is %s", name, asks->type, asks->major,
               asks->minor, asks->access, asks->allowed ? "allowed" : "refused");
    }
}

#define CHECK(arena, name, rules, asks)                                                            \
    do {                                                                                           \
        struct cgroup_device_program program =                                                     \
            cgroup_device_compile(arena, rules, sizeof(rules) / sizeof(*(rules)));                 \
        ask_all(name, &program, asks);                                                             \
        check_kernel(name, &program);                                                              \
    } while (0)

/* Lets the kernel's verifier check the program, if the caller may load it. */
static void check_kernel(const char *name, const struct cgroup_device_program *program)
{
    int fd = sys_bpf_load_devices(program->instructions, program->count);

    if (fd == -EPERM || fd == -ENOSYS)
        tap_ok(true, "%s: the kernel accepts it # SKIP no right to load programs", name);
    else
        tap_ok(fd >= 0, "%s: the kernel accepts it: %s", name, fd < 0 ? text_of_errno(-fd) : "yes");
    if (fd >= 0)
        close(fd);
}

static void test_allow_list(struct arena *arena)
{
    static const struct cgroup_device_rule rules[] = {
        {.type = 'a', .major = ANY, .minor = ANY, .access = ALL},
        {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = ALL},
        {.allow = true, .type = 'b', .major = 7, .minor = ANY, .access = R},
        {.allow = true, .type = 'a', .major = ANY, .minor = 9, .access = M},
        {.allow = true, .type = 'c', .major = UINT32_MAX, .minor = 0, .access = W | M},
    };
    static const struct ask asks[] = {
        {'c', 1, 3, ALL, true},
        {'c', 1, 3, R, true},
        {'c', 1, 4, R, false},
        {'c', 2, 3, R, false},
        {'b', 1, 3, R, false},
        {'b', 7, 0, R, true},
        {'b', 7, 77, R, true},
        {'b', 7, 0, R | W, false},
        {'b', 7, 0, W, false},
        {'b', 7, 0, M, false},
        {'c', 7, 0, R, false},
        {'b', 7, 9, R | M, true},
        {'c', 8, 9, M, true},
        {'c', 8, 9, R | M, false},
        {'c', UINT32_MAX, 0, W, true},
        {'c', UINT32_MAX, 0, W | M, true},
        {'c', UINT32_MAX, 0, R, false},
        {'c', 0, 0, R, false},
        {0},
    };

    CHECK(arena, "all refused but", rules, asks);
}

static void test_order(struct arena *arena)
{
    static const struct cgroup_device_rule rules[] = {
        {.type = 'c', .major = 9, .minor = 9, .access = ALL}, /* the next rule overrides it */
        {.allow = true, .type = 'a', .major = ANY, .minor = ANY, .access = ALL},
        {.type = 'c', .major = 1, .minor = ANY, .access = W | M},
        {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = W},
    };
    static const struct ask asks[] = {
        {'c', 9, 9, ALL, true},    {'c', 1, 1, R, true},     {'c', 1, 1, W, false},
        {'c', 1, 1, R | W, false}, {'c', 1, 3, R | W, true}, {'c', 1, 3, M, false},
        {'c', 1, 3, W | M, false}, {'b', 1, 1, ALL, true},   {0},
    };

    CHECK(arena, "the last one counts", rules, asks);
}

static void test_no_catch_all(struct arena *arena)
{
    static const struct cgroup_device_rule rules[] = {
        {.type = 'b', .major = 8, .minor = 0, .access = ALL},
        {.type = 'a', .major = ANY, .minor = ANY, .access = M},
    };
    static const struct ask asks[] = {
        {'b', 8, 0, R, false}, {'b', 8, 1, R | W, true},  {'c', 8, 0, R, true},
        {'c', 8, 0, M, false}, {'c', 8, 0, R | M, false}, {0},
    };

    CHECK(arena, "what no rule is about", rules, asks);
}

/* More rules than anyone will write, with every kind of partial rule. */
static void test_many(struct arena *arena)
{
    enum { COUNT = 2000 };
    struct cgroup_device_rule *rules = ARENA_ARRAY(arena, COUNT, struct cgroup_device_rule);
    static const struct ask asks[] = {{'c', 1, 1, R, true}, {'c', COUNT - 1, 1, W, false}, {0}};

    for (int i = 0; i < COUNT; i++)
        rules[i] = (struct cgroup_device_rule){.allow = i % 3 == 0,
                                               .type = "abc"[i % 3],
                                               .major = i,
                                               .minor = i % 2 ? ANY : 1,
                                               .access = 1U + (unsigned) i % 7};
    rules[COUNT - 1] =
        (struct cgroup_device_rule){.type = 'c', .major = COUNT - 1, .minor = ANY, .access = W};
    struct cgroup_device_program program = cgroup_device_compile(arena, rules, COUNT);
    ask_all("many", &program, asks);
    check_kernel("many", &program);
}

struct scene {
    struct arena *arena;
    struct error error;
    struct cgroup_host host; /* only the v2 hierarchy, as on a host without v1 */
    struct cgroup cgroup;
    char dir[32];
};

static bool open_scene(struct scene *scene)
{
    struct cgroup_host all;

    if (geteuid() != 0 || cgroup_probe(scene->arena, "", &all, &scene->error) < 0)
        return false;
    const struct cgroup_hierarchy *v2 = cgroup_find_hierarchy(&all, "cgroup");
    if (v2 == NULL || access(v2->mount_point, W_OK) < 0)
        return false;
    scene->host = (struct cgroup_host){.layout = CGROUP_V2, .hierarchies = v2, .n_hierarchies = 1};
    strcpy(scene->dir, "/dev/berth-unit-XXXXXX"); /* a file system on which devices work */
    return mkdtemp(scene->dir) != NULL;
}

static int make(struct scene *scene, const char *json)
{
    struct cgroup_request request = {
        .id = arena_printf(scene->arena, "unit-devices-%s", strrchr(scene->dir, '-') + 1)};
    const struct spec_resources *resources;

    if (spec_read_resources(scene->arena, NULL, &(struct spec_text){json, strlen(json)}, &resources,
                            &scene->error) < 0 ||
        cgroup_plan(scene->arena, &scene->host, &request, &scene->cgroup, &scene->error) < 0)
        return -1;
    if (cgroup_make(scene->arena, &scene->cgroup, 0, &scene->error) < 0)
        return -1;
    return cgroup_set(scene->arena, &scene->cgroup, resources, &scene->error);
}

/* Creates and opens the node in the cgroup. Returns 0, or the errno of the first failure. */
static int try_device(struct scene *scene, mode_t type, unsigned minor, int flags)
{
    const char *path = arena_printf(scene->arena, "%s/node", scene->dir);
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (file_put(AT_FDCWD, scene->cgroup.places[0].join, "0") < 0)
            _exit(255);
        if (mknod(path, type | 0600, makedev(1, minor)) < 0)
            _exit(errno);
        _exit(flags < 0 || open(path, flags) >= 0 ? 0 : errno);
    }
    waitpid(child, &status, 0);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_real(struct arena *arena)
{
    struct scene scene = {.arena = arena};

    if (!open_scene(&scene)) {
        tap_ok(true, "in the kernel # SKIP needs root and a v2 hierarchy");
        return;
    }
    tap_ok(make(&scene,
                "{\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":1,"
                "\"minor\":11,\"access\":\"r\"}]}") == 0,
           "make: %s", tap_error(&scene.error));
    tap_ok(try_device(&scene, S_IFCHR, 3, O_RDWR) == 0, "/dev/null is allowed by default");
    tap_ok(try_device(&scene, S_IFCHR, 11, O_RDONLY | O_NONBLOCK) == 0,
           "a rule allows to read /dev/kmsg");
    tap_ok(try_device(&scene, S_IFCHR, 11, O_WRONLY) == EPERM,
           "the rule does not allow to write /dev/kmsg");
    tap_ok(try_device(&scene, S_IFCHR, 4, O_RDONLY) == EPERM,
           "a device without a rule cannot be opened");
    tap_ok(try_device(&scene, S_IFBLK, 4, -1) == 0, "every device node can be created");

    /* Use the same cgroup: if the former program were still attached, it would deny access. */
    tap_ok(make(&scene, "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}") == 0, "make: %s",
           tap_error(&scene.error));
    tap_ok(try_device(&scene, S_IFCHR, 11, O_WRONLY) == 0,
           "the replaced program allows every device");
    tap_ok(cgroup_remove(&scene.cgroup.record, &scene.error) == 0,
           "the cgroup with the program is removed");
    rmdir(scene.dir);
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_allow_list(&arena);
    test_order(&arena);
    test_no_catch_all(&arena);
    test_many(&arena);
    test_real(&arena);
    return tap_end();
}
