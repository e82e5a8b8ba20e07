/* SPDX-License-Identifier: Apache-2.0 */
#include "criu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "berth/sys/worker.h"

#define ANSWER_MAX 65536
#define END_MS 10000 /* for undoing what criu has begun */
#define TAIL_LINES 4

struct criu criu_of(struct arena *arena, const char *act, const char *log, struct error *error)
{
    return (struct criu){
        .arena = arena,
        .error = error,
        .act = act,
        .log = log,
        .signals = -1,
        .status_fd = -1,
        .pidfd = -1,
        .socket = -1,
        .yard = -1,
        .output = -1,
    };
}

int criu_give(struct criu *criu, int fd)
{
    if (criu->n_given == CRIU_GIVEN_MAX)
        return -1;
    criu->given[criu->n_given] = fd;
    return CRIU_GIVEN_FIRST + (int) criu->n_given++;
}

/* --- the program ------------------------------------------------------------------------------ */

/* criu runs tar and iptables-restore, so it needs PATH. */
static const char *const *environment(struct criu *criu)
{
    struct text_list list = {.arena = criu->arena};

    text_list_add(&list, arena_printf(criu->arena, "PATH=%s", file_search_path()));
    return (const char *const *) list.item;
}

static int start_at(struct criu *criu, const char *path, int far)
{
    const char *const argv[] = {"criu", "swrk", "3", NULL};
    int given[CRIU_GIVEN_MAX + 1] = {far};

    memcpy(given + 1, criu->given, criu->n_given * sizeof(given[0]));
    struct sys_worker worker = {
        .path = path,
        .argv = argv,
        .envp = environment(criu),
        .output_fd = criu->output,
        .given = given,
        .n_given = criu->n_given + 1,
        .root = criu->root,
        .at = criu->at,
    };
    criu->pid = sys_start_worker(&worker, &criu->pidfd);
    return criu->pid < 0 ? criu->pid : 0;
}

int criu_start(struct criu *criu)
{
    const char *path = file_find_program(criu->arena, "criu");
    AUTO_FD far = -1;

    if (path == NULL) {
        error_set(criu->error, ENOENT, "%s: criu was not found in %s: install it", criu->act,
                  file_search_path());
        return error_hint(criu->error, "the package criu; see https://criu.org/Packages");
    }
    criu->output = sys_memfd_empty("criu-output");
    int result = criu->output < 0 ? criu->output : sys_socket_pair(&criu->socket, &far);
    if (result == 0)
        result = start_at(criu, path, far);
    return result < 0 ? error_errno(criu->error, -result, "%s: run %s", criu->act, path) : 0;
}

void criu_end(struct criu *criu)
{
    fd_close(&criu->socket);
    for (; criu->n_namespaces > 0; criu->n_namespaces--)
        fd_close(&criu->namespaces[criu->n_namespaces - 1]);
    if (criu->pidfd >= 0) {
        if (sys_pidfd_wait(criu->pidfd, END_MS) < 0)
            sys_pidfd_signal(criu->pidfd, SIGKILL);
        sys_pidfd_reap(criu->pidfd, NULL);
    }
    fd_close(&criu->pidfd);
    fd_close(&criu->yard);
    fd_close(&criu->output);
}

/* --- errors ----------------------------------------------------------------------------------- */

/* Skips the time: "(00.012345) Error (criu/tty.c:1016): tty: ..." */
static const char *without_time(const char *line)
{
    const char *end = line[0] == '(' ? strstr(line, ") ") : NULL;

    return end != NULL ? end + 2 : line;
}

static bool is_error(const char *line)
{
    return text_starts_with(without_time(line), "Error (") || strstr(line, ": Error (") != NULL;
}

/* Returns the last errors of a log or, if it has none, its last lines. */
static const char *tail_of(struct arena *arena, char *log)
{
    struct text_list lines = {.arena = arena};
    struct text_list errors = {.arena = arena};
    struct text text = {.arena = arena};

    for (char *line = strtok(log, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        text_list_add(&lines, line);
        if (is_error(line))
            text_list_add(&errors, line);
    }
    const struct text_list *list = errors.count > 0 ? &errors : &lines;
    for (size_t i = list->count > TAIL_LINES ? list->count - TAIL_LINES : 0; i < list->count; i++)
        text_addf(&text, "%s%s", text.size > 0 ? "; " : "", without_time(list->item[i]));
    return text.bytes;
}

static const char *read_log(struct criu *criu, const char *path)
{
    char *bytes;

    if (path == NULL || file_read(criu->arena, AT_FDCWD, path, &bytes, NULL) < 0)
        return NULL;
    return tail_of(criu->arena, bytes);
}

static const char *read_output(struct criu *criu)
{
    char bytes[4096];
    ssize_t size = pread(criu->output, bytes, sizeof(bytes) - 1, 0);

    if (size <= 0)
        return NULL;
    bytes[size] = '\0';
    return tail_of(criu->arena, arena_string(criu->arena, bytes));
}

static int failed(struct criu *criu, const struct criu_answer *answer)
{
    const char *path =
        criu->work_dir == NULL ? NULL : text_path_join(criu->arena, criu->work_dir, criu->log);
    const char *words = read_log(criu, path);
    int number = answer->number > 0 && answer->number < 4096 ? answer->number : EIO;

    if (words == NULL)
        words = answer->words;
    if (words == NULL || words[0] == '\0')
        words = read_output(criu);
    error_errno(criu->error, number, "%s: criu failed", criu->act);
    if (words != NULL)
        error_cause(criu->error, "%s", words);
    if (path != NULL && access(path, F_OK) == 0)
        error_hint(criu->error, "its log is %s", path);
    else if (words == NULL)
        error_hint(criu->error, "`criu check` says what it lacks on this host");
    /* The files of criu that look at the kernel before anything else. */
    if (words != NULL && (strstr(words, "Error (criu/kerndat.c") != NULL ||
                          strstr(words, "Error (criu/vdso.c") != NULL))
        error_hint(criu->error, "this criu may not know this kernel: install a newer one");
    return -number;
}

/* --- the conversation ------------------------------------------------------------------------- */

static int send_request(struct criu *criu, const struct text *request)
{
    int result = sys_socket_send(criu->socket, request->bytes, request->size, -1);

    if (result == -EPIPE || result == -ECONNRESET)
        return failed(criu, &(struct criu_answer){0});
    return result < 0 ? error_errno(criu->error, -result, "%s: speak to criu", criu->act) : 0;
}

int criu_ask(struct criu *criu, enum criu_type type, const struct text *options)
{
    struct text request = {.arena = criu->arena};

    criu_put_number(&request, CRIU_REQ_TYPE, type);
    criu_put_message(&request, CRIU_REQ_OPTS, options);
    return send_request(criu, &request);
}

int criu_go_on(struct criu *criu)
{
    struct text request = {.arena = criu->arena};

    criu_put_number(&request, CRIU_REQ_TYPE, CRIU_NOTIFY);
    criu_put_number(&request, CRIU_REQ_NOTIFY_SUCCESS, true);
    return send_request(criu, &request);
}

static int wait_readable(struct criu *criu)
{
    struct pollfd fds[] = {{.fd = criu->socket, .events = POLLIN},
                           {.fd = criu->signals, .events = POLLIN}};
    struct signalfd_siginfo info;

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return error_errno(criu->error, errno, "%s: wait for criu", criu->act);
    if (fds[1].revents == 0 || read(criu->signals, &info, sizeof(info)) != sizeof(info))
        return 0;
    criu->error->exit_status = 128 + (int) info.ssi_signo;
    return error_set(criu->error, EINTR, "%s: interrupted by signal %u", criu->act, info.ssi_signo);
}

int criu_hear(struct criu *criu, struct criu_answer *ret_answer, int *ret_passed)
{
    char *bytes = arena_alloc(criu->arena, ANSWER_MAX);

    *ret_passed = -1;
    TRY(wait_readable(criu));
    ssize_t size = sys_socket_receive(criu->socket, bytes, ANSWER_MAX, ret_passed);
    if (size <= 0 || criu_read_answer(criu->arena, bytes, (size_t) size, ret_answer) < 0) {
        fd_close(ret_passed);
        return failed(criu, &(struct criu_answer){0});
    }
    if (!ret_answer->success) {
        fd_close(ret_passed);
        return failed(criu, ret_answer);
    }
    return 0;
}

/* Tells the reader of --status-fd that pages can be fetched. */
static void tell_ready(struct criu *criu)
{
    if (criu->status_fd >= 0 && write(criu->status_fd, "", 1) < 0)
        log_warning("--status-fd: %s", text_of_errno(errno));
    fd_close(&criu->status_fd);
}

int criu_until(struct criu *criu, const char *script, struct criu_answer *ret_answer,
               int *ret_terminal)
{
    for (;;) {
        AUTO_FD passed = -1;

        TRY(criu_hear(criu, ret_answer, &passed));
        if (ret_answer->type != CRIU_NOTIFY || ret_answer->script == NULL)
            return 0;
        log_debug("criu: %s", ret_answer->script);
        if (script != NULL && text_equal(ret_answer->script, script))
            return 0;
        if (text_equal(ret_answer->script, "orphan-pts-master") && ret_terminal != NULL &&
            *ret_terminal < 0)
            *ret_terminal = fd_take(&passed);
        if (text_equal(ret_answer->script, "status-ready"))
            tell_ready(criu);
        TRY(criu_go_on(criu));
    }
}

/* --- version and features --------------------------------------------------------------------- */

static int ask_features(struct criu *criu, struct criu_answer *ret_answer)
{
    struct text request = {.arena = criu->arena};
    struct text features = {.arena = criu->arena};
    int passed;

    criu_put_number(&features, CRIU_FEATURE_MEM_TRACK, true);
    criu_put_number(&features, CRIU_FEATURE_LAZY_PAGES, true);
    criu_put_number(&request, CRIU_REQ_TYPE, CRIU_FEATURE_CHECK);
    criu_put_message(&request, CRIU_REQ_FEATURES, &features);
    TRY(send_request(criu, &request));
    TRY(criu_hear(criu, ret_answer, &passed));
    fd_close(&passed);
    return 0;
}

static int ask_version(struct criu *criu)
{
    struct text request = {.arena = criu->arena};
    struct criu_answer answer = {0};
    int passed;

    criu_put_number(&request, CRIU_REQ_TYPE, CRIU_VERSION);
    criu_put_number(&request, CRIU_REQ_KEEP_OPEN, true);
    TRY(send_request(criu, &request));
    TRY(criu_hear(criu, &answer, &passed));
    fd_close(&passed);
    criu->version = answer.version;
    return 0;
}

static int check_one(struct criu *criu, const struct criu_needs *needs,
                     const struct criu_answer *features)
{
    unsigned has = criu->version;

    if (has < needs->version)
        return error_set(criu->error, ENOTSUP, "%s needs criu %u.%u, this one is %u.%u",
                         needs->option, needs->version / 10000, needs->version / 100 % 100,
                         has / 10000, has / 100 % 100);
    if (needs->mem_track && !features->mem_track)
        return error_set(criu->error, ENOTSUP,
                         "%s: this kernel cannot tell criu which pages have changed "
                         "(CONFIG_MEM_SOFT_DIRTY)",
                         needs->option);
    if (needs->lazy_pages && !features->lazy_pages)
        return error_set(criu->error, ENOTSUP, "%s: this kernel or criu lacks userfaultfd",
                         needs->option);
    return 0;
}

static int check_all(struct criu *criu, const struct criu_needs *needs, size_t count)
{
    struct criu_answer features = {0};
    bool asks = false;

    for (size_t i = 0; i < count; i++)
        asks = asks || needs[i].mem_track || needs[i].lazy_pages;
    TRY(ask_version(criu));
    if (asks)
        TRY(ask_features(criu, &features));
    for (size_t i = 0; i < count; i++)
        TRY(check_one(criu, &needs[i], &features));
    return 0;
}

int criu_check(struct criu *criu, const struct criu_needs *needs, size_t count)
{
    AUTO_CRIU other = criu_of(criu->arena, criu->act, criu->log, criu->error);

    other.signals = criu->signals;
    TRY(criu_start(&other));
    TRY(check_all(&other, needs, count));
    criu->version = other.version;
    return 0;
}
