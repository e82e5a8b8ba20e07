/* SPDX-License-Identifier: Apache-2.0 */
/* process.terminal */
#include "builder.h"

void plan_hand_console(struct plan_builder *builder)
{
    PLAN_ADD(builder, HAND_CONSOLE, .by = PLAN_HOST, .uses = PLAN_BIT(PLAN_SLOT_CONSOLE),
             .place = "process.terminal", .socket = builder->request->console_socket,
             .is_sized = builder->config->process->console_size != NULL);
}

void plan_open_terminal(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;
    const struct spec_console_size *size = process->console_size;

    PLAN_ADD(builder, MAKE_CONSOLE, .by = PLAN_INIT, .makes = PLAN_SLOT_CONSOLE,
             .place = "process.terminal",
             .root = builder->joins ? PLAN_SLOT_UNUSED : PLAN_SLOT_ROOT,
             .rows = size != NULL ? size->height : 0, .columns = size != NULL ? size->width : 0,
             .uid = plan_user_of(process)->uid, .on_dev_console = !builder->joins);
    plan_hand_console(builder);
}
