/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the whole init: each test launches the embedded program with a hand-made plan and
 * plays the host at the other end of the socket. The program started by EXECUTE prints to a pipe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../unit/tap.h"
#include "berth/plan/operands.h"

#define TEST_KEPT 4
#define TEST_STEPS 16

/* A step. Slot 0 means no slot. `wait` is the index of the awaited step + 1, or 0 for none. */
struct test_step {
    enum plan_op op;
    enum plan_actor actor;
    unsigned flags;
    int makes;
    uint64_t uses;
    unsigned signals;
    unsigned awaits;
    int wait;
    union { /* .open_tree = {.path = "/data"} */
#define PLAN_OP(NAME, member, name, actors, words, operands) struct plan_given_##NAME member;
#include "berth/plan/ops.def"
#undef PLAN_OP
    };
};

/* Makes the strings of an operand, in memory that lives until the test ends. */
struct plan_strings test_list(size_t count, const char *const *strings);
#define TEST_LIST(...)                                                                             \
    test_list(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                         \
              (const char *const[]){__VA_ARGS__})

struct test_plan {
    struct test_step
        /* up to TEST_END */
        steps[TEST_STEPS];
    uint64_t clone_flags;  /* CLONE_NEW* flags of the launch */
    void (*prepare)(void); /* runs in the child before init */
    int kept[TEST_KEPT];   /* descriptors to keep, each + 1; 0 is a gap */
    int n_kept;
    bool trace;
    bool listen;
    int fault; /* index of the step that fails, + 1 */
    int fault_errno;
    uint64_t ignored_signals;
};

/* Ends the list: INIT has no step SAVE_STATE. */
#define TEST_END                                                                                   \
    {                                                                                              \
        .op = PLAN_SAVE_STATE, .actor = PLAN_INIT                                                  \
    }
#define TEST_SCRIPT(script) TEST_LIST("sh", "-c", script)
/* The last steps of a plan, which run `sh -c SCRIPT`. */
#define TEST_SHELL(script)                                                                         \
    {.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "/bin/sh"}},         \
        {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},                                        \
        {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_SCRIPT(script)}},        \
        TEST_END

struct test_init {
    pid_t pid;
    int socket;   /* the host's end */
    int output;   /* what the container's process prints */
    int listener; /* the descriptor that init received as PLAN_FD_START */
};

struct test_result {
    int status;        /* wait status */
    char output[4096]; /* ends with NUL */
};

/* Launches init. A failure to do so ends the program. */
struct test_init test_launch(const struct test_plan *plan);

/* Receives one message, waiting up to 10 s. *ret_fd (may be NULL) is a descriptor that came with
 * it, or -1. Returns false at end of file. */
bool test_receive(int socket, struct plan_message *ret_message, int *ret_fd);

/* Returns whether a message arrives within 50 ms. */
bool test_is_readable(int socket);

/* Announces the host's step, with a descriptor unless that is negative. */
void test_announce(int socket, int step, int error, int fd);

/* Shuts down the host's side, reads the output, closes everything and waits for the end. */
struct test_result test_finish(struct test_init *init);

/* Launches, reads the output and waits for the end. */
struct test_result test_run(const struct test_plan *plan);

/* The same for a plan with a failing step. Returns its message, or step -1 if there was none. */
struct plan_message test_fail(const struct test_plan *plan);

/* Connects to the listening socket as `start` does. */
int test_connect(const struct test_init *init);

/* Makes a memfd with the bytes. */
int test_memfd(const void *bytes, size_t size);

/* Makes the child's mounts private, for `prepare`. The plan's clone_flags need CLONE_NEWNS. */
void test_make_mounts_private(void);

/* Ends the program unless it runs as root. */
void test_need_root(void);

/* Ends the program with a message if `good` is false. */
void test_must(bool good, const char *what);

/* Returns whether the wait status means an exit with `status`. */
bool test_exited(int wait_status, int status);
