/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, parsed according to the tables commands.def and options.def beside this
 * file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct text;

enum cli_command {
#define CLI_HEADING(words)
#define CLI_COMMAND(NAME, name, operands, least, most, words, example) CLI_##NAME,
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND
    CLI_COMMANDS, /* no command, only options */
};

#define CLI_REST SIZE_MAX

struct cli_arguments {
    enum cli_command command;
    const char *const *operands; /* also NULL-terminated */
    size_t n_operands;

    /* one member for each option; NULL, false or 0 if not given */
    const char *root;
    const char *log;
    const char *log_format;
    const char *log_level;
    const char *rootless_mode;
    const char *cgroup_manager;
    bool debug;
    bool systemd_cgroup;
    bool version;
    bool help;
    bool usage;
    const char *bundle;
    const char *config;
    const char *pid_file;
    const char *console_socket;
    unsigned preserve_fds;
    bool no_pivot;
    bool no_new_keyring;
    bool dry_run;
    const char *record_seccomp;
    const char *trace;
    const char *trace_format;
    const char *fault;
    bool detach;
    bool keep;
    bool no_subreaper;
    const char *pidfd_socket;
    const char *process;
    const char *cwd;
    const char *const *env;
    bool tty;
    const char *user;
    const char *const *additional_gids;
    const char *const *cap;
    bool no_new_privs;
    const char *process_label;
    const char *apparmor;
    const char *const *cgroup;
    bool ignore_paused;
    bool all;
    bool force;
    bool regex;
    bool quiet;
    const char *format;
    bool rootless;
    const char *file;
    const char *resources;
    const char *memory;
    const char *memory_reservation;
    const char *memory_swap;
    const char *kernel_memory;
    const char *kernel_memory_tcp;
    const char *cpu_share;
    const char *cpu_quota;
    const char *cpu_period;
    const char *cpu_burst;
    const char *cpu_rt_period;
    const char *cpu_rt_runtime;
    const char *cpu_idle;
    const char *cpuset_cpus;
    const char *cpuset_mems;
    const char *pids_limit;
    const char *blkio_weight;
    const char *l3_cache_schema;
    const char *mem_bw_schema;
    bool stats;
    const char *interval;
    const char *image_path;
    const char *work_path;
    bool leave_running;
    bool pre_dump;
    const char *parent_path;
    bool tcp_established;
    bool tcp_skip_in_flight;
    bool tcp_close;
    bool ext_unix_sk;
    bool shell_job;
    bool file_locks;
    bool link_remap;
    const char *manage_cgroups_mode;
    const char *network_lock;
    const char *empty_ns;
    bool auto_dedup;
    bool lazy_pages;
    const char *page_server;
    const char *status_fd;
    const char *lsm_profile;
    const char *lsm_mount_context;
};

/* Parses the command line. Global options come before the command; options and operands of the
 * command come in any order; "--" ends the options. A long option may start with one dash; its
 * value follows "=" or is the next word. With two dashes it can be abbreviated to an unambiguous
 * prefix. "help" or "h" before a command means --help after it. Returns 0, or -EINVAL for wrong
 * use, with a one-line message that suggests a correction and names the help. */
int cli_parse(struct arena *arena, char **argv, struct cli_arguments *ret_arguments,
              struct error *error);

/* Appends the help of a command to `text`; CLI_COMMANDS: the help of the program. */
void cli_help(enum cli_command command, struct text *text);

/* Appends only the options and operands. */
void cli_usage(enum cli_command command, struct text *text);
