/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <dirent.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"
#include "berth/sys/path.h"
#include "rootfs-view.h"

/* the kernel reads this much of a script's first line (BINPRM_BUF_SIZE) */
#define HEAD_MAX 256
#define LOONGARCH 258                /* EM_LOONGARCH, which musl does not have */
#define DEFAULT_PATH "/bin:/usr/bin" /* as in execvp(3) */
#define MAX_INTERPRETERS 5           /* nested interpreters, as in the kernel */

static const struct program fine = {0, NULL};

/* --- ELF -------------------------------------------------------------------------------------- */

static const struct {
    unsigned number;
    const char *little; /* the names by byte order */
    const char *big;
} machines[] = {
    {EM_386, "i386", "i386"},       {EM_X86_64, "x86-64", "x86-64"},
    {EM_ARM, "arm", "armeb"},       {EM_AARCH64, "arm64", "arm64 (big endian)"},
    {EM_PPC64, "ppc64le", "ppc64"}, {EM_S390, "s390x", "s390x"},
    {EM_MIPS, "mipsel", "mips"},    {EM_RISCV, "riscv", "riscv (big endian)"},
    {LOONGARCH, "loong", "loong"},  {EM_SPARCV9, "sparc64", "sparc64"},
    {EM_68K, "m68k", "m68k"},
};

/* Reads e_machine in the file's byte order. */
static unsigned machine_of(const Elf64_Ehdr *header)
{
    uint16_t bytes = header->e_machine;

    return header->e_ident[EI_DATA] == ELFDATA2MSB ? be16toh(bytes) : le16toh(bytes);
}

static const char *name_of_machine(struct arena *arena, const Elf64_Ehdr *header)
{
    bool is_big = header->e_ident[EI_DATA] == ELFDATA2MSB;
    unsigned number = machine_of(header);

    for (size_t i = 0; i < COUNT(machines); i++)
        if (machines[i].number == number)
            return is_big ? machines[i].big : machines[i].little;
    return arena_printf(arena, "machine %u", number);
}

/* Returns the ELF header of this program, or zeros if it cannot be read. */
static Elf64_Ehdr native_header(void)
{
    Elf64_Ehdr header = {0};

    AUTO_FD fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
        memset(&header, 0, sizeof(header));
    return header;
}

/* 64-bit kernels usually run 32-bit programs of their family. This program may be 32-bit itself. */
static bool are_of_a_kind(unsigned native, unsigned machine)
{
    return machine == native || (native == EM_X86_64 && machine == EM_386) ||
           (native == EM_386 && machine == EM_X86_64) ||
           (native == EM_AARCH64 && machine == EM_ARM) ||
           (native == EM_ARM && machine == EM_AARCH64);
}

static bool runs(const Elf64_Ehdr *native, const Elf64_Ehdr *header)
{
    return machine_of(native) == EM_NONE || (header->e_ident[EI_DATA] == native->e_ident[EI_DATA] &&
                                             are_of_a_kind(machine_of(native), machine_of(header)));
}

/* Formats registered with binfmt_misc may run files that berth does not know. */
static bool has_other_formats(void)
{
    DIR *dir = opendir("/proc/sys/fs/binfmt_misc");
    struct dirent *entry;
    bool found = false;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        found |= entry->d_name[0] != '.' && !text_equal(entry->d_name, "register") &&
                 !text_equal(entry->d_name, "status");
    if (dir != NULL)
        closedir(dir);
    return found;
}

/* Returns the loader (PT_INTERP) of a 64-bit program in native byte order, or NULL. */
static const char *loader_of(struct arena *arena, int fd, const Elf64_Ehdr *header)
{
    char path[HEAD_MAX] = "";
    Elf64_Phdr program;

    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return NULL;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (pread(fd, &program, sizeof(program), (off_t) (header->e_phoff + i * sizeof(program))) !=
            sizeof(program))
            return NULL;
        if (program.p_type != PT_INTERP || program.p_filesz >= sizeof(path))
            continue;
        if (pread(fd, path, program.p_filesz, (off_t) program.p_offset) < 0)
            return NULL;
        return arena_string(arena, path);
    }
    return NULL;
}

static struct program look_at_elf(const struct rootfs_view *view, int fd, const Elf64_Ehdr *header)
{
    Elf64_Ehdr native = native_header();
    struct rootfs_view_place place;

    if (!runs(&native, header)) {
        if (has_other_formats())
            return fine;
        return (struct program){
            ENOEXEC, arena_printf(view->arena,
                                  "it is a program for %s and this kernel runs %s: use an image "
                                  "for this machine, or register qemu with binfmt_misc",
                                  name_of_machine(view->arena, header),
                                  name_of_machine(view->arena, &native))};
    }
    const char *loader = loader_of(view->arena, fd, header);
    if (loader == NULL || rootfs_view_find(view, loader, &place) != -ENOENT)
        return fine;
    return (struct program){
        ENOENT, arena_printf(view->arena,
                             "the program exists, but not the loader \"%s\" that it names: the "
                             "root file system lacks its C library",
                             loader)};
}

/* --- scripts ---------------------------------------------------------------------------------- */

static struct program look(const struct rootfs_view *view, const char *path, int depth);

/* "#!INTERPRETER [ARGUMENT]" */
static struct program look_at_script(const struct rootfs_view *view, const char *line, int depth)
{
    const char *name = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(name, " \t\n");
    const char *interpreter = arena_copy(view->arena, name, length);
    struct program program = depth < MAX_INTERPRETERS ? look(view, interpreter, depth + 1) : fine;

    if (length == 0)
        return (struct program){ENOEXEC, "its first line \"#!\" names no interpreter"};
    if (program.number == 0)
        return program;
    if (name[length - 1] == '\r')
        program.hint =
            "the script's lines end with CR LF, so that its interpreter's name does, too: "
            "convert it with dos2unix";
    else if (program.number == ENOENT && program.hint == NULL)
        program.hint = arena_printf(
            view->arena, "the script exists, but not its interpreter \"%s\"", interpreter);
    else if (program.hint == NULL)
        program.hint = arena_printf(
            view->arena, "the script's interpreter \"%s\" is not executable", interpreter);
    return program;
}

/* --- any file --------------------------------------------------------------------------------- */

static struct program look_into(const struct rootfs_view *view, const char *file, int depth)
{
    union {
        char bytes[HEAD_MAX + 1];
        Elf64_Ehdr elf;
    } head = {{0}};

    AUTO_FD fd = sys_open_regular(AT_FDCWD, file);
    ssize_t size = fd < 0 ? -1 : fd_read_all(fd, head.bytes, HEAD_MAX);
    if (size < 0)
        return fine;
    if (size == 0)
        return (struct program){ENOEXEC, "the file is empty"};
    if (size >= 2 && head.bytes[0] == '#' && head.bytes[1] == '!')
        return look_at_script(view, head.bytes, depth);
    if (memcmp(head.bytes, ELFMAG, SELFMAG) == 0)
        return look_at_elf(view, fd, &head.elf);
    if (has_other_formats())
        return fine;
    return (struct program){ENOEXEC, "it is neither a program for Linux (ELF) nor a script that "
                                     "begins with \"#!\" and its interpreter"};
}

static struct program look(const struct rootfs_view *view, const char *path, int depth)
{
    struct rootfs_view_place place;
    struct stat info;
    struct statvfs mount;
    int result = rootfs_view_find(view, path, &place);

    if (result == ROOTFS_VIEW_UNSEEN)
        return fine;
    if (result < 0)
        return (struct program){-result, NULL};
    if (stat(place.host, &info) < 0)
        return fine;
    if (S_ISDIR(info.st_mode))
        return (struct program){EACCES, "it is a directory"};
    if (!S_ISREG(info.st_mode))
        return (struct program){EACCES, "it is not a regular file"};
    if ((info.st_mode & 0111) == 0)
        return (struct program){EACCES, "nobody may execute it: chmod +x"};
    if (place.attributes & MOUNT_ATTR_NOEXEC)
        return (struct program){EACCES, "it is on a mount of this config with the option noexec"};
    if (statvfs(place.host, &mount) == 0 && (mount.f_flag & ST_NOEXEC))
        return (struct program){
            EACCES,
            arena_printf(view->arena, "%s is on a file system that is mounted noexec", path)};
    return look_into(view, place.host, depth);
}

struct program program_look_at(const struct rootfs_view *view, const char *path)
{
    return look(view, path, 0);
}

/* --- the container's program ------------------------------------------------------------------ */

/* Returns the first step of this kind, or NULL. */
static const struct plan_step *find_step(const struct plan_header *plan, enum plan_op op)
{
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (plan_steps(plan)[i].op == op)
            return &plan_steps(plan)[i];
    return NULL;
}

/* Searches as execvp(3) does: it stops at the first executable file, even if that cannot run. */
static struct program search(const struct rootfs_view *view, const char *path, const char *name)
{
    struct program result = {ENOENT, NULL};

    for (bool more = true; more; path++) {
        size_t length = strcspn(path, ":");
        const char *dir = length == 0 ? "/" : arena_copy(view->arena, path, length);
        const char *file = text_path_join(view->arena, dir, name);
        struct rootfs_view_place place;
        struct program program = look(view, file, 0);

        if (rootfs_view_find(view, file, &place) == ROOTFS_VIEW_UNSEEN ||
            (program.number != EACCES && program.hint != NULL))
            return program;
        if (program.number == 0)
            return program;
        if (program.number == EACCES)
            result = program;
        path += length;
        more = *path != '\0';
    }
    return result;
}

struct program program_look(struct arena *arena, const struct plan_header *plan)
{
    struct rootfs_view view = rootfs_view_of_plan(arena, plan);
    const struct plan_step *cwd = find_step(plan, PLAN_SET_CWD);
    const struct plan_step *find = find_step(plan, PLAN_FIND_PROGRAM);

    if (view.root == NULL || find == NULL)
        return fine;
    const char *program = plan_text(plan, find->find_program.program);
    const char *path = plan_optional_text(plan, find->find_program.search_path);
    if (strchr(program, '/') != NULL)
        return look(
            &view,
            text_path_join(arena, cwd == NULL ? "/" : plan_text(plan, cwd->set_cwd.path), program),
            0);
    return search(&view, path == NULL ? DEFAULT_PATH : path, program);
}

const char *program_hint(struct arena *arena, const struct plan_header *plan, int number)
{
    struct program program = program_look(arena, plan);

    return program.number == number ? program.hint : NULL;
}
