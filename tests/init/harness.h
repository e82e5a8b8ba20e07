/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the whole init: each launches the embedded program with a plan made by hand and
 * plays the host at the other end of its socket. What EXECUTE starts prints to a pipe.
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

/* A step; slots that are 0 are none. `wait` is the awaited step's index + 1, 0: none. */
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

/* The strings of an operand, in memory that stays. */
struct plan_strings test_list(size_t count, const char *const *strings);
#define TEST_LIST(...)                                                                             \
    test_list(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                         \
              (const char *const[]){__VA_ARGS__})

struct test_plan {
    struct test_step
        steps[TEST_STEPS]; /* up to the first with op SAVE_STATE and actor INIT: see TEST_END */
    uint64_t clone_flags;  /* CLONE_NEW* of the launch */
    void (*prepare)(void); /* runs in the child, before the init */
    int kept[TEST_KEPT];   /* descriptors to keep + 1, 0: a gap */
    int n_kept;
    bool trace;
    bool listen;
    int fault; /* index of the step that fails + 1 */
    int fault_errno;
    uint64_t ignored_signals;
};

/* SAVE_STATE is none of INIT's: it ends the list. */
#define TEST_END                                                                                   \
    {                                                                                              \
        .op = PLAN_SAVE_STATE, .actor = PLAN_INIT                                                  \
    }
#define TEST_SCRIPT(script) TEST_LIST("sh", "-c", script)
/* `sh -c SCRIPT` at the end of a plan: the last steps. */
#define TEST_SHELL(script)                                                                         \
    {.op = PLAN_FIND_PROGRAM, .actor = PLAN_INIT, .find_program = {.program = "/bin/sh"}},         \
        {.op = PLAN_CLOSE_DESCRIPTORS, .actor = PLAN_INIT},                                        \
        {.op = PLAN_EXECUTE, .actor = PLAN_INIT, .execute = {.argv = TEST_SCRIPT(script)}},        \
        TEST_END

struct test_init {
    pid_t pid;
    int socket;   /* the host's end */
    int output;   /* what the container's process prints */
    int listener; /* what was given as PLAN_FD_START */
};

struct test_result {
    int status;        /* wait status */
    char output[4096]; /* NUL-ended */
};

/* Launches; a test that cannot be run ends the program. */
struct test_init test_launch(const struct test_plan *plan);

/* One message from the socket, waiting up to 10 s; *ret_fd (may be NULL) is -1 or a descriptor that
 * came along. False: end of file. */
bool test_receive(int socket, struct plan_message *ret_message, int *ret_fd);

/* Whether a message is there, or comes within 50 ms. */
bool test_is_readable(int socket);

/* Announces the host's step, with a descriptor if not negative. */
void test_announce(int socket, int step, int error, int fd);

/* Says nothing more to the init, reads the output, closes everything and waits for the end. */
struct test_result test_finish(struct test_init *init);

/* Launches, reads the output and the end. */
struct test_result test_run(const struct test_plan *plan);

/* The same for a plan with a step that fails: its message; step -1 when there was none. */
struct plan_message test_fail(const struct test_plan *plan);

/* Connects to the listening socket as `start` does. */
int test_connect(const struct test_init *init);

/* A memfd with the bytes. */
int test_memfd(const void *bytes, size_t size);

/* A mount namespace of the child's own, for `prepare`; needs CLONE_NEWNS in the plan's flags. */
void test_make_mounts_private(void);

/* Ends the program unless this is root. */
void test_need_root(void);

/* Ends the program with a message when `good` is false. */
void test_must(bool good, const char *what);

/* "exited with STATUS" in the wait status. */
bool test_exited(int wait_status, int status);
