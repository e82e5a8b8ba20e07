/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "session.h"

#define SYSTEM_MANAGER "unix:path=/run/systemd/private"
#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

/* Escapes bytes that an address cannot contain as %XX (D-Bus specification, Server Addresses). */
static const char *address_of(struct arena *arena, const char *dir, const char *name)
{
    struct text address = {.arena = arena};

    text_add(&address, "unix:path=");
    for (const char *at = text_path_join(arena, dir, name); *at != '\0'; at++)
        text_addf(&address,
                  isalnum((unsigned char) *at) || strchr("-_/.\\*", *at) ? "%c" : "%%%02x",
                  (unsigned char) *at);
    return address.bytes;
}

static size_t find_user(struct arena *arena, struct bus_address ret_addresses[BUS_ADDRESSES])
{
    const char *dir = text_environment("XDG_RUNTIME_DIR");
    const char *bus = text_environment("DBUS_SESSION_BUS_ADDRESS");

    if (dir == NULL)
        dir = arena_printf(arena, "/run/user/%u", geteuid());
    ret_addresses[0] = (struct bus_address){address_of(arena, dir, "systemd/private"), true};
    ret_addresses[1] =
        (struct bus_address){bus != NULL ? bus : address_of(arena, dir, "bus"), false};
    return 2;
}

size_t bus_find_addresses(struct arena *arena, bool user,
                          struct bus_address ret_addresses[BUS_ADDRESSES])
{
    const char *bus = text_environment("DBUS_SYSTEM_BUS_ADDRESS");

    if (user)
        return find_user(arena, ret_addresses);
    /* Nobody sets this variable by accident. */
    if (bus != NULL) {
        ret_addresses[0] = (struct bus_address){bus, false};
        return 1;
    }
    ret_addresses[0] = (struct bus_address){SYSTEM_MANAGER, true};
    ret_addresses[1] = (struct bus_address){SYSTEM_BUS, false};
    return 2;
}
