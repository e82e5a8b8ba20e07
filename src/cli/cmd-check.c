/* SPDX-License-Identifier: Apache-2.0 */
/* check: what is found is the result, on stdout; the exit status says whether create would fail. */
#include <errno.h>

#include "berth/base/finding.h"
#include "berth/base/json.h"
#include "berth/base/text.h"
#include "command.h"

static int read_format(const struct cli_arguments *arguments, bool *ret_json, struct error *error)
{
    const char *format = arguments->format != NULL ? arguments->format : "text";

    *ret_json = text_equal(format, "json");
    if (!*ret_json && !text_equal(format, "text"))
        return error_set(error, EINVAL, "--format is text or json, not \"%s\"", format);
    return 0;
}

int cli_check(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    AUTO_ARENA arena = {0};
    struct findings findings = {.arena = &arena};
    struct runtime_create request = {.bundle = arguments->bundle, .config_file = arguments->config};
    const char *bundle = arguments->bundle != NULL ? arguments->bundle : "";
    const char *file = arguments->config != NULL ? arguments->config : "config.json";
    struct json json;
    bool as_json;

    TRY(read_format(arguments, &as_json, error));
    runtime_check(options, &request, &findings);
    json_start(&json, &arena, as_json);
    if (as_json) {
        findings_write_json(&findings, &json);
        text_add(&json.text, "\n");
    } else {
        findings_print(&findings, bundle[0] == '\0' ? file : text_path_join(&arena, bundle, file),
                       &json.text);
    }
    TRY(cli_print(&json.text, error));
    return findings_have_error(&findings) ? 1 : 0;
}
