/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of criu's RPC: compares the bytes with those of protobuf's own encoder. */
#include <errno.h>

#include "berth/base/arena.h"
#include "criu/wire.h"
#include "tap.h"

static bool is(const struct text *message, const char *bytes, size_t size)
{
    return message->size == size && memcmp(message->bytes, bytes, size) == 0;
}

#define IS(message, bytes) is(message, bytes, sizeof(bytes) - 1)

static void test_requests(struct arena *arena)
{
    struct text number = {.arena = arena}, large = {.arena = arena}, negative = {.arena = arena};
    struct text string = {.arena = arena}, pair = {.arena = arena}, fd = {.arena = arena};

    criu_put_number(&number, CRIU_PID, 300);
    tap_ok(IS(&number, "\x10\xac\x02"), "a number of two bytes is encoded");
    criu_put_number(&large, CRIU_NETWORK_LOCK, 2);
    tap_ok(IS(&large, "\x80\x04\x02"), "a field number above 15 is encoded");
    criu_put_number(&negative, 1, -1);
    tap_ok(IS(&negative, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
           "a negative number is encoded");
    criu_put_string(&string, CRIU_LOG_FILE, "dump.log");
    tap_ok(IS(&string, "\x52\x08"
                       "dump.log"),
           "a string is encoded");
    criu_put_pair(&pair, CRIU_EXT_MNT, "/a", "/b");
    tap_ok(IS(&pair, "\xba\x01\x08\x0a\x02/a\x12\x02/b"), "a pair of strings is encoded");
    criu_put_key_fd(&fd, CRIU_INHERIT_FD, "k", 5);
    tap_ok(IS(&fd, "\xda\x01\x05\x0a\x01k\x10\x05"), "a key with a descriptor is encoded");
}

static void test_answers(struct arena *arena)
{
    static const char notice[] = "\x08\x06\x10\x01\x2a\x15\x0a\x10setup-namespaces\x10\xac\x02";
    static const char failed[] = "\x08\x01\x10\x00\x1a\x02\x08\x01\x38\x10\x4a\x04"
                                 "busy";
    static const char version[] = "\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01";
    struct criu_answer answer;

    tap_ok(criu_read_answer(arena, notice, sizeof(notice) - 1, &answer) == 0 &&
               answer.type == CRIU_NOTIFY && answer.success && answer.pid == 300,
           "a notification is decoded");
    tap_text(answer.script, "setup-namespaces", "the notification has its script");
    tap_ok(criu_read_answer(arena, failed, sizeof(failed) - 1, &answer) == 0 &&
               answer.type == CRIU_DUMP && !answer.success && answer.number == 16,
           "a failure is decoded");
    tap_text(answer.words, "busy", "the failure has its message");
    tap_ok(criu_read_answer(arena, version, sizeof(version) - 1, &answer) == 0 &&
               answer.version == 31701,
           "a version is decoded");
    for (size_t size = 0; size < sizeof(notice) - 1; size++)
        criu_read_answer(arena, notice, size, &answer);
    tap_ok(criu_read_answer(arena, notice, 10, &answer) == -EPROTO,
           "a message that is cut short is refused");
    tap_ok(criu_read_answer(arena, "\x0b", 1, &answer) == -EPROTO,
           "an unknown kind of field is refused");
    tap_ok(criu_read_answer(arena, "\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &answer) ==
               -EPROTO,
           "a size beyond the end is refused");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_requests(&arena);
    test_answers(&arena);
    return tap_end();
}
