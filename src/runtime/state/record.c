/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "berth/base/json.h"
#include "berth/spec/config.h"

/* What says nothing is left out: `list` reads the records of all containers. */
static void put_strings(struct json *json, const char *key, const char *const *strings,
                        size_t count)
{
    if (count == 0)
        return;
    json_key(json, key);
    json_array_open(json);
    for (size_t i = 0; i < count; i++)
        json_string(json, strings[i]);
    json_array_close(json);
}

static void put_flag(struct json *json, const char *key, bool value)
{
    if (!value)
        return;
    json_key(json, key);
    json_bool(json, true);
}

static void put_rule(struct json *json, const struct spec_device_rule *rule)
{
    json_object_open(json);
    json_key(json, "allow");
    json_bool(json, rule->allow);
    if (rule->type != SPEC_DEVICE_RULE_TYPE_NONE)
        json_member(json, "type", spec_device_rule_type_names[rule->type]);
    if (rule->has_major) {
        json_key(json, "major");
        json_i64(json, rule->major);
    }
    if (rule->has_minor) {
        json_key(json, "minor");
        json_i64(json, rule->minor);
    }
    if (rule->access != NULL)
        json_member(json, "access", rule->access);
    json_object_close(json);
}

static void put_rules(struct json *json, const struct spec_record *record)
{
    if (record->n_devices == 0)
        return;
    json_key(json, "devices");
    json_array_open(json);
    for (size_t i = 0; i < record->n_devices; i++)
        put_rule(json, &record->devices[i]);
    json_array_close(json);
}

void record_write(struct json *json, const struct spec_record *record)
{
    json_object_open(json);
    json_member(json, "id", record->id);
    json_member(json, "ociVersion", record->oci_version);
    json_member(json, "bundle", record->bundle);
    json_member(json, "rootfs", record->rootfs);
    json_key(json, "rootDevice");
    json_u64(json, record->root_device);
    json_key(json, "rootInode");
    json_u64(json, record->root_inode);
    json_member(json, "created", record->created);
    json_key(json, "annotations");
    json_object_open(json);
    for (size_t i = 0; i < record->n_annotations; i++)
        json_member(json, record->annotations[i].key, record->annotations[i].value);
    json_object_close(json);
    put_flag(json, "poststart", record->poststart);
    put_flag(json, "poststop", record->poststop);
    put_flag(json, "ownPids", record->own_pids);
    put_flag(json, "sharesMounts", record->shares_mounts);
    put_strings(json, "addedMounts", record->added_mounts, record->n_added_mounts);
    put_strings(json, "pins", record->pins, record->n_pins);
    put_flag(json, "sharesKeyring", record->shares_keyring);
    put_flag(json, "recordsSeccomp", record->records_seccomp);
    if (record->mounts_before > 0) {
        json_key(json, "mountsBefore");
        json_u64(json, record->mounts_before);
    }
    if (record->systemd_unit != NULL)
        json_member(json, "systemdUnit", record->systemd_unit);
    put_flag(json, "systemdUser", record->systemd_user);
    put_strings(json, "cgroups", record->cgroups, record->n_cgroups);
    put_strings(json, "madeCgroups", record->made_cgroups, record->n_made_cgroups);
    put_rules(json, record);
    if (record->rdt_class != NULL)
        json_member(json, "rdtClass", record->rdt_class);
    put_strings(json, "rdtGroups", record->rdt_groups, record->n_rdt_groups);
    json_object_close(json);
}
