/* SPDX-License-Identifier: Apache-2.0 */
/* A program within this one: the file IMAGE between the symbols START and END. */
    .section .rodata
    .global START
    .hidden START
    .balign 16
START:
    .incbin IMAGE
    .global END
    .hidden END
END:
    .section .note.GNU-stack, "", %progbits
