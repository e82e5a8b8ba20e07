/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/plan/operands.h"

const struct plan_header *test_pack(struct plan_step *step, const void *given)
{
    static struct arena arena; /* a later step may refer to the text of an earlier one */
    const struct plan_header header = {.magic = PLAN_MAGIC};
    struct text data = {.arena = &arena};

    text_add_bytes(&data, &header, sizeof(header));
    plan_put_operands(step, given, &data);
    return (const struct plan_header *) data.bytes;
}
