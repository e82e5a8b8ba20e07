/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of doctor.c's table, and its probes. */
#pragma once

#include "berth/cgroup/probe.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/probe.h"

struct doctor_row;

struct doctor {
    struct arena *arena;
    struct sys_caller caller;
    struct cgroup_host cgroups;
    const struct doctor_row *row; /* the row that is being probed */
};

/* Sets the state and value of a fact. The other members are already set from the row; a probe may
 * replace them by more specific ones. */
typedef void doctor_probe(const struct doctor *doctor, struct runtime_fact *fact);

struct doctor_row {
    const char *group;
    const char *name;
    doctor_probe *probe;
    const char *subject; /* what to probe: a file, a name */
    long number;
    const char *meaning; /* what it means if the feature is missing */
    const char *hint;
    enum runtime_fact_role role;
};

doctor_probe doctor_version, doctor_call, doctor_namespace, doctor_file_system, doctor_file,
    doctor_number, doctor_directory, doctor_landlock, doctor_core_scheduling, doctor_lsm,
    doctor_whole;
doctor_probe doctor_memfd, doctor_clone_into_cgroup, doctor_idmapped_mounts;
doctor_probe doctor_caller, doctor_user_namespaces, doctor_subids, doctor_id_helper;
doctor_probe doctor_layout, doctor_controller, doctor_device_programs, doctor_manager;
doctor_probe doctor_seccomp_actions, doctor_seccomp_library, doctor_seccomp_flag;
doctor_probe doctor_criu;

/* Sets the fact of one cgroup hierarchy. */
void doctor_hierarchy(const struct doctor *doctor, const struct cgroup_hierarchy *hierarchy,
                      struct runtime_fact *fact);
