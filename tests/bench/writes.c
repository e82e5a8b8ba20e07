/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writes LIST: what a runtime does to cgroups, with nothing around it. A line of LIST is one system
 * call and its words, parted by tabs: "write FILE TEXT", "mkdir DIR", "rmdir DIR". The floor for
 * create, update and delete.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char list[1 << 20];

static int put(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    ssize_t size = write(fd, text, strlen(text));
    close(fd);
    return size < 0 ? -1 : 0;
}

static int carry_out(char *line)
{
    char *word = strsep(&line, "\t");
    char *path = strsep(&line, "\t");

    if (strcmp(word, "write") == 0)
        return put(path, line);
    return strcmp(word, "mkdir") == 0 ? mkdir(path, 0755) : rmdir(path);
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    char *rest = list;

    if (fd < 0 || read(fd, list, sizeof(list) - 1) < 0)
        return 2;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] != '\0' && carry_out(line) < 0) {
            perror(line);
            return 1;
        }
    }
    return 0;
}
