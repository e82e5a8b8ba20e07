/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a manager and their results, through the real helper: over the manager's own socket
 * and over a bus. */
#include "bus-play.h"
#include "tap-error.h"

#define WORDS(...)                                                                                 \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void test_values(struct play *play, struct bus *bus)
{
    const struct bus_property properties[] = {
        {"Description", "s", WORDS("a \"scope\"\n")},
        {"CPUWeight", "t", WORDS("18446744073709551615")},
        {"Delegate", "b", WORDS("true")},
        {"After", "as", WORDS("a.service", "")},
        {"Before", "as", NULL, 0},
        {"Bytes", "ay", WORDS("0", "255")},
        {"Low", "i", WORDS("-2147483648")},
        {"Short", "n", WORDS("-1")},
        {"Unsigned", "u", WORDS("4294967295")},
        {"Word", "q", WORDS("65535")},
        {"Long", "x", WORDS("-9223372036854775808")},
        {"Real", "d", WORDS("0.5")},
        {"DeviceAllow", "a(ss)", WORDS("/dev/null", "rwm", "char-pts", "rw")},
        {"IODeviceWeight", "a(st)", WORDS("/dev/sda", "7")},
        {"Pair", "(st)", WORDS("p", "1")},
    };
    const char *const shown[] = {
        "STRING \"good-1.scope\";",
        "STRING \"fail\";",
        "STRING \"PIDs\";",
        "ARRAY \"u\"",
        "STRING \"Delegate\";",
        "BOOLEAN true;",
        "STRING \"CPUWeight\";",
        "UINT64 18446744073709551615;",
        "INT32 -2147483648;",
        "INT16 -1;",
        "UINT32 4294967295;",
        "UINT16 65535;",
        "INT64 -9223372036854775808;",
        "DOUBLE 0.5;",
        "BYTE 255;",
        "ARRAY \"(ss)\"",
        "STRING \"char-pts\";",
        "STRUCT \"st\"",
        "ARRAY \"(sa(sv))\"",
    };
    pid_t pids[] = {getpid(), 1};
    struct bus_unit unit = {.name = "good-1.scope",
                            .pids = pids,
                            .n_pids = 2,
                            .properties = properties,
                            .n_properties = sizeof(properties) / sizeof(properties[0])};
    struct error error = {0};

    expect(&error, bus_start_unit(bus, &unit, &error), 0, "a unit starts with every type");
    char *log = take_log(play);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        expect_log(log, shown[i]);
    tap_ok(strstr(log, "ResetFailedUnit") == NULL, "a unit that starts at once is not reset");
    expect(&error, bus_set_properties(bus, "good-1.scope", properties + 1, 2, &error), 0,
           "properties of a unit are set");
    log = take_log(play);
    expect_log(log, "SetUnitProperties");
    expect_log(log, "BOOLEAN true;");
    expect_log(log, "UINT64 18446744073709551615;");
}

static void test_many(struct play *play, struct bus *bus)
{
    enum { MANY = 60000 };
    const char **words = ARENA_ARRAY(&play->arena, 2 * MANY, const char *);
    struct error error = {0};

    for (size_t i = 0; i < MANY; i++) {
        words[2 * i] = arena_printf(&play->arena, "/dev/char/%zu:%zu", i / 256, i % 256);
        words[2 * i + 1] = "rwm";
    }
    struct bus_property property = {"DeviceAllow", "a(ss)", words, 2 * MANY};
    expect(&error, bus_set_properties(bus, "good.scope", &property, 1, &error), 0,
           "a property of more than a mebibyte is sent");
    expect_log(take_log(play), "STRING \"/dev/char/234:95\";");
}

static void test_bad_values(struct bus *bus)
{
    const struct {
        struct bus_property property;
        const char *text;
    } cases[] = {
        {{"A", "t", WORDS("-1")}, "no value of the D-Bus type t: \"-1\""},
        {{"A", "y", WORDS("256")}, "no value of the D-Bus type y: \"256\""},
        {{"A", "n", WORDS("32768")}, "no value of the D-Bus type n: \"32768\""},
        {{"A", "i", WORDS("2147483648")}, "no value of the D-Bus type i: \"2147483648\""},
        {{"A", "b", WORDS("yes")}, "no value of the D-Bus type b: \"yes\""},
        {{"A", "d", WORDS("1.5x")}, "no value of the D-Bus type d: \"1.5x\""},
        {{"A", "o", WORDS("a")}, "no value of the D-Bus type o: \"a\""},
        {{"A", "t", WORDS("1", "2")}, "property A: 2 words are not a value of the D-Bus type t"},
        {{"A", "a(ss)", WORDS("1")}, "property A: 1 words are not a value of the D-Bus type a(ss)"},
        {{"A", "aas", WORDS("1")}, "property A: the D-Bus type \"aas\" is none for properties"},
        {{"A", "v", WORDS("1")}, "property A: the D-Bus type \"v\" is none for properties"},
        {{"A", "()", WORDS("1")}, "property A: the D-Bus type \"()\" is none for properties"},
        {{"A", "", WORDS("1")}, "property A: the D-Bus type \"\" is none for properties"},
        {{"A", "ss", WORDS("1", "1")}, "property A: the D-Bus type \"ss\" is none for properties"},
        {{"A", "(s", WORDS("1")}, "property A: the D-Bus type \"(s\" is none for properties"},
    };
    char text[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};

        snprintf(text, sizeof(text), "set properties of the unit good.scope: %s", cases[i].text);
        expect(&error, bus_set_properties(bus, "good.scope", &cases[i].property, 1, &error), EINVAL,
               text);
    }
}

static void test_starts(struct play *play, struct bus *bus)
{
    struct bus_unit slice = {.name = "always.slice", .may_exist = true};
    struct error error = {0};

    expect(&error, start_named(bus, "other.scope", &error), 0,
           "jobs of other units do not count as the unit's");
    expect(&error, start_named(bus, "early.scope", &error), 0,
           "a job that is removed before the reply counts");
    expect(&error, start_named(bus, "flood.scope", &error), 0,
           "the unit's job is found among many signals");
    expect(&error, start_named(bus, "other\\x2d.scope", &error), 0,
           "the name of a unit may have a backslash");
    take_log(play);
    expect(&error, start_named(bus, "exists.scope", &error), 0,
           "a leftover failed unit is reset and started");
    expect_log(take_log(play), "ResetFailedUnit");
    expect(&error, start_named(bus, "always.scope", &error), EEXIST,
           "start the unit always.scope: Unit always.scope already exists. "
           "(org.freedesktop.systemd1.UnitExists)");
    expect(&error, bus_start_unit(bus, &slice, &error), 0, "a slice that may exist is used");
    expect(&error, start_named(bus, "denied.scope", &error), EACCES,
           "start the unit denied.scope: " DENIED);
    take_log(play);
    expect(&error, start_named(bus, "failed.scope", &error), EIO,
           "start the unit failed.scope: the job of systemd ended with \"failed\" "
           "(journalctl --user -u failed.scope may say more)");
    expect_log(take_log(play), "ResetFailedUnit");
}

static void test_stops(struct play *play, struct bus *bus)
{
    struct error error = {0};
    struct bus_property property = {"CPUWeight", "t", WORDS("1")};

    take_log(play);
    expect(&error, bus_stop_unit(bus, "good.scope", &error), 0, "a unit is stopped");
    expect_log(take_log(play), "ResetFailedUnit");
    expect(&error, bus_stop_unit(bus, "none.scope", &error), 0,
           "stopping a unit that does not exist succeeds");
    expect(&error, bus_stop_unit(bus, "failed.scope", &error), EIO,
           "stop the unit failed.scope: the job of systemd ended with \"failed\" "
           "(journalctl --user -u failed.scope may say more)");
    expect(&error, bus_set_properties(bus, "none.scope", &property, 1, &error), ENOENT,
           "set properties of the unit none.scope: Unit none.scope not loaded. "
           "(org.freedesktop.systemd1.NoSuchUnit)");
}

static void test_manager(struct bus *bus)
{
    struct bus_manager manager = {0};
    struct error error = {0};

    expect(&error, bus_read_manager(bus, &manager, &error), 0, "the manager's properties are read");
    tap_text(manager.cgroup, "/a.slice", "the manager's cgroup is read");
    tap_ok(manager.version == 252, "the manager's version is read");
}

static void test_direct(struct play *play)
{
    pid_t fake = fake_start_direct(play->socket, play->log);
    AUTO_BUS bus = {0};
    struct error error = {0};

    expect(&error, bus_open(&play->arena, &user, &bus, &error), 0,
           "a session with the manager opens");
    tap_ok(bus.is_direct, "the session uses the manager's own socket");
    test_manager(&bus);
    test_values(play, &bus);
    test_many(play, &bus);
    test_bad_values(&bus);
    test_starts(play, &bus);
    test_stops(play, &bus);
    tap_ok(bus.helper != 0, "one helper has served all calls");
    fake_end(fake);
}

/* Returns the daemon's PID, or 0 if it is not installed. */
static pid_t start_daemon(const char *address)
{
    char option[160], pid_option[32];
    int pipes[2];
    char byte;

    if (pipe(pipes) < 0)
        abort();
    snprintf(option, sizeof(option), "--address=%s", address);
    snprintf(pid_option, sizeof(pid_option), "--print-pid=%d", pipes[1]);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
               option, pid_option, (char *) NULL);
        _exit(127);
    }
    close(pipes[1]);
    bool runs = read(pipes[0], &byte, 1) == 1;
    close(pipes[0]);
    if (runs)
        return pid;
    waitpid(pid, NULL, 0);
    return 0;
}

static void test_on_bus(struct play *play, const struct bus_options *options)
{
    AUTO_BUS bus = {0};
    struct error error = {0};

    take_log(play);
    expect(&error, bus_open(&play->arena, options, &bus, &error), 0, "a session over a bus opens");
    tap_ok(!bus.is_direct, "the session is known to be over a bus");
    test_manager(&bus);
    expect(&error, start_named(&bus, "other.scope", &error), 0, "a unit is started over a bus");
    expect_log(take_log(play), "Subscribe");
    expect(&error, start_named(&bus, "other\\x2d.scope", &error), 0,
           "the name of a unit may have a backslash over a bus");
    expect(&error, bus_stop_unit(&bus, "good.scope", &error), 0, "a unit is stopped over a bus");
    expect(&error, start_named(&bus, "denied.scope", &error), EACCES,
           "start the unit denied.scope: " DENIED);
    expect(&error, start_named(&bus, "dies.scope", &error), ETIMEDOUT,
           "start the unit dies.scope: Message recipient disconnected from message bus without "
           "replying (org.freedesktop.DBus.Error.NoReply)");
}

static void test_bus(struct play *play)
{
    char address[128];

    snprintf(address, sizeof(address), "unix:path=%s/bus", play->dir);
    unlink(play->socket);
    pid_t daemon = start_daemon(address);
    if (daemon == 0) {
        tap_ok(true, "over a bus # SKIP there is no dbus-daemon");
        return;
    }
    pid_t fake = fake_start_on_bus(address, play->log);
    test_on_bus(play, &user);
    fake_end(fake);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
    fake = fake_start_on_bus(address, play->log);
    test_on_bus(play, &(struct bus_options){0});
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    fake_end(fake);
    AUTO_BUS bus = {0};
    struct error error = {0};
    expect(&error, bus_open(&play->arena, &user, &bus, &error), 0,
           "a session over a bus without a manager opens");
    int result = bus_stop_unit(&bus, "good.scope", &error);
    tap_ok(result < 0 && strstr(tap_error(&error), "org.freedesktop.systemd1") != NULL,
           "a bus without a manager is named in the error: %s", tap_error(&error));
    fake_end(daemon);
}

int main(void)
{
    struct play play = {0};

    alarm(240);
    prepare(&play);
    test_direct(&play);
    test_bus(&play);
    return finish(&play);
}
