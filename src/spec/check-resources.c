/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: Control groups */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "rules.h"

#define RESOURCES "linux.resources."
#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

static void check_device_rules(const struct spec_resources *resources, struct error *error)
{
    for (size_t i = 0; i < resources->n_devices; i++) {
        const char *access = resources->devices[i].access;
        bool has_others;

        if (access == NULL && resources->devices[i].allow)
            report_warning(error, JSON_PATH(RESOURCES "devices[%zu].access", i),
                           "is missing: the rule allows nothing");
        else if (access != NULL && spec_device_access(access, &has_others) == 0)
            report_add(error, JSON_PATH(RESOURCES "devices[%zu].access", i),
                       "must be made of r, w and m, got %s", QUOTE(access));
        else if (access != NULL && has_others)
            report_warning(error, JSON_PATH(RESOURCES "devices[%zu].access", i),
                           "only r, w and m count, got %s", QUOTE(access));
    }
}

/* Swap 0 is left to the kernel: engines write it for "not set". */
static void check_memory(const struct spec_memory *memory, struct error *error)
{
    if (memory->swappiness == SPEC_SWAPPINESS_UNSET)
        report_warning(error, RESOURCES "memory.swappiness", "-1 counts as absent");
    else if (memory->swappiness > SPEC_SWAPPINESS_MAX)
        report_add(error, RESOURCES "memory.swappiness", "%" PRIu64 " is out of range, 0 to %d",
                   memory->swappiness, SPEC_SWAPPINESS_MAX);
    if (memory->swap <= 0 || !memory->has_limit)
        return;
    if (memory->limit == -1)
        report_add(error, RESOURCES "memory.swap", "must be -1 when limit is -1, got %" PRId64,
                   memory->swap);
    else if (memory->swap < memory->limit)
        report_add(error, RESOURCES "memory.swap",
                   "is memory and swap together, so it must not be below limit %" PRId64
                   ", got %" PRId64,
                   memory->limit, memory->swap);
}

static void check_cpu(const struct spec_cpu *cpu, struct error *error)
{
    if (cpu->quota > 0 && cpu->burst > (uint64_t) cpu->quota)
        report_add(error, RESOURCES "cpu.burst",
                   "must not be above quota %" PRId64 ", got %" PRIu64, cpu->quota, cpu->burst);
    rules_number_list(RESOURCES "cpu.cpus", cpu->cpus, SPEC_CPUS, error);
    rules_number_list(RESOURCES "cpu.mems", cpu->mems, SPEC_NODES, error);
}

/* Weight 0 means unset, as engines write it. */
static void check_weight(const char *field, uint16_t weight, struct error *error)
{
    if (weight != 0 && (weight < WEIGHT_MIN || weight > WEIGHT_MAX))
        report_add(error, JSON_PATH(RESOURCES "blockIO.%s", field), "must be from %d to %d, got %u",
                   WEIGHT_MIN, WEIGHT_MAX, weight);
}

static void check_weight_device(const struct spec_weight_device *device, size_t i,
                                struct error *error)
{
    char field[64];

    if (!device->has_weight && !device->has_leaf_weight)
        report_add(error, JSON_PATH(RESOURCES "blockIO.weightDevice[%zu]", i),
                   "needs weight or leafWeight");
    snprintf(field, sizeof(field), "weightDevice[%zu].weight", i);
    check_weight(field, device->weight, error);
    snprintf(field, sizeof(field), "weightDevice[%zu].leafWeight", i);
    check_weight(field, device->leaf_weight, error);
}

static void check_block_io(const struct spec_block_io *block_io, struct error *error)
{
    check_weight("weight", block_io->weight, error);
    check_weight("leafWeight", block_io->leaf_weight, error);
    for (size_t i = 0; i < block_io->n_weight_device; i++)
        check_weight_device(&block_io->weight_device[i], i, error);
}

/* <size><unit-prefix>B, as in the names of hugetlb files: 2MB */
static bool is_page_size(const char *size)
{
    size_t digits = strspn(size, "0123456789");
    const char *unit = size + digits;

    return digits > 0 && size[0] != '0' && strlen(unit) == 2 && strchr("KMGTPE", unit[0]) != NULL &&
           unit[1] == 'B';
}

static void check_hugepages(const struct spec_resources *resources, struct error *error)
{
    for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
        const char *size = resources->hugepage_limits[i].page_size;

        if (!is_page_size(size))
            report_add(error, JSON_PATH(RESOURCES "hugepageLimits[%zu].pageSize", i),
                       "must read like 64KB, 2MB or 1GB, got %s", QUOTE(size));
        for (size_t j = 0; j < i; j++) {
            if (text_equal(resources->hugepage_limits[j].page_size, size)) {
                report_add(error, JSON_PATH(RESOURCES "hugepageLimits[%zu].pageSize", i),
                           "%s is in entry %zu already", QUOTE(size), j);
                break;
            }
        }
    }
}

static void check_rdma(const struct spec_resources *resources, struct error *error)
{
    for (size_t i = 0; i < resources->n_rdma; i++) {
        const struct spec_rdma_entry *entry = &resources->rdma[i];

        if (!entry->value->has_hca_handles && !entry->value->has_hca_objects)
            report_add(error, JSON_PATH(RESOURCES "rdma[%s]", QUOTE(entry->key)),
                       "needs hcaHandles or hcaObjects");
    }
}

/* Returns whether writing the file acts on processes or moves them instead of limiting anything. */
static bool is_act(const char *file)
{
    static const char *const acts[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill",
                                       "cgroup.freeze", "cgroup.type"};

    return text_is_one_of(file, acts, COUNT(acts));
}

static void check_unified(const struct spec_resources *resources, struct error *error)
{
    for (size_t i = 0; i < resources->n_unified; i++) {
        const char *key = resources->unified[i].key;

        if (key[0] == '\0' || strchr(key, '/') != NULL || text_equal(key, ".") ||
            text_equal(key, ".."))
            report_add(error, JSON_PATH(RESOURCES "unified[%s]", QUOTE(key)),
                       "must be the name of a file of the cgroup");
        if (is_act(key))
            report_add(error, JSON_PATH(RESOURCES "unified[%s]", QUOTE(key)), "limits nothing");
    }
}

void rules_resources(const struct spec_resources *resources, struct error *error)
{
    check_device_rules(resources, error);
    if (resources->memory != NULL)
        check_memory(resources->memory, error);
    if (resources->cpu != NULL)
        check_cpu(resources->cpu, error);
    if (resources->block_io != NULL)
        check_block_io(resources->block_io, error);
    check_hugepages(resources, error);
    for (size_t i = 0; resources->network != NULL && i < resources->network->n_priorities; i++) {
        if (resources->network->priorities[i].name[0] == '\0')
            report_add(error, JSON_PATH(RESOURCES "network.priorities[%zu].name", i),
                       "must not be empty");
    }
    check_rdma(resources, error);
    check_unified(resources, error);
}
