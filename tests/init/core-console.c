/* SPDX-License-Identifier: Apache-2.0 */
/* MAKE_CONSOLE: the terminal comes from the container's own devpts, never from the host's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "harness.h"

static const char script[] =
    "tty; stty size; stat -c '%u' /dev/pts/0; set -- $(cat /proc/$$/stat); [ $6 = $$ ] && "
    "echo leads; [ $8 = $$ ] && echo in front; [ /dev/console -ef /dev/pts/0 ] && echo console; "
    "echo error >&2; echo >/dev/tty tty; for i in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$i ] || "
    "echo fd $i; done";
static const char expected[] =
    "/dev/pts/0\r\n24 80\r\n1000\r\nleads\r\nin front\r\nconsole\r\nerror\r\ntty\r\n";

static struct test_plan with_console(void)
{
    return (struct test_plan){
        .steps =
            {{.op = PLAN_MAKE_CONSOLE,
              .actor = PLAN_INIT,
              .flags = PLAN_ANNOUNCE,
              .makes = PLAN_SLOT_CONSOLE,
              .make_console = {.rows = 24, .columns = 80, .uid = 1000, .on_dev_console = true}},
             TEST_SHELL(script)},
        .clone_flags = CLONE_NEWNS};
}

static void make_dev(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755") == 0, "tmpfs");
    test_must(mknod("/dev/tty", S_IFCHR | 0666, 5 << 8) == 0, "/dev/tty");
    mkdir("/dev/pts", 0755);
}

static void make_devpts(void)
{
    make_dev();
    test_must(mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620") == 0,
              "devpts");
}

static void make_console_file(void)
{
    make_devpts();
    test_must(mknod("/dev/console", S_IFCHR | 0600, (5 << 8) + 1) == 0, "/dev/console");
}

/* Reads what is written to the terminal until all its descriptors are closed. */
static const char *read_terminal(int fd)
{
    static char text[4096];
    size_t size = 0;
    ssize_t n;

    while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t) n;
    text[size] = '\0';
    return text;
}

static void makes_console(void (*prepare)(void), const char *where)
{
    struct test_plan plan = with_console();
    struct plan_message message = {.step = -1};
    int master = -1;

    plan.prepare = prepare;
    struct test_init init = test_launch(&plan);
    tap_ok(test_receive(init.socket, &message, &master) && message.error == 0 && master >= 0,
           "%s: the host gets the master side of the terminal", where);
    if (master >= 0)
        tap_text(read_terminal(master), expected, "the program sees its terminal");
    struct test_result result = test_finish(&init);
    tap_text(result.output, "", "the program writes only to its terminal");
    tap_ok(test_exited(result.status, 0), "the program with a terminal exits with status 0");
    close(master);
}

/* Init must not keep the master open: the program would not notice that its terminal has hung
 * up. */
static void hangs_up(void)
{
    struct test_plan plan = with_console();
    struct plan_message message;
    int master = -1;
    char byte;

    signal(SIGHUP, SIG_DFL); /* nohup(1) ignores it, and a shell cannot trap what is ignored */
    plan.prepare = make_devpts;
    plan.steps[3].execute.argv = TEST_SCRIPT("trap 'exit 5' HUP; echo ready; read line; exit 6");
    struct test_init init = test_launch(&plan);
    test_receive(init.socket, &message, &master);
    test_receive(init.socket, &message, NULL); /* end of file: the program runs */
    tap_ok(read(master, &byte, 1) == 1, "the program is ready for the hangup");
    close(master);
    struct test_result result = test_finish(&init);
    tap_ok(test_exited(result.status, 5),
           "closing the host's side hangs the program's terminal up");
}

static void keeps_size(void)
{
    struct test_plan plan = with_console();
    struct plan_message message;
    int master = -1;

    plan.prepare = make_devpts;
    plan.steps[0].make_console.rows = 0;
    plan.steps[0].make_console.columns = 0;
    plan.steps[3].execute.argv = TEST_SCRIPT("stty size");
    struct test_init init = test_launch(&plan);
    test_receive(init.socket, &message, &master);
    tap_text(read_terminal(master), "0 0\r\n",
             "without a size in the plan the terminal keeps 0 by 0");
    test_finish(&init);
    close(master);
}

/* --- hostile images --------------------------------------------------------------------------- */

static void link_console(void)
{
    make_devpts();
    test_must(symlink("/tmp/berth-test-console", "/dev/console") == 0, "link");
}

static void directory_console(void)
{
    make_devpts();
    mkdir("/dev/console", 0755);
}

static void link_ptmx(void)
{
    make_dev();
    test_must(symlink("/dev/ptmx", "/dev/pts/ptmx") == 0, "link");
}

static void file_ptmx(void)
{
    make_dev();
    test_must(mknod("/dev/pts/ptmx", S_IFREG | 0666, 0) == 0, "file");
}

static void node_ptmx(void)
{
    make_dev();
    test_must(mknod("/dev/pts/ptmx", S_IFCHR | 0666, (5 << 8) + 2) == 0, "node");
}

static void bound_terminal_ptmx(void)
{
    make_devpts();
    int end = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    test_must(end >= 0 && unlockpt(end) == 0 && dup2(end, 50) == 50, "terminal");
    test_must(mount("/dev/pts/0", "/dev/pts/ptmx", NULL, MS_BIND, NULL) == 0, "bind");
}

static void link_dev(void)
{
    test_make_mounts_private();
    test_must(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755") == 0 &&
                  symlink("elsewhere", "/mnt/dev") == 0 && mkdir("/mnt/elsewhere", 0755) == 0 &&
                  mkdir("/mnt/elsewhere/pts", 0755) == 0,
              "tree");
    test_must(mount("devpts", "/mnt/elsewhere/pts", "devpts", 0, "newinstance,ptmxmode=0666") == 0,
              "devpts");
    test_must(chroot("/mnt") == 0 && chdir("/") == 0, "chroot");
}

static void refuses_traps(void)
{
    static const struct {
        void (*prepare)(void);
        int error;
        const char *name;
    } traps[] = {
        {link_console, EEXIST, "/dev/console is a link"},
        {directory_console, EEXIST, "/dev/console is a directory"},
        {make_dev, ENOENT, "there is no ptmx"},
        {link_ptmx, ELOOP, "ptmx is a link"},
        {file_ptmx, ENODEV, "ptmx is a file"},
        {node_ptmx, ENOENT, "ptmx is a device beside no devpts"},
        {bound_terminal_ptmx, ENODEV, "ptmx is another terminal"},
        {link_dev, ELOOP, "/dev is a link"},
    };

    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        struct test_plan plan = with_console();
        plan.prepare = traps[i].prepare;
        struct plan_message message = test_fail(&plan);
        tap_ok(message.step == 0 && message.error == traps[i].error, "a trap in /dev: %s: errno %d",
               traps[i].name, message.error);
    }
    tap_ok(access("/tmp/berth-test-console", F_OK) < 0,
           "no file is created through a symbolic link");
}

int main(void)
{
    test_need_root();
    makes_console(make_devpts, "no /dev/console");
    makes_console(make_console_file, "with /dev/console");
    hangs_up();
    keeps_size();
    refuses_traps();
    return tap_end();
}
