/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what the kernel reports about the process with the plan: even if a failed call was
 * overlooked, the process cannot run with more privileges than it should have. */
#include "init.h"
#include "path.h"

#define STATUS_SIZE 16384 /* everything except the groups */
#define GROUP_SIZE 11     /* digits of one group, and a blank */
#define GROUPS_MAX_SIZE (65536U * GROUP_SIZE)

/* Opens the file and allocates memory before limits and a seccomp filter may forbid it. */
int init_open_status(struct init *init, const struct plan_step *step)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
    int fd = path_openat2(init->slot[PLAN_SLOT_PROC], "self/status", &how);

    if (fd >= 0) {
        init->status = init_allocate(STATUS_SIZE + GROUPS_MAX_SIZE);
        if (init->status == NULL) {
            sys_close(fd);
            return -ENOMEM;
        }
    }
    return init_fill(init, step->makes, fd);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Removes the next word from *next, which ends at a newline or NUL. Returns its size, 0 at the
 * end. */
static size_t next_word(const char **next, const char **ret_word)
{
    size_t size = 0;

    while (is_blank(**next))
        ++*next;
    *ret_word = *next;
    while (!is_blank((*next)[size]) && (*next)[size] != '\n' && (*next)[size] != '\0')
        size++;
    *next += size;
    return size;
}

static bool has_word(const char *words, const char *word, size_t size)
{
    const char *other;
    size_t other_size;

    while ((other_size = next_word(&words, &other)) > 0)
        if (other_size == size && memcmp(other, word, size) == 0)
            return true;
    return false;
}

static uint64_t read_hex(const char *words)
{
    const char *word;
    size_t size = next_word(&words, &word);
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number =
            number << 4 | (uint64_t) (word[i] <= '9' ? word[i] - '0' : (word[i] | 32) - 'a' + 10);
    return number;
}

/* Returns the text after "NAME:" in a line of the file, or NULL. */
static const char *find_line(const char *status, const char *name, size_t size)
{
    for (const char *line = status; line != NULL && *line != '\0';) {
        if (memcmp(line, name, size) == 0 && line[size] == ':')
            return line + size + 1;
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

/* "NAME WORD...": the expected words include all that the kernel reports. Capabilities and
 * signals are sets of bits: the expected set includes the kernel's. */
static bool holds(const char *status, const char *expected)
{
    const char *name, *actual, *word;
    size_t size = next_word(&expected, &name);

    actual = find_line(status, name, size);
    if (actual == NULL)
        return false;
    if (init_begins(name, "Cap") || init_begins(name, "SigIgn"))
        return (read_hex(actual) & ~read_hex(expected)) == 0;
    for (const char *next = expected, *likely; (size = next_word(&actual, &word)) > 0;) {
        /* Both are sorted: the next word probably matches. */
        if (next_word(&next, &likely) == size && memcmp(likely, word, size) == 0)
            continue;
        if (!has_word(expected, word, size))
            return false;
        next = expected;
    }
    return true;
}

int init_verify(struct init *init, const struct plan_step *step)
{
    const char *expected = init_text(init, step->verify.expected.first);
    long size;

    if (init->filter_is_blind)
        return 0;
    size = sys_read(init->slot[PLAN_SLOT_STATUS], init->status, STATUS_SIZE + GROUPS_MAX_SIZE - 1);
    if (size <= 0)
        return size < 0 ? (int) size : -EIO;
    for (uint32_t i = 0; i < step->verify.expected.count; i++) {
        bool is_of_groups = init_begins(expected, "Groups");

        if (!(is_of_groups && init->denied_groups) && !holds(init->status, expected)) {
            init->value = i + 1;
            return -ENOTRECOVERABLE;
        }
        expected += strlen(expected) + 1;
    }
    return 0;
}
