/* SPDX-License-Identifier: Apache-2.0 */
/* What --systemd-cgroup makes of a config: the unit's name, properties from annotations, and device
 * rules as a list. */
#include <errno.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "resources/devices.h"
#include "systemd/properties.h"
#include "systemd/unit.h"
#include "tap-error.h"
#include "tap.h"

#define FORM "\"slice:prefix:name\""
#define TEN "0123456789"
#define LONG                                                                                       \
    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Without a path, `name` is the error. */
static const struct {
    const char *cgroups_path;
    const char *id;
    bool user;
    const char *slice;
    const char *name;
    const char *path;
} units[] = {
    {NULL, "c1", false, "system.slice", "berth-c1.scope", "/system.slice/berth-c1.scope"},
    {"", "c1", false, "system.slice", "berth-c1.scope", "/system.slice/berth-c1.scope"},
    {NULL, "c1", true, "user.slice", "berth-c1.scope", "/user.slice/berth-c1.scope"},
    {":p:n", "c1", false, "system.slice", "p-n.scope", "/system.slice/p-n.scope"},
    {":p:n", "c1", true, "user.slice", "p-n.scope", "/user.slice/p-n.scope"},
    {"machine.slice:libpod:1f", "c1", true, "machine.slice", "libpod-1f.scope",
     "/machine.slice/libpod-1f.scope"},
    {"a-b-c.slice::n", "c1", false, "a-b-c.slice", "-n.scope",
     "/a.slice/a-b.slice/a-b-c.slice/-n.scope"},
    {"a.slice:n", "c1", false, "a.slice", "n.scope", "/a.slice/n.scope"},
    {":n", "c1", false, "system.slice", "n.scope", "/system.slice/n.scope"},
    {"-.slice:p:n", "c1", false, "-.slice", "p-n.scope", "/p-n.scope"},
    {"-:p:n", "c1", false, "-.slice", "p-n.scope", "/p-n.scope"},
    {"machine.slice:p:machine-pod.slice", "c1", false, "machine.slice", "machine-pod.slice",
     "/machine.slice/machine-pod.slice"},
    {"::a-b.slice", "c1", false, "system.slice", "a-b.slice", "/a.slice/a-b.slice"},
    {":p:a@b", "c1", false, "system.slice", "p-a@b.scope", "/system.slice/p-a@b.scope"},
    {":p:a\\x2db_.c", "c1", false, "system.slice", "p-a\\x2db_.c.scope",
     "/system.slice/p-a\\x2db_.c.scope"},
    {":" LONG "123456789", "c1", false, "system.slice", LONG "123456789.scope",
     "/system.slice/" LONG "123456789.scope"},
    {":" LONG TEN, "c1", false, NULL,
     "systemd takes at most 255 bytes for the name of a unit, got 256", NULL},
    {"/berth/c1", "c1", false, NULL,
     "must be of the form " FORM " with --systemd-cgroup, got \"/berth/c1\"", NULL},
    {"a:b:c:d", "c1", false, NULL,
     "must be of the form " FORM " with --systemd-cgroup, got \"a:b:c:d\"", NULL},
    {"::", "c1", false, NULL, "the name in " FORM " must not be empty", NULL},
    {"a.scope:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \"a.scope\"", NULL},
    {".slice:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \".slice\"", NULL},
    {"-a.slice:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \"-a.slice\"", NULL},
    {"a-.slice:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \"a-.slice\"", NULL},
    {"a--b.slice:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \"a--b.slice\"", NULL},
    {"a.slice/b.slice:p:n", "c1", false, NULL,
     "the slice in " FORM " must be like \"a-b.slice\", got \"a.slice/b.slice\"", NULL},
    {"a b.slice:p:n", "c1", false, NULL,
     "systemd allows no \" \" in the name of a unit, got \"a b.slice\"", NULL},
    {":p:a/b", "c1", false, NULL,
     "systemd allows no \"/\" in the name of a unit, got \"p-a/b.scope\"", NULL},
    {":p/q:a", "c1", false, NULL,
     "systemd allows no \"/\" in the name of a unit, got \"p/q-a.scope\"", NULL},
    {NULL, "c+1", false, NULL,
     "systemd allows no \"+\" in the name of a unit, got \"berth-c+1.scope\"", NULL},
    {":a@", "c1", false, NULL, "\"a@.scope\" is not the name of a unit", NULL},
    {":@a", "c1", false, NULL, "\"@a.scope\" is not the name of a unit", NULL},
    {"::-.slice", "c1", false, NULL,
     "a slice for a name in " FORM " must be like \"a-b.slice\", got \"-.slice\"", NULL},
    {"::a--b.slice", "c1", false, NULL,
     "a slice for a name in " FORM " must be like \"a-b.slice\", got \"a--b.slice\"", NULL},
};

static void test_units(struct arena *arena)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const char *name = units[i].cgroups_path != NULL ? units[i].cgroups_path : "no path";
        struct cgroup_unit_request request = {units[i].cgroups_path, units[i].id, units[i].user};
        struct cgroup_unit unit = {0};
        struct error error = {0};
        int result = cgroup_find_unit(arena, &request, &unit, &error);

        if (units[i].path == NULL) {
            tap_ok(result == -EINVAL, "linux.cgroupsPath %s is refused", name);
            tap_text(tap_error(&error), arena_printf(arena, "linux.cgroupsPath: %s", units[i].name),
                     name);
            continue;
        }
        tap_ok(result == 0, "linux.cgroupsPath %s is accepted", name);
        tap_text(unit.slice, units[i].slice, "the unit's slice");
        tap_text(unit.name, units[i].name, "the unit's name");
        tap_text(unit.path, units[i].path, "the unit's path");
        tap_ok(unit.is_slice == (strstr(units[i].name, ".slice") != NULL),
               "whether the unit is a slice");
    }
}

/* One property as text: "NAME SIGNATURE WORD|WORD". */
static const char *show(struct arena *arena, const struct bus_property *property)
{
    struct text text = {.arena = arena};

    text_addf(&text, "%s %s ", property->name, property->signature);
    for (size_t i = 0; i < property->n_words; i++)
        text_addf(&text, "%s%s", i == 0 ? "" : "|", property->words[i]);
    return text.bytes;
}

#define ANY_VALUE                                                                                  \
    "expected true, false, a number, a text in quotes, or an array of such in brackets"
#define NO_TYPE "expected a value of the type int32, as there is no other type before it"

/* `result` is the error if it starts with "!". */
static const struct {
    const char *name;
    const char *value;
    const char *result;
} annotations[] = {
    {"CollectMode", "'inactive-or-failed'", "CollectMode s inactive-or-failed"},
    {"CollectMode", "\"a 'b' \\\"c\\\"\"", "CollectMode s a 'b' \"c\""},
    {"A", "''", "A s "},
    {"A", "'\\t\\x\\u00e9\\U0001f600\\u20ac'", "A s \tx\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac"},
    {"Delegate", "true", "Delegate b true"},
    {"Delegate", " false ", "Delegate b false"},
    {"Delegate", "boolean true", "Delegate b true"},
    {"A", "7", "A i 7"},
    {"A", "-2147483648", "A i -2147483648"},
    {"A", "+7", "A i 7"},
    {"A", "0x1F", "A i 31"},
    {"A", "-0", "A i 0"},
    {"TimeoutStopUSec", "uint64 123456789", "TimeoutStopUSec t 123456789"},
    {"A", "uint64 18446744073709551615", "A t 18446744073709551615"},
    {"A", "int64 -9223372036854775808", "A x -9223372036854775808"},
    {"A", "int32 -1", "A i -1"},
    {"A", "int16 32767", "A n 32767"},
    {"A", "uint16 65535", "A q 65535"},
    {"A", "uint32 4294967295", "A u 4294967295"},
    {"A", "byte 0x1f", "A y 31"},
    {"A", "byte\t255", "A y 255"},
    {"A", "double 1", "A d 1"},
    {"A", "0.5", "A d 0.5"},
    {"A", "-1e3", "A d -1000"},
    {"A", "inf", "A d inf"},
    {"A", "objectpath '/a'", "A o /a"},
    {"A", "string 'a'", "A s a"},
    {"A", "@t 5", "A t 5"},
    {"After", "['a.service', \"b.service\"]", "After as a.service|b.service"},
    {"A", "[uint64 1, 2]", "A at 1|2"},
    {"A", "[1, uint64 2]", "A at 1|2"},
    {"A", "[1,2 , -3]", "A ai 1|2|-3"},
    {"A", "[1, 2.5]", "A ad 1|2.5"},
    {"A", "[true, false]", "A ab true|false"},
    {"A", "@as []", "A as "},
    {"A", "@as ['x']", "A as x"},
    {"A", "@at [1, 2]", "A at 1|2"},
    {"A", "[byte 1, 0xff]", "A ay 1|255"},
    {"TimeoutStopSec", "5", "TimeoutStopUSec t 5000000"},
    {"TimeoutStopSec", "uint64 5", "TimeoutStopUSec t 5000000"},
    {"TimeoutStopSec", "1.5", "TimeoutStopUSec t 1500000"},
    {"TimeoutStopSec", "int64 0", "TimeoutStopUSec t 0"},
    {"FooUSec", "5", "FooUSec i 5"},
    {"Sec", "5", "Sec i 5"},
    {"A", "", "!" ANY_VALUE},
    {"A", "inactive", "!" ANY_VALUE},
    {"A", "infinity", "!" ANY_VALUE},
    {"A", "truely", "!" ANY_VALUE},
    {"A", "b'ab'", "!" ANY_VALUE},
    {"A", "('a', 1)", "!" ANY_VALUE},
    {"A", "[('a', 1)]", "!" ANY_VALUE},
    {"A", "{'a': 1}", "!" ANY_VALUE},
    {"A", "<1>", "!" ANY_VALUE},
    {"A", "uint64", "!" ANY_VALUE},
    {"A", "uint64 int32 5", "!" ANY_VALUE},
    {"A", "[[1]]", "!expected no array within an array"},
    {"A", "[1 2]", "!expected \",\" or \"]\" in the array"},
    {"A", "[1, 2", "!expected \",\" or \"]\" in the array"},
    {"A", "[1,]", "!" ANY_VALUE},
    {"A", "[]", "!expected the type of an empty array before it, such as @as"},
    {"A", "@ai 1", "!" ANY_VALUE},
    {"A", "@v <1>", "!expected @ before a basic type or an array of such"},
    {"A", "@aas []", "!expected @ before a basic type or an array of such"},
    {"A", "'a", "!expected a quote at the end of the text"},
    {"A", "'a\\", "!expected a quote at the end of the text"},
    {"A", "'\\u12'", "!expected the number of a character after \\u"},
    {"A", "'\\u0000'", "!expected the number of a character after \\u"},
    {"A", "'\\ud800'", "!expected the number of a character after \\u"},
    {"A", "'a' 'b'", "!expected nothing after the value"},
    {"A", "1 2", "!expected nothing after the value"},
    {"A", "2147483648", "!" NO_TYPE},
    {"A", "-2147483649", "!" NO_TYPE},
    {"A", "1z", "!expected a value of the type double"},
    {"A", "09", "!" NO_TYPE},
    {"A", "0x", "!expected a value of the type double"},
    {"A", "--1", "!expected a value of the type double"},
    {"A", "byte 256", "!expected a value of the type byte"},
    {"A", "byte -1", "!expected a value of the type byte"},
    {"A", "uint64 18446744073709551616", "!expected a value of the type uint64"},
    {"A", "uint64 1.5", "!expected a value of the type uint64"},
    {"A", "uint64 'a'", "!expected a value of the type uint64"},
    {"A", "string 1", "!expected a value of the type string"},
    {"A", "boolean 1", "!expected a value of the type boolean"},
    {"A", "[1, 'a']", "!expected a value of the type int32"},
    {"A", "[uint64 1, int32 2]", "!expected a value of the type uint64"},
    {"A", "['a', true]", "!expected a value of the type string"},
    {"TimeoutStopSec", "'5'", "!expected a number of seconds"},
    {"TimeoutStopSec", "-5", "!expected a number of seconds"},
    {"TimeoutStopSec", "[5]", "!expected a number of seconds"},
    {"TimeoutStopSec", "nan", "!expected a number of seconds"},
    {"TimeoutStopSec", "inf", "!expected a number of seconds"},
    {"TimeoutStopSec", "uint64 18446744073710", "!expected a number of seconds"},
};

static void test_annotations(struct arena *arena)
{
    for (size_t i = 0; i < sizeof(annotations) / sizeof(annotations[0]); i++) {
        const char *value = annotations[i].value, *wanted = annotations[i].result;
        const char *key = arena_printf(arena, "org.systemd.property.%s", annotations[i].name);
        struct spec_pair pairs[] = {{"other", "x"}, {key, value}, {"org.systemd.propertyX", "y"}};
        struct cgroup_properties properties = {.arena = arena};
        struct error error = {0};
        int result = cgroup_add_annotations(&properties, pairs, 3, &error);

        if (wanted[0] == '!') {
            tap_ok(result == -EINVAL && properties.count == 0, "the value %s is refused", value);
            tap_text(
                tap_error(&error),
                arena_printf(arena, "annotations[\"%s\"]: %s, got \"%s\"", key, wanted + 1, value),
                value);
        } else if (tap_ok(result == 0 && properties.count == 1, "the value %s is accepted",
                          value)) {
            tap_text(show(arena, &properties.item[0]), wanted, value);
        } else {
            printf("# %s\n", tap_error(&error));
        }
    }
}

static void test_names(struct arena *arena)
{
    static const char *const bad[] = {"", "A1", "A.B", "A B", "A-B", "\xc3\xa9"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *key = arena_printf(arena, "org.systemd.property.%s", bad[i]);
        struct spec_pair pair = {key, "1"};
        struct cgroup_properties properties = {.arena = arena};
        struct error error = {0};

        tap_ok(cgroup_add_annotations(&properties, &pair, 1, &error) == -EINVAL,
               "the property name %s is refused", key);
        tap_text(tap_error(&error),
                 arena_printf(arena,
                              "annotations[\"%s\"]: expected the name of a property, of "
                              "letters alone, after \"org.systemd.property.\"",
                              key),
                 key);
    }
}

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD
#define ALL CGROUP_DEVICE_ALL
#define ANY CGROUP_DEVICE_ANY
#define DENY_ALL                                                                                   \
    {                                                                                              \
        .type = 'a', .major = ANY, .minor = ANY, .access = ALL                                     \
    }
#define ALLOW(type, major, minor, access)                                                          \
    {                                                                                              \
        NULL, true, type, major, minor, access, 0                                                  \
    }
#define DENY(type, major, minor, access)                                                           \
    {                                                                                              \
        NULL, false, type, major, minor, access, 0                                                 \
    }
#define MAX_RULES 6

static const char proc_devices[] = "Character devices:\n"
                                   "  1 mem\n"
                                   "  4 /dev/vc/0\n"
                                   "  4 tty\n"
                                   " 10 misc\n"
                                   "136 pts\n"
                                   "188 tty\n"
                                   "200 a*b\n"
                                   "\n"
                                   "Block devices:\n"
                                   "  1 ramdisk\n"
                                   "  8 sd\n"
                                   " 65 sd\n"
                                   "259 blkext\n";

/* `list` is the value of DeviceAllow, or NULL if everything is allowed. `unsaid` is the index of
 * the rule that is returned, or -1. */
static const struct {
    const char *name;
    struct cgroup_device_rule rules[MAX_RULES];
    const char *list;
    int unsaid;
} lists[] = {
    {"no rules", {{0}}, NULL, -1},
    {"all denied", {DENY_ALL}, "", -1},
    {"one device", {DENY_ALL, ALLOW('c', 1, 3, ALL)}, "/dev/char/1:3|rwm", -1},
    {"some access", {DENY_ALL, ALLOW('b', 8, 0, R | M)}, "/dev/block/8:0|rm", -1},
    {"a major number", {DENY_ALL, ALLOW('c', 136, ANY, R | W)}, "char-pts|rw", -1},
    {"a block device's", {DENY_ALL, ALLOW('b', 1, ANY, ALL)}, "block-ramdisk|rwm", -1},
    {"a type", {DENY_ALL, ALLOW('c', ANY, ANY, M)}, "char-*|m", -1},
    {"both types", {DENY_ALL, ALLOW('a', ANY, ANY, M)}, "block-*|m|char-*|m", -1},
    {"all allowed again", {DENY_ALL, ALLOW('a', ANY, ANY, ALL)}, NULL, -1},
    {"bit by bit",
     {DENY_ALL, ALLOW('c', ANY, ANY, R), ALLOW('c', ANY, ANY, W | M), ALLOW('b', ANY, ANY, ALL)},
     NULL,
     -1},
    {"a later allow", {DENY_ALL, ALLOW('c', 1, 3, R), ALLOW('c', 1, 3, W)}, "/dev/char/1:3|rw", -1},
    {"a later deny", {DENY_ALL, ALLOW('c', 1, 3, ALL), DENY('c', 1, 3, M)}, "/dev/char/1:3|rw", -1},
    {"a device denied again", {DENY_ALL, ALLOW('c', 1, 3, ALL), DENY('c', 1, ANY, ALL)}, "", -1},
    {"all denied at the end", {ALLOW('c', 1, 3, ALL), DENY_ALL}, "", -1},
    {"a type that stays", {DENY('b', ANY, ANY, ALL)}, "char-*|rwm", -1},
    {"an access denied", {DENY('a', ANY, ANY, M)}, "block-*|rw|char-*|rw", -1},
    {"another access denied",
     {DENY_ALL, ALLOW('c', 1, ANY, R), DENY('c', 1, 3, W)},
     "char-mem|r",
     -1},
    {"one in another", {DENY_ALL, ALLOW('c', 1, ANY, R), ALLOW('c', 1, 3, R)}, "char-mem|r", -1},
    {"access spread",
     {DENY_ALL, ALLOW('c', ANY, ANY, M), ALLOW('c', 1, ANY, R), ALLOW('c', 1, 3, W)},
     "char-*|m|char-mem|rm|/dev/char/1:3|rwm",
     -1},
    {"no access at all", {DENY_ALL, ALLOW('c', 1, 3, 0)}, "", -1},
    {"a hole", {DENY('c', 1, 3, ALL)}, NULL, 0},
    {"a hole in a major number",
     {DENY_ALL, ALLOW('c', 1, ANY, ALL), DENY('c', 1, 3, W)},
     "char-mem|rwm",
     2},
    {"a hole that all are denied after",
     {DENY('c', 1, 3, ALL), DENY_ALL, ALLOW('c', 1, 5, R)},
     "/dev/char/1:5|r",
     -1},
    {"any major number", {DENY_ALL, ALLOW('c', ANY, 3, R)}, "char-*|r", 1},
    {"a major number without name", {DENY_ALL, ALLOW('c', 99, ANY, R)}, "char-*|r", 1},
    {"a major number of the other type", {DENY_ALL, ALLOW('b', 136, ANY, R)}, "block-*|r", 1},
    {"a name that is a pattern", {DENY_ALL, ALLOW('c', 200, ANY, R)}, "char-*|r", 1},
    {"a name that others have",
     {DENY_ALL, ALLOW('c', 1, 3, R), ALLOW('b', 8, ANY, R)},
     "/dev/char/1:3|r|block-sd|r",
     2},
    {"a major number's own name", {DENY_ALL, ALLOW('c', 4, ANY, R)}, "char-/dev/vc/0|r", -1},
};

static void test_list(struct arena *arena, size_t i)
{
    struct cgroup_properties properties = {.arena = arena};
    const char *wanted = lists[i].list;
    size_t count = 0;

    while (count < MAX_RULES && lists[i].rules[count].type != '\0')
        count++;
    const struct cgroup_device_rule *unsaid =
        cgroup_add_device_properties(&properties, lists[i].rules, count, proc_devices);
    tap_ok(unsaid == (lists[i].unsaid < 0 ? NULL : &lists[i].rules[lists[i].unsaid]),
           "%s: which rule systemd cannot express", lists[i].name);
    tap_text(show(arena, &properties.item[0]), "DeviceAllow a(ss) ",
             "the former list is cleared first");
    tap_text(show(arena, &properties.item[1]),
             wanted == NULL ? "DevicePolicy s auto" : "DevicePolicy s strict",
             "DevicePolicy is set");
    if (wanted == NULL || wanted[0] == '\0')
        tap_ok(properties.count == 2, "no DeviceAllow is set");
    else if (tap_ok(properties.count == 3, "DeviceAllow is set"))
        tap_text(show(arena, &properties.item[2]),
                 arena_printf(arena, "DeviceAllow a(ss) %s", wanted), lists[i].name);
}

/* A container with a config that sets nothing. */
static void test_defaults(struct arena *arena)
{
    const struct spec_device_rule none = {.access = "rwm"};
    const struct spec_resources resources = {.devices = &none, .n_devices = 1};
    struct cgroup_properties properties = {.arena = arena};
    size_t count;
    struct cgroup_device_rule *rules = cgroup_compile_device_rules(arena, &resources, &count);

    tap_ok(cgroup_add_device_properties(&properties, rules, count, proc_devices) == NULL,
           "systemd can express the default devices");
    tap_text(show(arena, &properties.item[2]),
             "DeviceAllow a(ss) block-*|m|char-*|m|/dev/char/1:3|rwm|/dev/char/1:5|rwm|"
             "/dev/char/1:7|rwm|/dev/char/1:8|rwm|/dev/char/1:9|rwm|/dev/char/5:0|rwm|"
             "/dev/char/5:2|rwm|char-pts|rwm|/dev/char/10:200|rwm",
             "DeviceAllow has all default devices");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_units(&arena);
    test_annotations(&arena);
    test_names(&arena);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        test_list(&arena, i);
    test_defaults(&arena);
    return tap_end();
}
