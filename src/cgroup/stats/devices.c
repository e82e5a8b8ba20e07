/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "berth/base/text.h"
#include "stats.h"

static void put_number(struct json *json, const char *key, uint64_t number)
{
    json_key(json, key);
    json_u64(json, number);
}

/* --- block devices ---------------------------------------------------------------------------- */

struct entry {
    uint64_t major;
    uint64_t minor;
    const char *op; /* NULL: v1 has only a total */
    uint64_t value;
};

struct entries {
    struct entry *item;
    size_t count;
    size_t room;
};

static void add_entry(struct stats_writer *writer, struct entries *entries, struct entry entry)
{
    entries->item =
        arena_grow(writer->arena, entries->item, entries->count, &entries->room, sizeof(entry));
    entries->item[entries->count++] = entry;
}

/* "8:16" */
static bool read_device(char *word, struct entry *entry)
{
    char *colon = strchr(word, ':');

    if (colon == NULL)
        return false;
    *colon = '\0';
    return text_to_u64(word, &entry->major) == 0 && text_to_u64(colon + 1, &entry->minor) == 0;
}

/* "Read 5", "5" */
static bool read_v1(struct stats_writer *writer, char *rest, struct entry entry,
                    struct entries *entries)
{
    char *first = strsep(&rest, " ");

    if (rest != NULL)
        entry.op = first;
    if (first == NULL || stats_number(rest != NULL ? rest : first, &entry.value) < 0)
        return false;
    add_entry(writer, entries, entry);
    return true;
}

/* "rbytes=5 wbytes=6 rios=1 wios=2 dbytes=0 dios=0": the values whose name ends in `key`. */
static bool read_v2(struct stats_writer *writer, char *rest, struct entry entry,
                    struct entries *entries)
{
    const char *key = writer->sources[0].key;

    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        char *value = strchr(word, '=');

        if (value == NULL)
            continue;
        *value++ = '\0';
        entry.op = word[0] == 'r'   ? "Read"
                   : word[0] == 'w' ? "Write"
                   : word[0] == 'd' ? "Discard"
                                    : NULL;
        if (entry.op == NULL || !text_equal(word + 1, key))
            continue;
        if (stats_number(value, &entry.value) < 0)
            return false;
        add_entry(writer, entries, entry);
    }
    return true;
}

static int read_entries(struct stats_writer *writer, const struct stats_source *source,
                        struct entries *entries)
{
    const char *rest;

    TRY(stats_read(writer, source->file, &rest));
    for (char *line; rest != NULL && (line = stats_next_line(writer, &rest)) != NULL;) {
        const char *whole = arena_string(writer->arena, line);
        char *device = strsep(&line, " ");
        struct entry entry = {0};
        bool v2 = writer->place->hierarchy->v2;

        /* v1's sum; v2 can report "(unknown)" for a device that is gone. */
        if (text_equal(device, "Total") || (v2 && strchr(device, ':') == NULL))
            continue;
        if (!read_device(device, &entry) || !(v2 ? read_v2 : read_v1)(writer, line, entry, entries))
            return stats_malformed(writer, source, whole);
    }
    return 0;
}

static void put_entry(struct json *json, const struct entry *entry)
{
    json_object_open(json);
    if (entry->major != 0)
        put_number(json, "major", entry->major);
    if (entry->minor != 0)
        put_number(json, "minor", entry->minor);
    if (entry->op != NULL)
        json_member(json, "op", entry->op);
    if (entry->value != 0)
        put_number(json, "value", entry->value);
    json_object_close(json);
}

int stats_write_devices(struct stats_writer *writer)
{
    struct entries entries = {0};

    for (const struct stats_source *source = writer->sources;
         writer->place != NULL && entries.count == 0 && stats_is_source(source); source++)
        TRY(read_entries(writer, source, &entries));
    if (entries.count == 0)
        return 0;
    json_key(writer->json, strrchr(writer->row->path, '.') + 1);
    json_array_open(writer->json);
    for (size_t i = 0; i < entries.count; i++)
        put_entry(writer->json, &entries.item[i]);
    json_array_close(writer->json);
    return 0;
}

/* --- pressure --------------------------------------------------------------------------------- */

/* Is it a decimal number in the form of JSON? */
static bool is_decimal(const char *text)
{
    static const char digits[] = "0123456789";
    const char *at = text + strspn(text, digits);

    if (at == text || (text[0] == '0' && at - text > 1))
        return false;
    if (*at == '.') {
        const char *fraction = at + 1;

        at = fraction + strspn(fraction, digits);
        if (at == fraction)
            return false;
    }
    return *at == '\0';
}

/* Writes the values of "some avg10=0.00 avg60=0.00 avg300=0.00 total=0". Kernels before 5.13
 * have no "full" line for the CPU. */
static int put_line(struct stats_writer *writer, const struct stats_source *source)
{
    static const char *const names[] = {"avg10", "avg60", "avg300", "total"};
    const char *line;

    TRY(stats_find(writer, source, &line));
    json_key(writer->json, source->key);
    json_object_open(writer->json);
    for (size_t i = 0; i < COUNT(names); i++) {
        char *rest = arena_string(writer->arena, line != NULL ? line : "");
        const char *value = NULL;

        for (char *word; (word = strsep(&rest, " ")) != NULL;)
            if (text_starts_with(word, names[i]) && word[strlen(names[i])] == '=')
                value = word + strlen(names[i]) + 1;
        if (value != NULL && !is_decimal(value))
            return stats_malformed(writer, source, line);
        json_key(writer->json, names[i]);
        json_raw(writer->json, value != NULL ? value : "0");
    }
    json_object_close(writer->json);
    return 0;
}

int stats_write_pressure(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *text;

    TRY(stats_find_file(writer, &source, &text));
    if (source == NULL)
        return 0;
    json_key(writer->json, "psi");
    json_object_open(writer->json);
    TRY(put_line(writer, &(struct stats_source){.file = source->file, .key = "some"}));
    TRY(put_line(writer, &(struct stats_source){.file = source->file, .key = "full"}));
    json_object_close(writer->json);
    return 0;
}

/* --- huge pages ------------------------------------------------------------------------------- */

static const struct page_member {
    const char *name;
    bool always;
    struct stats_source v1; /* after "hugetlb.SIZE." or "hugetlb.SIZE.rsvd." */
    struct stats_source v2;
} page_members[] = {
    {"usage", false, {.file = "usage_in_bytes"}, {.file = "current"}},
    {"max", false, {.file = "max_usage_in_bytes"}, {0}},
    {"failcnt", true, {.file = "failcnt"}, {.file = "events", .key = "max"}},
};

/* Counts reserved pages, used or not; on older kernels used ones. */
static int read_pages(struct stats_writer *writer, const char *size,
                      const struct page_member *member, uint64_t *ret_number)
{
    struct stats_source source = writer->place->hierarchy->v2 ? member->v2 : member->v1;
    const char *suffix = source.file;
    bool found = false;

    *ret_number = 0;
    if (suffix == NULL)
        return 0;
    source.file = arena_printf(writer->arena, "hugetlb.%s.rsvd.%s", size, suffix);
    TRY(stats_take(writer, &source, ret_number, &found));
    source.file = arena_printf(writer->arena, "hugetlb.%s.%s", size, suffix);
    return found ? 0 : stats_take(writer, &source, ret_number, &found);
}

static int put_pages(struct stats_writer *writer, const char *size)
{
    json_key(writer->json, size);
    json_object_open(writer->json);
    for (size_t i = 0; i < COUNT(page_members); i++) {
        uint64_t number;

        TRY(read_pages(writer, size, &page_members[i], &number));
        if (number != 0 || page_members[i].always)
            put_number(writer->json, page_members[i].name, number);
    }
    json_object_close(writer->json);
    return 0;
}

/* Returns "2MB" for "hugetlb.2MB.current", NULL for another file. */
static const char *size_of_file(struct stats_writer *writer, const char *name, const char *suffix)
{
    static const char prefix[] = "hugetlb.";

    if (!text_starts_with(name, prefix))
        return NULL;
    name += sizeof(prefix) - 1;
    size_t length = strcspn(name, ".");
    bool is_usage = name[length] == '.' && text_equal(name + length + 1, suffix);
    return is_usage ? arena_copy(writer->arena, name, length) : NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* From the file names: /sys/kernel/mm/hugepages may not be this kernel's. */
static void list_sizes(struct stats_writer *writer, struct text_list *sizes)
{
    const struct page_member *usage = &page_members[0];
    const char *suffix = writer->place->hierarchy->v2 ? usage->v2.file : usage->v1.file;
    DIR *dir = opendir(writer->place->path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *size = size_of_file(writer, entry->d_name, suffix);

        if (size != NULL)
            text_list_add(sizes, size);
    }
    if (dir != NULL)
        closedir(dir);
    if (sizes->count > 1)
        qsort(sizes->item, sizes->count, sizeof(char *), compare);
}

int stats_write_hugetlb(struct stats_writer *writer)
{
    struct text_list sizes = {.arena = writer->arena};

    if (writer->place != NULL)
        list_sizes(writer, &sizes);
    json_key(writer->json, writer->row->path);
    json_object_open(writer->json);
    for (size_t i = 0; i < sizes.count; i++)
        TRY(put_pages(writer, sizes.item[i]));
    json_object_close(writer->json);
    return 0;
}
