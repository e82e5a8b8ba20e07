/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/style.h"
#include "berth/base/text.h"
#include "berth/sys/memory.h"
#include "command.h"
#include "commit.h"

static int (*const commands[])(const struct cli_arguments *, const struct runtime_options *,
                               struct error *) = {
#define CLI_HEADING(words)
#define CLI_COMMAND(NAME, name, operands, least, most, words, example) cli_##name,
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND
};

static int open_log(const struct cli_arguments *arguments, struct error *error)
{
    bool as_json = arguments->log_format != NULL && text_equal(arguments->log_format, "json");
    enum log_level level = arguments->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;

    if (arguments->log_level != NULL)
        log_level_of_name(arguments->log_level, &level); /* the parser has refused unknown ones */
    int result = log_open(arguments->log, as_json, level);
    if (result == 0)
        return 0;
    error_errno(error, -result, "open the log %s", arguments->log);
    return error_set_file(error, arguments->log);
}

static int read_options(const struct cli_arguments *arguments, struct runtime_options *ret_options,
                        struct error *error)
{
    const char *rootless = arguments->rootless_mode;
    const char *otherwise = arguments->systemd_cgroup ? "systemd" : "cgroupfs";
    const char *manager = arguments->cgroup_manager != NULL ? arguments->cgroup_manager : otherwise;

    *ret_options = (struct runtime_options){.root = arguments->root};
    if (rootless != NULL && text_equal(rootless, "true"))
        ret_options->rootless = RUNTIME_ROOTLESS_TRUE;
    else if (rootless != NULL && text_equal(rootless, "false"))
        ret_options->rootless = RUNTIME_ROOTLESS_FALSE;
    if (arguments->systemd_cgroup && !text_equal(manager, "systemd"))
        return error_set(error, EINVAL, "--systemd-cgroup contradicts --cgroup-manager=%s",
                         manager);
    if (text_equal(manager, "systemd"))
        ret_options->cgroup_manager = RUNTIME_CGROUP_SYSTEMD;
    else if (text_equal(manager, "disabled"))
        ret_options->cgroup_manager = RUNTIME_CGROUP_DISABLED;
    return 0;
}

/* The lines that containerd and Docker parse in runc's output, and the features that tools parse
 * in crun's. */
static void print_version(struct text *text)
{
    text_addf(text,
              "berth version " BERTH_VERSION "\n"
              "commit: " BERTH_COMMIT "\n"
              "spec: %s\n"
              "+SYSTEMD +SELINUX +APPARMOR +CAP +SECCOMP +EBPF +CRIU +YAJL\n",
              runtime_spec_version());
}

static int print_help(const struct cli_arguments *arguments, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    if (arguments->help)
        cli_help(arguments->command, &text);
    else if (arguments->usage)
        cli_usage(arguments->command, &text);
    else
        print_version(&text);
    return cli_print(&text, error);
}

/* Does the command pass stdout to the container's process, which then gets /dev/null if it is
 * closed? All other commands print what they were asked for, or fail. */
static bool gives_stdout_away(const struct cli_arguments *arguments)
{
    switch (arguments->command) {
    case CLI_CREATE:
    case CLI_RUN:
    case CLI_EXEC:
    case CLI_RESTORE:
        return !arguments->dry_run && !arguments->help && !arguments->usage && !arguments->version;
    default:
        return false;
    }
}

/* Repairs what the caller may have left: closed standard streams, and an ignored SIGCHLD, with
 * which waiting for children fails. A write to a pipe without a reader, or beyond RLIMIT_FSIZE,
 * must fail, and not end a command halfway. */
static int settle(const struct cli_arguments *arguments, struct error *error)
{
    sigset_t of_writes;

    sigemptyset(&of_writes);
    sigaddset(&of_writes, SIGPIPE);
    sigaddset(&of_writes, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &of_writes, NULL);
    signal(SIGCHLD, SIG_DFL);

    TRY_ERRNO(fd_fill_standard(gives_stdout_away(arguments)), error,
              "open /dev/null in place of a closed stream");
    return 0;
}

static int carry_out(const struct cli_arguments *arguments, struct error *error)
{
    struct runtime_options options;

    TRY(settle(arguments, error));
    style_detect();
    if (arguments->help || arguments->usage || arguments->version)
        return print_help(arguments, error);
    TRY(open_log(arguments, error));
    TRY(read_options(arguments, &options, error));
    return commands[arguments->command](arguments, &options, error);
}

#define HEAP_STEP (256 * 1024)

static __attribute__((noinline)) int obey(char **argv)
{
    AUTO_ARENA arena = {0};
    struct cli_arguments arguments;
    struct error error = {0};

    /* The heap grows in few steps and never shrinks: the exit gives everything back at once. */
    sys_keep_heap(HEAP_STEP);
    int status = cli_parse(&arena, argv, &arguments, &error);
    if (status == 0)
        status = carry_out(&arguments, &error);
    if (status >= 0) {
        log_release_warnings();
        return status;
    }
    log_error(&error);
    return error.exit_status != 0 ? error.exit_status : 1;
}

/* `doctor` uses 36 KiB, `exec` and `run` 32. */
#define STACK_MIN ((size_t) 64 * 1024)

/* Without enough stack berth would crash somewhere. This needs next to none itself. The kernel puts
 * the stack's top at random, so only twice the size suffices every time. */
int main(int argc, char **argv)
{
    static const char words[] =
        "too little stack: berth needs 128 KiB besides the arguments and the environment (raise "
        "RLIMIT_STACK: ulimit -s)\n";

    (void) argc;
    if (sys_stack_left() >= STACK_MIN)
        return obey(argv);
    (void) !write(STDERR_FILENO, words, sizeof(words) - 1);
    return 1;
}
