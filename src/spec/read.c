/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "reader.h"

/* Memory for yajl. The size is stored in front because realloc has to know how much to copy. */
union block {
    size_t size;
    max_align_t align;
};

static void *block_alloc(void *arena, size_t size)
{
    if (size > SIZE_MAX - sizeof(union block))
        abort();
    union block *block = arena_alloc(arena, sizeof(*block) + size);
    block->size = size;
    return block + 1;
}

static void *block_realloc(void *arena, void *old, size_t size)
{
    void *larger = block_alloc(arena, size);

    if (old != NULL) {
        size_t old_size = ((union block *) old - 1)->size;

        memcpy(larger, old, old_size < size ? old_size : size);
    }
    return larger;
}

static void block_free(void *arena, void *block)
{
    (void) arena;
    (void) block;
}

static bool is_one_of(char byte, const char *bytes)
{
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

/* Returns the offset at which the text stops being JSON. yajl's position is past a token that does
 * not fit, at the byte that breaks a token, and past a byte that starts no token or is not UTF-8.
 * For an error that yajl reports only at the end, only the start of the token is known. */
static size_t place_of_syntax_fault(struct reader *reader, const char *words, bool at_end)
{
    size_t end = yajl_get_bytes_consumed(reader->handle);

    if (strstr(words, "premature EOF") != NULL)
        return reader->size;
    reader_note_token(reader);
    if (at_end || end == 0)
        return reader->token;
    if (strstr(words, "invalid char in json") != NULL || strstr(words, "UTF8") != NULL)
        return end - 1;
    if (text_starts_with(words, "lexical"))
        return end;
    if (is_one_of(reader->bytes[end - 1], "{}[],:"))
        return end - 1;
    return reader->token;
}

/* What to do about it; NULL: the words say it. */
static const char *hint_at_syntax(const struct reader *reader, const char *words, size_t at)
{
    size_t before = at;

    while (before > 0 && is_one_of(reader->bytes[before - 1], " \t\r\n"))
        before--;
    if (strstr(words, "premature EOF") != NULL)
        return before == 0 ? "the text is empty" : "the end of the text is missing";
    if (before > 0 && reader->bytes[before - 1] == ',' && at < reader->size &&
        is_one_of(reader->bytes[at], ",}]"))
        return "remove the comma before it";
    return NULL;
}

static void report_syntax_error(struct reader *reader, bool at_end)
{
    /* such as "parse error: premature EOF\n" */
    char *words = (char *) yajl_get_error(reader->handle, 0, NULL, 0);
    char *reason = strstr(words, "error: ");
    size_t at = place_of_syntax_fault(reader, words, at_end);

    reason = reason == NULL ? words : reason + strlen("error: ");
    reason[strcspn(reason, "\n")] = '\0';
    /* Text that the caller has made has no line number: say where it comes from. */
    const char *path = reader->name == NULL && reader->place != NULL ? reader->place : "";
    const struct finding finding = {
        .path = path,
        .cause = arena_printf(reader->arena, "broken JSON: %s", reason),
        .hint = hint_at_syntax(reader, words, at),
    };
    reader_add_finding(reader, at, &finding);
}

static void parse(struct reader *reader)
{
    AUTO_ARENA own = {0};
    yajl_alloc_funcs memory = {block_alloc, block_realloc, block_free, &own};
    const unsigned char *bytes = (const unsigned char *) reader->bytes;

    reader->handle = yajl_alloc(&reader_events, &memory, reader);
    yajl_status status = yajl_parse(reader->handle, bytes, reader->size);
    bool at_end = status == yajl_status_ok;
    if (at_end)
        status = yajl_complete_parse(reader->handle);
    reader->broken = status != yajl_status_ok;
    if (status == yajl_status_error)
        report_syntax_error(reader, at_end);
    yajl_free(reader->handle);
}

/* Treats the document as the only member of an enclosing object. */
static void read_into(struct reader *reader, void *object)
{
    const struct spec_type around = {&reader->document, 1, 0};

    reader->at_fault.arena = reader->arena;
    reader->top = reader->frames;
    *reader->top = (struct frame){.type = &around, .property = &reader->document, .object = object};
    parse(reader);
}

int reader_read_document(struct reader *reader, const struct spec_type *type,
                         const void **ret_document)
{
    reader->document = (struct spec_property){
        .name = "", .kind = SPEC_KIND_OBJECT, .shape = SPEC_SHAPE_ONE, .type = type};
    read_into(reader, &reader->root);
    *ret_document = reader->broken || reader->frames[0].at_fault != 0 ? NULL : reader->root;
    return reader->faults == 0 ? 0 : -EINVAL;
}

static int read_landlock(struct reader *around, const char *text,
                         const struct spec_landlock **ret_landlock)
{
    struct reader reader = {.arena = around->arena,
                            .place = SPEC_LANDLOCK_PATH,
                            .bytes = text,
                            .size = strlen(text),
                            .error = around->error,
                            .strict = true};
    const void *landlock;

    TRY(reader_read_document(&reader, &spec_type_landlock, &landlock));
    *ret_landlock = landlock;
    return 0;
}

int reader_read_config(struct reader *reader, const struct spec_config **ret_config)
{
    struct spec_annotations *annotations = ARENA_NEW(reader->arena, struct spec_annotations);
    const void *document;
    int result = reader_read_document(reader, &spec_type_config, &document);
    struct spec_config *config = (void *) document;
    const char *landlock = config != NULL ? spec_annotation(config, SPEC_LANDLOCK) : NULL;
    const char *pod = config != NULL ? spec_annotation(config, SPEC_POD) : NULL;

    annotations->pod = pod;
    annotations->is_pod = pod != NULL && text_equal(pod, SPEC_POD_NAMESPACES);
    if (config != NULL)
        config->parsed = annotations;
    *ret_config = config;
    /* A value that is no string has its error, and has been read as an empty one. */
    bool is_text = landlock != NULL && (landlock[0] != '\0' || reader->faults == 0);
    if (is_text && read_landlock(reader, landlock, &annotations->landlock) < 0)
        return -EINVAL;
    return result;
}

bool spec_is_pod(const struct spec_config *config)
{
    return config->parsed != NULL && config->parsed->is_pod;
}

int spec_read_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = "config.json", .bytes = bytes, .size = size, .error = error};
    const struct spec_config *config;

    TRY(reader_read_config(&reader, &config));
    *ret_config = spec_settle(arena, config);
    return 0;
}

int spec_read_state(struct arena *arena, const char *bytes, size_t size,
                    const struct spec_state **ret_state, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = "state.json", .bytes = bytes, .size = size, .error = error};
    const void *state;

    TRY(reader_read_document(&reader, &spec_type_state, &state));
    *ret_state = state;
    return 0;
}

int spec_read_features(struct arena *arena, const char *bytes, size_t size,
                       const struct spec_features **ret_features, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = "features.json", .bytes = bytes, .size = size, .error = error};
    const void *features;

    TRY(reader_read_document(&reader, &spec_type_features, &features));
    *ret_features = features;
    return 0;
}

int spec_read_process(struct arena *arena, const char *name, const struct spec_text *text,
                      const struct spec_process **ret_process, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = name, .bytes = text->bytes, .size = text->size, .error = error};
    const void *process;

    TRY(reader_read_document(&reader, &spec_type_process, &process));
    *ret_process = process;
    return 0;
}

int spec_read_resources(struct arena *arena, const char *name, const struct spec_text *text,
                        const struct spec_resources **ret_resources, struct error *error)
{
    struct reader reader = {.arena = arena,
                            .name = name,
                            .place = "linux.resources",
                            .bytes = text->bytes,
                            .size = text->size,
                            .error = error,
                            .any_case = true};
    const void *resources;

    TRY(reader_read_document(&reader, &spec_type_resources, &resources));
    *ret_resources = spec_settle_resources(arena, resources);
    return 0;
}

int spec_read_seccomp(struct arena *arena, const char *name, const struct spec_text *text,
                      const struct spec_seccomp **ret_seccomp, struct error *error)
{
    struct reader reader = {.arena = arena,
                            .name = name,
                            .bytes = text->bytes,
                            .size = text->size,
                            .error = error,
                            .strict = true};
    const void *seccomp;

    TRY(reader_read_document(&reader, &spec_type_seccomp, &seccomp));
    *ret_seccomp = seccomp;
    return 0;
}

const char *spec_hook_name(size_t index)
{
    return index < spec_type_hooks.count ? spec_type_hooks.properties[index].name : NULL;
}

int spec_read_record(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_record **ret_record, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = "state.json", .bytes = bytes, .size = size, .error = error};
    const void *record;

    TRY(reader_read_document(&reader, &spec_type_record, &record));
    *ret_record = record;
    return 0;
}

/* Returns whether the text starts like an object. */
static bool is_object(const char *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != '\0')
        at++;
    return at < size && bytes[at] == '{';
}

int spec_read_mounts(struct arena *arena, const char *name, const struct spec_text *text,
                     const struct spec_mounts **ret_mounts, struct error *error)
{
    struct reader reader = {
        .arena = arena, .name = name, .bytes = text->bytes, .size = text->size, .error = error};
    struct spec_mounts *list = ARENA_NEW(arena, struct spec_mounts);
    const void *document = list;

    if (is_object(text->bytes, text->size)) {
        TRY(reader_read_document(&reader, &spec_type_mounts, &document));
    } else {
        reader.place = "mounts";
        reader.document = spec_type_mounts.properties[0];
        reader.document.name = "";
        read_into(&reader, list);
        if (reader.faults > 0)
            return -EINVAL;
    }
    *ret_mounts = document;
    return 0;
}
