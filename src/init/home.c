/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"
#include "path.h"

#define PASSWD_MAX (1024UL * 1024)
#define FIELD_UID 2
#define FIELD_HOME 5

/* The errors that mean that there is no such file, whatever is in its place. */
static bool is_missing(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ENXIO;
}

/* Reads a file. Returns its size, 0 if it is no regular file, or a negative errno. */
static long read_regular(int fd, char *text)
{
    struct statx status;
    size_t size = 0;
    long r = path_statx(fd, "", AT_EMPTY_PATH, &status);

    if (r < 0 || !S_ISREG(status.stx_mode))
        return r;
    do {
        r = sys_read(fd, text + size, PASSWD_MAX - size);
        if (r > 0)
            size += (size_t) r;
    } while (r > 0 && size < PASSWD_MAX);
    return r < 0 ? r : (long) size;
}

/* The n-th field of a line; NULL if the line has fewer. */
static const char *find_field(const char *line, const char *end, int n, size_t *ret_size)
{
    const char *field = line;

    for (const char *p = line;; p++) {
        if (p < end && *p != ':')
            continue;
        if (n-- == 0) {
            *ret_size = (size_t) (p - field);
            return field;
        }
        if (p == end)
            return NULL;
        field = p + 1;
    }
}

static bool line_is_of(const char *line, const char *end, uint32_t uid)
{
    size_t size;
    const char *field = find_field(line, end, FIELD_UID, &size);
    uint32_t number;

    return field != NULL && init_parse_u32(field, size, &number) == 0 && number == uid;
}

/* Uses the home directory if it is an absolute path that fits. */
static void copy_home(struct init *init, const char *line, const char *end)
{
    size_t prefix = strlen("HOME=");
    size_t size;
    const char *field = find_field(line, end, FIELD_HOME, &size);

    if (field == NULL || size == 0 || field[0] != '/' || size >= INIT_HOME_MAX - prefix)
        return;
    for (size_t i = 0; i < size; i++)
        if (field[i] == '\0')
            return;
    memcpy(init->home + prefix, field, size);
    init->home[prefix + size] = '\0';
}

static void find_line(struct init *init, const char *line, const char *end, uint32_t uid)
{
    while (line < end) {
        const char *line_end = line;

        while (line_end < end && *line_end != '\n')
            line_end++;
        if (line_is_of(line, line_end, uid)) {
            copy_home(init, line, line_end);
            return;
        }
        line = line_end + 1;
    }
}

/* The file is the container's: do not trust it. */
int init_find_home(struct init *init, const struct plan_step *step)
{
    const struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_MAGICLINKS};
    INIT_FD fd = path_openat2(AT_FDCWD, "/etc/passwd", &how);

    memcpy(init->home, "HOME=/", sizeof("HOME=/"));
    if (fd < 0)
        return is_missing(fd) ? 0 : fd;
    char *text = init_allocate(PASSWD_MAX);
    if (text == NULL)
        return -ENOMEM;
    const long size = read_regular(fd, text);
    if (size < 0)
        return (int) size;
    find_line(init, text, text + size, step->find_home.uid);
    return sys_munmap(text, PASSWD_MAX);
}
