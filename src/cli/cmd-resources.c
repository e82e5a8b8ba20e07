/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume, update: one call each. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/json.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "command.h"

int cli_pause(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    return runtime_pause(options, arguments->operands[0], error);
}

int cli_resume(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    return runtime_resume(options, arguments->operands[0], error);
}

/* --- update ----------------------------------------------------------------------------------- */

enum kind { SIZE, NUMBER, WORDS };

/* The options of update, grouped by section of linux.resources. */
static const struct setting {
    const char *option;
    const char *section;
    const char *property;
    enum kind kind;
    size_t member; /* of struct cli_arguments */
} settings[] = {
#define SETTING(option, section, property, kind, member)                                           \
    {                                                                                              \
        option, section, property, kind, offsetof(struct cli_arguments, member)                    \
    }
    SETTING("memory", "memory", "limit", SIZE, memory),
    SETTING("memory-reservation", "memory", "reservation", SIZE, memory_reservation),
    SETTING("memory-swap", "memory", "swap", SIZE, memory_swap),
    SETTING("kernel-memory", "memory", "kernel", SIZE, kernel_memory),
    SETTING("kernel-memory-tcp", "memory", "kernelTCP", SIZE, kernel_memory_tcp),
    SETTING("cpu-share", "cpu", "shares", NUMBER, cpu_share),
    SETTING("cpu-quota", "cpu", "quota", NUMBER, cpu_quota),
    SETTING("cpu-period", "cpu", "period", NUMBER, cpu_period),
    SETTING("cpu-burst", "cpu", "burst", NUMBER, cpu_burst),
    SETTING("cpu-rt-period", "cpu", "realtimePeriod", NUMBER, cpu_rt_period),
    SETTING("cpu-rt-runtime", "cpu", "realtimeRuntime", NUMBER, cpu_rt_runtime),
    SETTING("cpu-idle", "cpu", "idle", NUMBER, cpu_idle),
    SETTING("cpuset-cpus", "cpu", "cpus", WORDS, cpuset_cpus),
    SETTING("cpuset-mems", "cpu", "mems", WORDS, cpuset_mems),
    SETTING("pids-limit", "pids", "limit", NUMBER, pids_limit),
    SETTING("blkio-weight", "blockIO", "weight", NUMBER, blkio_weight),
};

/* Parses "b", "k", "kb", "kib" and so on, in any case, to a number of bits to shift by. Returns
 * false for any other unit. */
static bool read_unit(const char *unit, unsigned *ret_bits)
{
    static const char letters[] = "kmgtp";
    const char *letter = unit[0] == '\0' ? NULL : strchr(letters, tolower((unsigned char) unit[0]));

    *ret_bits = letter == NULL ? 0 : 10 * (unsigned) (letter - letters + 1);
    unit += letter != NULL;
    if (letter != NULL && tolower((unsigned char) unit[0]) == 'i')
        unit++;
    return unit[0] == '\0' || (tolower((unsigned char) unit[0]) == 'b' && unit[1] == '\0');
}

static int refuse_value(const struct setting *setting, const char *value, const char *words,
                        struct error *error)
{
    return error_at(error, JSON_PATH("linux.resources.%s.%s", setting->section, setting->property),
                    EINVAL, "--%s: %s: \"%s\"", setting->option, words, value);
}

static int read_size(struct arena *arena, const struct setting *setting, const char *value,
                     int64_t *ret_bytes, struct error *error)
{
    size_t digits = strspn(value, "0123456789");
    uint64_t number;
    unsigned bits;

    if (text_equal(value, "-1")) {
        *ret_bytes = -1;
        return 0;
    }
    if (text_to_u64(arena_copy(arena, value, digits), &number) < 0 ||
        !read_unit(value + digits, &bits))
        return refuse_value(setting, value, "neither a size such as 64M nor -1", error);
    if (number > (uint64_t) INT64_MAX >> bits)
        return refuse_value(setting, value, "larger than any memory", error);
    *ret_bytes = (int64_t) (number << bits);
    return 0;
}

static int put_value(struct json *json, const struct setting *setting, const char *value,
                     struct error *error)
{
    int64_t number;

    if (setting->kind == WORDS) {
        json_member(json, setting->property, value);
        return 0;
    }
    if (setting->kind == SIZE)
        TRY(read_size(json->text.arena, setting, value, &number, error));
    else if (text_to_i64(value, &number) < 0)
        return refuse_value(setting, value, "not a number", error);
    json_key(json, setting->property);
    json_i64(json, number);
    return 0;
}

/* Writes the options as linux.resources. */
static int put_settings(struct json *json, const struct cli_arguments *arguments,
                        struct error *error)
{
    const char *section = NULL;

    json_object_open(json);
    for (size_t i = 0; i < COUNT(settings); i++) {
        const char *value = *(const char *const *) ((const char *) arguments + settings[i].member);

        if (value == NULL)
            continue;
        if (section != NULL && !text_equal(section, settings[i].section))
            json_object_close(json);
        if (section == NULL || !text_equal(section, settings[i].section)) {
            section = settings[i].section;
            json_key(json, section);
            json_object_open(json);
        }
        TRY(put_value(json, &settings[i], value, error));
    }
    if (section != NULL)
        json_object_close(json);
    json_object_close(json);
    return 0;
}

static int refuse_settings(const struct cli_arguments *arguments, struct error *error)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        if (*(const char *const *) ((const char *) arguments + settings[i].member) != NULL)
            return error_set(error, EINVAL, "--%s cannot be given with --resources",
                             settings[i].option);
    return 0;
}

static bool has_settings(const struct cli_arguments *arguments)
{
    for (size_t i = 0; i < COUNT(settings); i++)
        if (*(const char *const *) ((const char *) arguments + settings[i].member) != NULL)
            return true;
    return false;
}

int cli_update(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    AUTO_ARENA arena = {0};
    bool only_rdt = arguments->l3_cache_schema != NULL || arguments->mem_bw_schema != NULL;
    struct runtime_update request = {
        .id = arguments->operands[0],
        .l3_cache_schema = arguments->l3_cache_schema,
        .mem_bw_schema = arguments->mem_bw_schema,
    };
    struct text text = {.arena = &arena};
    struct json json;

    if (arguments->resources != NULL) {
        TRY(refuse_settings(arguments, error));
        TRY(cli_read_file("resources", arguments->resources, &text, error));
        request.resources = text.bytes;
        request.size = text.size;
        request.name = cli_name_file(arguments->resources);
    } else if (has_settings(arguments) || !only_rdt) {
        if (!has_settings(arguments))
            log_warning("update: no limit was given, so nothing changes (see berth update --help)");
        json_start(&json, &arena, false);
        TRY(put_settings(&json, arguments, error));
        request.resources = json.text.bytes;
        request.size = json.text.size;
    }
    return runtime_update(options, &request, error);
}
