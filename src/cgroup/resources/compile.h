/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles linux.resources to writes: setting.c has the table, devices.c the device rules,
 * writes.c finds the cgroup of each write, order.c sorts the writes, write.c carries them out,
 * refusal.c explains what the kernel refuses. */
#pragma once

#include "berth/cgroup/place.h"
#include "berth/cgroup/setting.h"
#include "devices.h"

/* The property of a systemd unit for a setting. */
struct cgroup_property {
    const char *name;
    enum cgroup_property_form {
        CGROUP_PROPERTY_NUMBER,
        CGROUP_PROPERTY_TASKS,  /* at least one */
        CGROUP_PROPERTY_WEIGHT, /* "default N" */
        CGROUP_PROPERTY_IDLE,   /* a weight of 0 is idle */
        CGROUP_PROPERTY_LIST,   /* "0-3,7" as a mask */
        CGROUP_PROPERTY_QUOTA,
        CGROUP_PROPERTY_DEVICE_WEIGHT,
        CGROUP_PROPERTY_DEVICE_RATE,
    } form;
    unsigned since;      /* version of systemd; 0: all supported ones */
    const char *v1_name; /* name on v1, if different */
};

struct cgroup_write {
    const char *field; /* below linux.resources: "memory.limit" */
    const struct cgroup_place *place;
    const char *file; /* "memory.limit_in_bytes" */
    const char *text;
    bool may_lack_file;  /* if the file is missing, the setting is in effect already */
    bool may_be_refused; /* ignore EPERM: the parent cgroup does not have it either */
    bool is_dropped;     /* newer kernels accept and ignore it: check whether this one did */
    const struct cgroup_property *property; /* or NULL */
};

struct cgroup_writes {
    struct cgroup_write *item;
    size_t count;
    size_t room;
};

struct cgroup_compiler {
    struct arena *arena;
    const struct cgroup *cgroup;
    const struct spec_resources *resources;
    const char *v2_controllers; /* of the container's v2 cgroup, NULL until needed */
    struct cgroup_writes writes;
    const struct cgroup_device_rule *rules;
    size_t n_rules;
    const struct cgroup_place *program_place; /* v2 cgroup for the device program, or NULL */
    struct cgroup_device_program program;
    bool is_preflight; /* check only: the cgroups need not exist, see check.h */
    struct error *error;
};

/* Finds the container's cgroup for `controller`. Returns 0, or a negative errno with an error
 * that names `field` and says what to do. */
int cgroup_find_place(struct cgroup_compiler *compiler, const char *field, const char *controller,
                      const struct cgroup_place **ret_place);

/* Does the v2 cgroup of `place` have the controller, or will it have it? Returns 0, or a
 * negative errno with an error that names `field`. */
int cgroup_check_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller);

/* Sets the error that explains why the v2 cgroup of `place` lacks the controller. Returns a
 * negative errno. */
int cgroup_error_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller);

/* Appends a write. */
void cgroup_add_write(struct cgroup_compiler *compiler, struct cgroup_write write);

/* Compiles the settings, in the order of the table. Returns 0 or a negative errno. */
int cgroup_compile_settings(struct cgroup_compiler *compiler);

/* Returns systemd's property for a v2 file, or NULL. */
const struct cgroup_property *cgroup_property_of_file(const char *v2_file);

/* Compiles the device rules, in the config's order, and those for the default devices. Returns 0
 * or a negative errno. */
int cgroup_compile_devices(struct cgroup_compiler *compiler);

/* Sorts the writes so that the kernel refuses none because another is still to come. */
void cgroup_order(struct cgroup_compiler *compiler);

/* Carries the writes out. After a failure, files of cgroups that existed before get their former
 * content back. On success *ret_former has the writes that would restore it, in reverse order.
 * Returns 0 or a negative errno. */
int cgroup_write(struct arena *arena, const struct cgroup_writes *writes,
                 struct cgroup_writes *ret_former, struct error *error);

/* Sets the error of a write that the kernel refuses with `number`, and a hint at what it takes.
 * Returns -number. */
int cgroup_error_write(const struct cgroup_write *write, int number, struct error *error);

/* Returns 0, or a negative errno with that error, if the kernel will refuse the number. */
int cgroup_check_range(const struct cgroup_write *write, struct error *error);

/* Carries out the writes that cgroup_write has returned. Failures are only warnings. */
void cgroup_write_back(const struct cgroup_writes *former);

/* Attaches the device program to the cgroup, atomically replacing a former one. Returns 1 if
 * there was one, 0 if not, or a negative errno. */
int cgroup_attach_program(const struct cgroup_place *place,
                          const struct cgroup_device_program *program, struct error *error);

/* Detaches the device program. A failure is only a warning. */
void cgroup_detach_program(const struct cgroup_place *place);
