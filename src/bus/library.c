/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "berth/base/array.h"

#define FUNCTION_ROW(function) {#function, offsetof(struct library, function)},

static const struct {
    const char *name;
    size_t offset;
} functions[] = {LIBRARY_FUNCTIONS(FUNCTION_ROW)};

const char *library_load(struct library *ret_library)
{
    void *handle = dlopen(LIBRARY_NAME, RTLD_LAZY | RTLD_LOCAL);

    if (handle == NULL)
        return dlerror();
    for (size_t i = 0; i < COUNT(functions); i++) {
        void *address = dlsym(handle, functions[i].name);

        if (address == NULL)
            return dlerror();
        memcpy((char *) ret_library + functions[i].offset, &address, sizeof(address));
    }
    return NULL;
}
