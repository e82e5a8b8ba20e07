/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/bpf.h>

#include "berth/base/arena.h"
#include "devices.h"

/* Use of the registers; the kernel passes the context in the second one. */
enum {
    RESULT = BPF_REG_0,
    CONTEXT = BPF_REG_1,
    PART = BPF_REG_2,   /* part of the context, compared with a rule's */
    WANTED = BPF_REG_3, /* requested access that no rule has allowed yet */
};

#define TYPE_BITS 16

struct program {
    struct arena *arena;
    struct bpf_insn *item;
    size_t count;
    size_t room;
};

static void emit(struct program *program, struct bpf_insn instruction)
{
    program->item = arena_grow(program->arena, program->item, program->count, &program->room,
                               sizeof(instruction));
    program->item[program->count++] = instruction;
}

static void load(struct program *program, int to, size_t offset)
{
    emit(program, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
                                    .dst_reg = (unsigned) to & 0xf,
                                    .src_reg = CONTEXT,
                                    .off = (int16_t) offset});
}

static void calculate(struct program *program, int operation, int with, uint32_t number)
{
    emit(program, (struct bpf_insn){.code = (uint8_t) (BPF_ALU | operation | BPF_K),
                                    .dst_reg = (unsigned) with & 0xf,
                                    .imm = (int32_t) number});
}

static void copy(struct program *program, int to, int from)
{
    emit(program, (struct bpf_insn){.code = BPF_ALU | BPF_MOV | BPF_X,
                                    .dst_reg = (unsigned) to & 0xf,
                                    .src_reg = (unsigned) from & 0xf});
}

/* Jumps to the next rule; join_next fills in the distance. */
static void jump_to_next(struct program *program, int condition, int with, uint32_t number)
{
    emit(program, (struct bpf_insn){.code = (uint8_t) (BPF_JMP32 | condition | BPF_K),
                                    .dst_reg = (unsigned) with & 0xf,
                                    .imm = (int32_t) number});
}

static void join_next(struct program *program, size_t first)
{
    for (size_t i = first; i < program->count; i++)
        if (BPF_CLASS(program->item[i].code) == BPF_JMP32)
            program->item[i].off = (int16_t) (program->count - i - 1);
}

static void answer(struct program *program, bool allow)
{
    calculate(program, BPF_MOV, RESULT, allow);
    emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* Loads the context again for each rule: otherwise the verifier would track what each comparison
 * says about a register as another state, and its time would grow with the square of the number
 * of rules. */
static void compare(struct program *program, size_t offset, int64_t number)
{
    if (number < 0)
        return;
    load(program, PART, offset);
    jump_to_next(program, BPF_JNE, PART, (uint32_t) number);
}

static void compare_type(struct program *program, char type)
{
    if (type == 'a')
        return;
    load(program, PART, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    calculate(program, BPF_AND, PART, (1U << TYPE_BITS) - 1);
    jump_to_next(program, BPF_JNE, PART, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
}

/* Returns whether later code is reachable after the rule. */
static bool add_rule(struct program *program, const struct cgroup_device_rule *rule)
{
    size_t first = program->count;

    compare_type(program, rule->type);
    compare(program, offsetof(struct bpf_cgroup_dev_ctx, major), rule->major);
    compare(program, offsetof(struct bpf_cgroup_dev_ctx, minor), rule->minor);
    if (rule->access != CGROUP_DEVICE_ALL && rule->allow) {
        calculate(program, BPF_AND, WANTED, ~rule->access);
        jump_to_next(program, BPF_JNE, WANTED, 0);
    } else if (rule->access != CGROUP_DEVICE_ALL) {
        copy(program, RESULT, WANTED);
        calculate(program, BPF_AND, RESULT, rule->access);
        jump_to_next(program, BPF_JEQ, RESULT, 0);
    }
    bool has_next = program->count > first;
    answer(program, rule->allow);
    join_next(program, first);
    return has_next;
}

/* Emits the rules from last to first: for each kind of access the first match counts. The kernel
 * refuses unreachable instructions, so a rule for everything ends the program. */
struct cgroup_device_program
cgroup_device_compile(struct arena *arena, const struct cgroup_device_rule *rules, size_t n_rules)
{
    struct program program = {.arena = arena};
    bool goes_on = true;

    load(&program, WANTED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    calculate(&program, BPF_RSH, WANTED, TYPE_BITS);
    for (size_t i = n_rules; i > 0 && goes_on; i--)
        goes_on = add_rule(&program, &rules[i - 1]);
    if (goes_on)
        answer(&program, true);
    return (struct cgroup_device_program){program.item, program.count};
}
