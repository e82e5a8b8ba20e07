/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter.h"

#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"
#include "berth/sys/path.h"

#define LINE_MOST 256 /* the kernel looks no further (BINPRM_BUF_SIZE) */

/* Text `index` of the plan's first step of the kind `op`, or NULL. */
static const char *text_of(const struct plan_header *plan, enum plan_op op, int index)
{
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (plan_steps(plan)[i].op == op)
            return plan_text(plan, plan_steps(plan)[i].text[index]);
    return NULL;
}

static const char *read_first_line(struct arena *arena, const char *root, const char *path)
{
    char line[LINE_MOST + 1];

    AUTO_FD fd = sys_open_in_root(root, path);
    ssize_t size = fd < 0 ? -1 : fd_read_all(fd, line, LINE_MOST);
    if (size < 2 || line[0] != '#' || line[1] != '!')
        return NULL;
    line[size] = '\0';
    const char *name = line + 2 + strspn(line + 2, " \t");
    return arena_copy(arena, name, strcspn(name, " \t\r\n"));
}

/* The directories in which the program was looked for. */
static const char *search(struct arena *arena, const char *root, const char *path,
                          const char *program)
{
    const char *found = NULL;

    while (path != NULL && *path != '\0' && found == NULL) {
        size_t length = strcspn(path, ":");
        const char *dir = arena_copy(arena, path, length);

        found = read_first_line(arena, root, text_path_join(arena, dir, program));
        path += length + (path[length] == ':');
    }
    return found;
}

const char *interpreter_of_program(struct arena *arena, const struct plan_header *plan)
{
    const char *root = text_of(plan, PLAN_OPEN_ROOT, 0);
    const char *cwd = text_of(plan, PLAN_SET_CWD, 0);
    const char *program = text_of(plan, PLAN_FIND_PROGRAM, 0);

    if (root == NULL || program == NULL)
        return NULL;
    if (strchr(program, '/') != NULL)
        return read_first_line(arena, root,
                               text_path_join(arena, cwd == NULL ? "/" : cwd, program));
    return search(arena, root, text_of(plan, PLAN_FIND_PROGRAM, 1), program);
}
