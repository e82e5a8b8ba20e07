/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of criu's RPC (criu.org/RPC, rpc.proto): protocol buffers, of which berth needs a
 * few fields. A request is built field by field; an answer is read into one flat struct.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/base/text.h"

/* criu_req_type */
enum criu_type {
    CRIU_DUMP = 1,
    CRIU_RESTORE = 2,
    CRIU_PRE_DUMP = 4,
    CRIU_NOTIFY = 6,
    CRIU_FEATURE_CHECK = 9,
    CRIU_VERSION = 10,
};

/* Fields of criu_req. */
enum {
    CRIU_REQ_TYPE = 1,
    CRIU_REQ_OPTS = 2,
    CRIU_REQ_NOTIFY_SUCCESS = 3,
    CRIU_REQ_KEEP_OPEN = 4,
    CRIU_REQ_FEATURES = 5
};

/* Fields of criu_features. */
enum { CRIU_FEATURE_MEM_TRACK = 1, CRIU_FEATURE_LAZY_PAGES = 2 };

/* Fields of criu_opts. */
enum {
    CRIU_IMAGES_DIR_FD = 1,
    CRIU_PID = 2,
    CRIU_LEAVE_RUNNING = 3,
    CRIU_EXT_UNIX_SK = 4,
    CRIU_TCP_ESTABLISHED = 5,
    CRIU_EVASIVE_DEVICES = 6,
    CRIU_SHELL_JOB = 7,
    CRIU_FILE_LOCKS = 8,
    CRIU_LOG_LEVEL = 9,
    CRIU_LOG_FILE = 10,
    CRIU_PAGE_SERVER = 11,
    CRIU_NOTIFY_SCRIPTS = 12,
    CRIU_ROOT = 13,
    CRIU_PARENT_IMG = 14,
    CRIU_TRACK_MEM = 15,
    CRIU_AUTO_DEDUP = 16,
    CRIU_WORK_DIR_FD = 17,
    CRIU_LINK_REMAP = 18,
    CRIU_EXT_MNT = 23,
    CRIU_CG_ROOT = 25,
    CRIU_RST_SIBLING = 26,
    CRIU_INHERIT_FD = 27,
    CRIU_MANAGE_CGROUPS_MODE = 34,
    CRIU_EXTERNAL = 37,
    CRIU_EMPTY_NS = 38,
    CRIU_JOIN_NS = 39,
    CRIU_FREEZE_CGROUP = 44,
    CRIU_TCP_SKIP_IN_FLIGHT = 46,
    CRIU_LAZY_PAGES = 48,
    CRIU_ORPHAN_PTS_MASTER = 50,
    CRIU_CONFIG_FILE = 51,
    CRIU_TCP_CLOSE = 52,
    CRIU_LSM_PROFILE = 53,
    CRIU_CGROUP_YARD = 60,
    CRIU_LSM_MOUNT_CONTEXT = 63,
    CRIU_NETWORK_LOCK = 64,
};

/* Add one field to a message. */
void criu_put_number(struct text *message, unsigned field, int64_t number);
void criu_put_string(struct text *message, unsigned field, const char *string);
void criu_put_message(struct text *message, unsigned field, const struct text *inner);

/* A message of two strings (ext_mount_map, cgroup_root, join_namespace), or of a string and a
 * number (inherit_fd). */
void criu_put_pair(struct text *message, unsigned field, const char *first, const char *second);
void criu_put_key_fd(struct text *message, unsigned field, const char *key, int fd);

struct criu_answer {
    enum criu_type type;
    bool success;
    pid_t pid;          /* of a restored process, or in a notification */
    int number;         /* a positive errno, or 0 */
    const char *words;  /* criu's error message, or NULL */
    const char *script; /* the notification, or NULL */
    unsigned version;   /* 31701 is 3.17.1 */
    bool mem_track;
    bool lazy_pages;
};

/* Reads an answer; its strings live in `arena`. Returns 0 or -EPROTO. */
int criu_read_answer(struct arena *arena, const void *bytes, size_t size,
                     struct criu_answer *ret_answer);
