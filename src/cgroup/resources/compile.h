/* SPDX-License-Identifier: Apache-2.0 */
/* From linux.resources to writes: setting.c has the table, devices.c the device rules, writes.c
 * where they go, order.c the order, write.c carries them out. */
#pragma once

#include "berth/cgroup/place.h"
#include "berth/cgroup/setting.h"
#include "devices.h"

/* How systemd has a setting: a property of the unit. */
struct cgroup_property {
    const char *name;
    enum cgroup_property_form {
        CGROUP_PROPERTY_NUMBER,
        CGROUP_PROPERTY_TASKS,  /* one at least */
        CGROUP_PROPERTY_WEIGHT, /* "default N" */
        CGROUP_PROPERTY_IDLE,   /* a weight of 0 is idle */
        CGROUP_PROPERTY_LIST,   /* "0-3,7" as a mask */
        CGROUP_PROPERTY_QUOTA,
        CGROUP_PROPERTY_DEVICE_WEIGHT,
        CGROUP_PROPERTY_DEVICE_RATE,
    } form;
    unsigned since;      /* version of systemd; 0: all that matter */
    const char *v1_name; /* where v1 has another one */
};

struct cgroup_write {
    const char *field; /* below linux.resources: "memory.limit" */
    const struct cgroup_place *place;
    const char *file; /* "memory.limit_in_bytes" */
    const char *text;
    bool may_lack_file;  /* without the file, what is asked for is so already */
    bool may_be_refused; /* with EPERM: the cgroup above does not have it to give */
    bool is_dropped;     /* newer kernels take it and do nothing: look whether this one did */
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
    const char *v2_controllers; /* of the container's v2 cgroup, NULL until they are asked for */
    struct cgroup_writes writes;
    const struct cgroup_device_rule *rules;
    size_t n_rules;
    const struct cgroup_place *program_place; /* the v2 cgroup that the program is for, or NULL */
    struct cgroup_device_program program;
    bool is_foreseen; /* the cgroups need not be there: check.h */
    struct error *error;
};

/* Finds the container's cgroup for `controller`. Returns 0 or, with an error that names `field` and
 * says what to do, a negative errno. */
int cgroup_find_place(struct cgroup_compiler *compiler, const char *field, const char *controller,
                      const struct cgroup_place **ret_place);

/* Has the v2 cgroup of `place`, or will it have, the controller? Returns 0 or, with an error that
 * names `field`, a negative errno. */
int cgroup_check_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                    const char *field, const char *controller);

/* Words why the v2 cgroup of `place` has no such controller. Returns a negative errno. */
int cgroup_complain_of_v2(struct cgroup_compiler *compiler, const struct cgroup_place *place,
                          const char *field, const char *controller);

/* Adds the write at the end. */
void cgroup_add_write(struct cgroup_compiler *compiler, struct cgroup_write write);

/* The settings of the table, in its order. Return 0 or a negative errno. */
int cgroup_compile_settings(struct cgroup_compiler *compiler);

/* systemd's property for a file of v2, or NULL. */
const struct cgroup_property *cgroup_property_of_file(const char *v2_file);

/* The rules for devices, in the config's order, and those for the devices that every container has.
 */
int cgroup_compile_devices(struct cgroup_compiler *compiler);

/* Puts the writes into an order in which none is refused because of another one that is still to
 * come. */
void cgroup_order(struct cgroup_compiler *compiler);

/* Carries the writes out. After a failure the files of cgroups that were there before hold again
 * what they held; after success *ret_former are the writes, last first, that would bring that back.
 * Returns 0 or a negative errno. */
int cgroup_write(struct arena *arena, const struct cgroup_writes *writes,
                 struct cgroup_writes *ret_former, struct error *error);

/* Carries out what cgroup_write has returned; what fails is a warning. */
void cgroup_write_back(const struct cgroup_writes *former);

/* Has the kernel ask the program about devices, in place of a former one, at once. Returns 1 when
 * there was one, 0, or a negative errno. */
int cgroup_attach_program(const struct cgroup_place *place,
                          const struct cgroup_device_program *program, struct error *error);

/* Takes it off again; a failure is a warning. */
void cgroup_detach_program(const struct cgroup_place *place);
