/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "devices.h"
#include "systemd/properties.h"

#define ANY CGROUP_DEVICE_ANY
#define ALL CGROUP_DEVICE_ALL

/* An entry of the allow list. */
struct entry {
    char type; /* b or c */
    int64_t major;
    int64_t minor;
    unsigned access;
};

struct allow_list {
    struct arena *arena;
    struct entry *item;
    size_t count;
    size_t room;
    const struct cgroup_device_rule *unsaid; /* the first rule that the list cannot express */
};

/* Does `outer` include all devices of `inner`? */
static bool covers(const struct entry *outer, const struct entry *inner)
{
    return outer->type == inner->type && (outer->major == ANY || outer->major == inner->major) &&
           (outer->minor == ANY || outer->minor == inner->minor);
}

static bool meets(const struct entry *a, const struct entry *b)
{
    return a->type == b->type && (a->major == ANY || b->major == ANY || a->major == b->major) &&
           (a->minor == ANY || b->minor == ANY || a->minor == b->minor);
}

static void note_unsaid(struct allow_list *list, const struct cgroup_device_rule *rule)
{
    if (list->unsaid == NULL)
        list->unsaid = rule;
}

static void allow(struct allow_list *list, struct entry entry)
{
    for (size_t i = 0; i < list->count; i++) {
        struct entry *known = &list->item[i];

        if (covers(known, &entry) && covers(&entry, known)) {
            known->access |= entry.access;
            return;
        }
    }
    list->item = arena_grow(list->arena, list->item, list->count, &list->room, sizeof(*list->item));
    list->item[list->count++] = entry;
}

static void deny(struct allow_list *list, struct entry entry, const struct cgroup_device_rule *rule)
{
    for (size_t i = 0; i < list->count; i++) {
        struct entry *known = &list->item[i];

        if (covers(&entry, known))
            known->access &= ~entry.access;
        else if (meets(&entry, known) && (known->access & entry.access) != 0)
            note_unsaid(list, rule);
    }
}

static bool is_empty(const struct allow_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].access != 0)
            return false;
    return true;
}

static void apply_rule(struct allow_list *list, const struct cgroup_device_rule *rule)
{
    for (const char *type = "bc"; *type != '\0'; type++) {
        struct entry entry = {*type, rule->major, rule->minor, rule->access};

        if (rule->type != 'a' && rule->type != *type)
            continue;
        if (!rule->allow) {
            deny(list, entry, rule);
            continue;
        }
        /* systemd cannot express a minor number with any major number. */
        if (entry.major == ANY && entry.minor != ANY) {
            entry.minor = ANY;
            note_unsaid(list, rule);
        }
        allow(list, entry);
    }
    /* All devices are denied now: rules that could not be expressed no longer matter. */
    if (is_empty(list))
        list->unsaid = NULL;
}

/* systemd requires one entry to allow all that a process wants at once, the rules only all of
 * them together. */
static void spread_access(struct allow_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < list->count; j++)
            if (list->item[i].access != 0 && list->item[j].access != 0 &&
                covers(&list->item[i], &list->item[j]))
                list->item[j].access |= list->item[i].access;
}

static bool is_needed(const struct allow_list *list, size_t at)
{
    const struct entry *entry = &list->item[at];

    if (entry->access == 0)
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (i != at && covers(&list->item[i], entry) && list->item[i].access == entry->access)
            return false;
    return true;
}

static bool allows_all(const struct allow_list *list)
{
    int wild = 0;

    for (size_t i = 0; i < list->count; i++)
        wild += list->item[i].major == ANY && list->item[i].access == ALL;
    return wild == 2;
}

/* A line of /proc/devices: "136 pts". */
struct device_line {
    uint64_t major;
    const char *name;
    int length;
};

/* Reads the line at *at and advances; false at the end of the section. */
static bool next_line(const char **at, struct device_line *ret_line)
{
    char *name;

    ret_line->major = strtoull(*at, &name, 10);
    if (name == *at || *name != ' ')
        return false;
    ret_line->name = name + strspn(name, " ");
    ret_line->length = (int) strcspn(ret_line->name, "\n");
    *at = ret_line->name + ret_line->length;
    *at += **at == '\n';
    return true;
}

static bool is_shared(const char *section, const struct device_line *line)
{
    struct device_line other;

    while (next_line(&section, &other))
        if (other.major != line->major && other.length == line->length &&
            memcmp(other.name, line->name, (size_t) line->length) == 0)
            return true;
    return false;
}

/* The name of a major number, if possible a unique one; NULL: none. systemd treats names as
 * patterns of fnmatch(3). */
static const char *find_name(struct arena *arena, const char *proc_devices,
                             const struct entry *entry, bool *ret_shared)
{
    const char *head = entry->type == 'b' ? "Block devices:\n" : "Character devices:\n";
    const char *section = strstr(proc_devices, head);
    const char *found = NULL;
    struct device_line line;

    if (section == NULL)
        return NULL;
    section += strlen(head);
    for (const char *at = section; next_line(&at, &line);) {
        char *name = arena_copy(arena, line.name, (size_t) line.length);

        if (line.major != (uint64_t) entry->major || strpbrk(name, "*?[\\") != NULL)
            continue;
        *ret_shared = is_shared(section, &line);
        found = name;
        if (!*ret_shared)
            break;
    }
    return found;
}

static const char *name_entry(struct allow_list *list, const struct entry *entry,
                              const char *proc_devices, const struct cgroup_device_rule *rule)
{
    const char *kind = entry->type == 'b' ? "block" : "char";
    bool shared = false;

    if (entry->major != ANY && entry->minor != ANY)
        return arena_printf(list->arena, "/dev/%s/%" PRId64 ":%" PRId64, kind, entry->major,
                            entry->minor);
    if (entry->major == ANY)
        return arena_printf(list->arena, "%s-*", kind);
    const char *name = find_name(list->arena, proc_devices, entry, &shared);
    if (name == NULL || shared)
        note_unsaid(list, rule);
    return arena_printf(list->arena, "%s-%s", kind, name == NULL ? "*" : name);
}

/* The last rule that allows the entry, for messages. */
static const struct cgroup_device_rule *rule_of(const struct cgroup_device_rule *rules,
                                                size_t n_rules, const struct entry *entry)
{
    while (n_rules-- > 0) {
        const struct cgroup_device_rule *rule = &rules[n_rules];

        if (rule->allow && rule->major == entry->major && rule->minor == entry->minor &&
            (rule->type == 'a' || rule->type == entry->type))
            return rule;
    }
    return NULL;
}

const struct cgroup_device_rule *
cgroup_add_device_properties(struct cgroup_properties *properties,
                             const struct cgroup_device_rule *rules, size_t n_rules,
                             const char *proc_devices)
{
    static const char *const policies[] = {"auto", "strict"};
    struct allow_list list = {.arena = properties->arena};
    struct text_list words = {.arena = properties->arena};

    allow(&list, (struct entry){'b', ANY, ANY, ALL});
    allow(&list, (struct entry){'c', ANY, ANY, ALL});
    for (size_t i = 0; i < n_rules; i++)
        apply_rule(&list, &rules[i]);
    spread_access(&list);
    bool strict = !allows_all(&list);
    for (size_t i = 0; strict && i < list.count; i++) {
        const struct entry *entry = &list.item[i];

        if (!is_needed(&list, i))
            continue;
        text_list_add(&words,
                      name_entry(&list, entry, proc_devices, rule_of(rules, n_rules, entry)));
        text_list_add(&words, spec_device_letters(properties->arena, entry->access));
    }
    cgroup_add_property(properties, (struct bus_property){"DeviceAllow", "a(ss)", NULL, 0});
    cgroup_add_property(properties,
                        (struct bus_property){"DevicePolicy", "s", &policies[strict], 1});
    if (words.count > 0)
        cgroup_add_property(properties,
                            (struct bus_property){"DeviceAllow", "a(ss)",
                                                  (const char *const *) words.item, words.count});
    return list.unsaid;
}
