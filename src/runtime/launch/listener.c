/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <errno.h>
#include <sys/socket.h>

#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/socket.h"
#include "state/container.h"

#define AGENT_TIMEOUT_MS 10000 /* for an agent that does not accept or read */

int listener_connect(struct executor *executor, const struct plan_step *step)
{
    const char *path = plan_text(executor->plan, step->connect_agent.socket);
    int agent = sys_socket_connect_within(path, SOCK_STREAM, AGENT_TIMEOUT_MS);

    if (agent < 0)
        return agent == -EAGAIN ? -ETIMEDOUT : agent;
    fd_close(&executor->agent);
    executor->agent = agent;
    return 0;
}

static void write_process_state(struct json *json, const struct listener_process *process,
                                const char *metadata)
{
    struct runtime_container container = container_of_state(process->container, process->status);

    container.created = NULL;
    json_object_open(json);
    json_member(json, "ociVersion", container.oci_version);
    json_key(json, "fds");
    json_array_open(json);
    json_string(json, "seccompFd");
    json_array_close(json);
    json_key(json, "pid");
    json_i64(json, process->pid);
    if (metadata != NULL)
        json_member(json, "metadata", metadata);
    json_key(json, "state");
    runtime_container_json(&container, json);
    json_object_close(json);
}

int listener_hand(struct executor *executor, const struct plan_step *step,
                  const struct listener_process *process)
{
    AUTO_FD listener = fd_take(&executor->slot[PLAN_SLOT_LISTENER]);
    AUTO_FD agent = fd_take(&executor->agent);
    struct json json;

    if (listener < 0 || agent < 0)
        return -EBADF;
    json_start(&json, executor->arena, false);
    write_process_state(&json, process,
                        plan_optional_text(executor->plan, step->hand_listener.metadata));
    int result = sys_socket_send(agent, json.text.bytes, json.text.size, listener);
    return result == -EAGAIN ? -ETIMEDOUT : result;
}
