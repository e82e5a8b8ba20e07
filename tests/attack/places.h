/* SPDX-License-Identifier: Apache-2.0 */
/* Which place of a program a system call comes from: tests/attack/injector.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "paths.h"

#define MAX_TEXTS 32
#define STACK_PAGES 16
#define PAGE 4096UL

/* The files that a process can execute: its program and its libraries. */
struct text {
    uint64_t begin;
    uint64_t end;
};

static uint64_t add_to_hash(uint64_t hash, const void *data, size_t size)
{
    for (const unsigned char *at = data; size > 0; at++, size--)
        hash = (hash ^ *at) * 0x100000001b3;
    return hash;
}

static int read_texts(pid_t pid, struct text texts[MAX_TEXTS])
{
    char path[64], line[2 * PATH_MAX];
    unsigned long begin, end;
    int n = 0;

    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (n < MAX_TEXTS && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "%lx-%lx r-x", &begin, &end) == 2 && strstr(line, " r-xp ") != NULL &&
            strchr(line, '/') != NULL)
            texts[n++] = (struct text){begin, end};
    fclose(file);
    return n;
}

/* A page that is not there is none; the rest of the stack ends there. */
static size_t read_stack(pid_t pid, uint64_t address, uint64_t words[STACK_PAGES * PAGE / 8])
{
    struct iovec there[STACK_PAGES];
    struct iovec here = {words, 0};

    address &= ~7UL;
    for (size_t i = 0; i < STACK_PAGES; i++) {
        there[i].iov_base = (void *) (uintptr_t) address;
        there[i].iov_len = PAGE - address % PAGE;
        here.iov_len += there[i].iov_len;
        address += there[i].iov_len;
    }
    ssize_t n = process_vm_readv(pid, &here, 1, there, STACK_PAGES, 0);
    return n < 0 ? 0 : (size_t) n / 8;
}

/* An instruction that calls ends right before it: with an offset, a register, or a pointer. */
static bool follows_call(pid_t pid, uint64_t address)
{
    unsigned char code[7];
    struct iovec here = {code, sizeof(code)};
    struct iovec there = {(void *) (uintptr_t) (address - sizeof(code)), sizeof(code)};

    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(code))
        return false;
    if (code[2] == 0xe8)
        return true;
    for (size_t length = 2; length <= 7; length++)
        if (length != 5 && code[7 - length] == 0xff && (code[8 - length] >> 3 & 7) == 2)
            return true;
    return false;
}

/* Each text begins at another address in each run. */
static uint64_t add_address(uint64_t hash, const struct text *texts, int n, uint64_t address)
{
    for (int i = 0; i < n; i++) {
        const uint64_t offset[] = {(uint64_t) i, address - texts[i].begin};
        if (address >= texts[i].begin && address < texts[i].end)
            return add_to_hash(hash, offset, sizeof(offset));
    }
    return hash;
}

/* What it is about: its paths, or what the descriptor that is its first argument leads to. */
static uint64_t add_subject(uint64_t hash, pid_t pid, const struct __ptrace_syscall_info *info)
{
    static const char *const no_folders[] = {NULL};
    char path[2 * PATH_MAX], link[64];
    size_t at = 0;
    bool has_path = false;

    for (; next_path(pid, info, no_folders, &at, path); has_path = true)
        hash = add_to_hash(hash, path, strlen(path) + 1);
    if (has_path)
        return hash;
    snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, (int) info->entry.args[0]);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n < 0 ? 0 : n] = '\0';
    fold_numbers(path);
    return add_to_hash(hash, path, strlen(path) + 1);
}

/* A hash of where a call comes from and what it is about: the instruction, all on the stack that
 * can be an address to return to, and its subject. Words that earlier calls have left on the stack
 * may be among these: one place is then taken for two, but never two for one. */
static uint64_t place_of_call(pid_t pid, const struct __ptrace_syscall_info *info)
{
    static uint64_t words[STACK_PAGES * PAGE / 8];
    struct text texts[MAX_TEXTS];
    const int n_texts = read_texts(pid, texts);
    const size_t n = read_stack(pid, info->stack_pointer, words);
    uint64_t hash = add_address(0xcbf29ce484222325, texts, n_texts, info->instruction_pointer);

    for (size_t i = 0; i < n; i++) {
        const uint64_t with = add_address(hash, texts, n_texts, words[i]);
        if (with != hash && follows_call(pid, words[i]))
            hash = with;
    }
    return add_subject(hash, pid, info);
}
