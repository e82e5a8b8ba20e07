/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the init's handlers: they run in the test's own process, each test in a child with a
 * mount namespace of its own. In it /mnt is a tmpfs: /mnt/root is the container's tree
 * (PLAN_SLOT_ROOT is open on it), /mnt/host what no container may touch: it holds the file "canary"
 * and the directory "keep", and must so at the end. The kernel's headers stand in for most of the
 * libc's: see sys.h.
 */
#pragma once

/* First, and with -ffreestanding: else the kernel's <linux/stat.h> yields to the libc's. */
#include "berth/plan/operands.h"
#include "init.h"

#include <stdio.h>
#include <string.h>

#define ROOT "/mnt/root"
#define HOST "/mnt/host"

/* A step to carry out; slots that are 0 are none. */
struct test_call {
    init_handler *handler;
    enum plan_op op;
    int makes;
    uint64_t uses;
    union { /* .open_tree = {.path = "/data"} */
#define PLAN_OP(NAME, member, name, actors, words, operands) struct plan_given_##NAME member;
#include "berth/plan/ops.def"
#undef PLAN_OP
    };
};

/* The operations by the names of their members. */
enum test_op {
#define PLAN_OP(NAME, member, name, actors, words, operands) TEST_OP_##member = PLAN_##NAME,
#include "berth/plan/ops.def"
#undef PLAN_OP
};

struct test_case {
    const char *name;
    void (*run)(struct init *init);
};

/* Carries out the step; what the handler returns. */
int test_call(struct init *init, const struct test_call *call);
#define CALL(init, member, ...)                                                                    \
    test_call(init, &(struct test_call){.handler = init_##member,                                  \
                                        .op = (enum plan_op) TEST_OP_##member,                     \
                                        __VA_ARGS__})

/* Runs the cases; the exit status for main. Skipped when this is not root. */
int test_run(const struct test_case *cases, size_t n);

/* Notes a failure unless `found` is `wanted`. */
void test_expect(long found, long wanted, const char *what, const char *file, int line);
#define EXPECT(found, wanted)                                                                      \
    test_expect((long) (found), (long) (wanted), #found, __FILE__, __LINE__)

/* --- the tree; these end the test when they fail ---------------------------------------------- */

void make_directory(const char *path);
void make_file(const char *path, const char *content);
void make_link(const char *target, const char *path);
void make_special(const char *path, unsigned mode, unsigned device);
void make_tmpfs(const char *path);

/* What is at the path, links not followed: mode 0 when there is nothing. */
struct statx look(const char *path);
unsigned mode_at(const char *path);
uint64_t mount_at(const char *path);
bool has_content(const char *path, const char *content);
int count_entries(const char *path);
bool is_open_on(int fd, const char *path); /* the same file on the same mount */

/* Runs `act` in a child; its exit status, or -1. */
int in_child(void (*act)(struct init *init), struct init *init);
