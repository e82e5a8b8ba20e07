/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <errno.h>
#include <sys/syscall.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/plan/build.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/probe.h"

const char *filter_place(const struct spec_config *config)
{
    if (spec_annotation(config, SPEC_SECCOMP_BPF_DATA) != NULL)
        return "annotations[\"" SPEC_SECCOMP_BPF_DATA "\"]";
    return config->linux != NULL && config->linux->seccomp != NULL ? "linux.seccomp" : NULL;
}

int filter_check_flags(const struct spec_config *config, struct error *error)
{
    if (spec_annotation(config, SPEC_SECCOMP_BPF_DATA) != NULL)
        return 0;
    const struct spec_seccomp *seccomp = config->linux->seccomp;
    for (size_t i = 0; i < seccomp->n_flags; i++)
        if (sys_probe_seccomp_flags(plan_seccomp_flag(seccomp->flags[i])) < 0)
            return error_at(error, JSON_PATH("linux.seccomp.flags[%zu]", i), ENOTSUP,
                            "this kernel does not know %s",
                            spec_seccomp_flag_names[seccomp->flags[i]]);
    return 0;
}

int filter_check_program(const struct spec_config *config, const struct seccomp_code *program,
                         struct error *error)
{
    const bool sets_capabilities = !config->process->no_new_privileges;
    const struct {
        long number;
        const char *name;
        bool needed;
        const char *why;
    } calls[] = {
        {SYS_execve, "execve", true, "which starts the container's process: allow it"},
        {SYS_capset, "capset", sets_capabilities,
         "which has to come after it where process.noNewPrivileges is not true: allow it, or set "
         "noNewPrivileges"},
    };

    for (size_t i = 0; i < COUNT(calls); i++) {
        if (!calls[i].needed || !seccomp_forbids(program, calls[i].number))
            continue;
        error_at(error, filter_place(config), EPERM, "the filter forbids %s", calls[i].name);
        return error_hint(error, "%s", calls[i].why);
    }
    return 0;
}

const char *filter_bars_exit(const struct seccomp_code *program)
{
    if (!seccomp_forbids(program, SYS_exit_group))
        return NULL;
    return seccomp_forbids(program, SYS_exit)
               ? "the filter forbids exit and exit_group, without which a process can only be "
                 "killed: allow them"
               : "the filter forbids exit_group, with which C libraries end a process: allow it";
}

int filter_make(const struct spec_config *config, const char *cache_dir, int *ret_memfd,
                struct error *error)
{
    const char *data = spec_annotation(config, SPEC_SECCOMP_BPF_DATA);

    if (data != NULL && seccomp_decode_program(data, ret_memfd, error) < 0)
        return error_set_path(error, filter_place(config));
    if (data != NULL)
        return 0;
    if (spec_annotation(config, SPEC_SECCOMP_FAIL_UNKNOWN) != NULL)
        TRY(seccomp_check_names(config->linux->seccomp, error));
    return seccomp_make_program(config->linux->seccomp, cache_dir, ret_memfd, error);
}
