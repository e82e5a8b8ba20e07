/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint and restore. */
#include "command.h"

static struct runtime_criu read_common(const struct cli_arguments *arguments)
{
    return (struct runtime_criu){
        .image_path = arguments->image_path,
        .work_path = arguments->work_path,
        .tcp_established = arguments->tcp_established,
        .ext_unix_sk = arguments->ext_unix_sk,
        .shell_job = arguments->shell_job,
        .file_locks = arguments->file_locks,
        .auto_dedup = arguments->auto_dedup,
        .lazy_pages = arguments->lazy_pages,
        .manage_cgroups_mode = arguments->manage_cgroups_mode,
        .network_lock = arguments->network_lock,
        .empty_ns = arguments->empty_ns,
    };
}

int cli_checkpoint(const struct cli_arguments *arguments, const struct runtime_options *options,
                   struct error *error)
{
    const struct runtime_checkpoint request = {
        .id = arguments->operands[0],
        .criu = read_common(arguments),
        .leave_running = arguments->leave_running,
        .pre_dump = arguments->pre_dump,
        .tcp_skip_in_flight = arguments->tcp_skip_in_flight,
        .link_remap = arguments->link_remap,
        .parent_path = arguments->parent_path,
        .page_server = arguments->page_server,
        .status_fd = arguments->status_fd,
    };

    return runtime_checkpoint(options, &request, error);
}

int cli_restore(const struct cli_arguments *arguments, const struct runtime_options *options,
                struct error *error)
{
    struct runtime_restore request = {
        .create.bundle = arguments->bundle,
        .criu = read_common(arguments),
        .tcp_close = arguments->tcp_close,
        .lsm_profile = arguments->lsm_profile,
        .lsm_mount_context = arguments->lsm_mount_context,
    };
    int status = 0;

    TRY(cli_read_launch(arguments, arguments->operands[0], &request.create.launch, error));
    TRY(runtime_restore(options, &request, &status, error));
    return status;
}
