/* SPDX-License-Identifier: Apache-2.0 */
/* process.env: each variable once, with its last value, and the variables that the runtime sets. */
#include <string.h>

#include "berth/base/text.h"
#include "builder.h"

/* Hash table of variables by name: open addressing, at most half full. */
struct environment {
    struct text_list *list;
    size_t *place; /* index in the list + 1; 0: free */
    size_t size;   /* a power of 2 */
};

static size_t hash(const char *variable)
{
    size_t value = 5381;

    for (; *variable != '=' && *variable != '\0'; variable++)
        value = value * 33 + (unsigned char) *variable;
    return value;
}

static bool same_variable(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");

    return strncmp(a, b, length) == 0 && (b[length] == '=' || b[length] == '\0');
}

/* Adds a variable, or replaces one of the same name. */
static void put_variable(struct environment *env, const char *variable)
{
    size_t at = hash(variable) & (env->size - 1);

    for (; env->place[at] != 0; at = (at + 1) & (env->size - 1)) {
        if (!same_variable(variable, env->list->item[env->place[at] - 1]))
            continue;
        env->list->item[env->place[at] - 1] = (char *) variable;
        return;
    }
    text_list_add(env->list, variable);
    env->place[at] = env->list->count;
}

const char *plan_find_variable(const struct text_list *env, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->item[i], name, length) == 0 && env->item[i][length] == '=')
            return env->item[i] + length + 1;
    return NULL;
}

/* An empty HOME counts as unset: FIND_HOME sets it, as in runc and crun. */
static void drop_empty_home(struct text_list *env)
{
    size_t kept = 0;

    for (size_t i = 0; i < env->count; i++)
        if (!text_equal(env->item[i], "HOME="))
            env->item[kept++] = env->item[i];
    env->count = kept;
}

void plan_make_environment(struct plan_builder *builder, struct text_list *list)
{
    const struct spec_process *process = builder->config->process;
    const struct plan_request *request = builder->request;
    struct environment env = {.list = list, .size = 16};

    while (env.size < 2 * (process->n_env + 4))
        env.size *= 2;
    env.place = ARENA_ARRAY(builder->arena, env.size, size_t);
    for (size_t i = 0; i < process->n_env; i++)
        put_variable(&env, process->env[i]);
    if (request->listen_fds > 0) {
        put_variable(&env, arena_printf(builder->arena, "LISTEN_FDS=%u", request->listen_fds));
        put_variable(&env, "LISTEN_PID=1");
    }
    if (request->notify_dir != NULL)
        put_variable(&env, "NOTIFY_SOCKET=" PLAN_NOTIFY_DIR "/notify.sock");
    drop_empty_home(list);
}
