/* SPDX-License-Identifier: Apache-2.0 */
    .section .rodata
    .global init_image_start
    .hidden init_image_start
    .balign 16
init_image_start:
    .incbin IMAGE
    .global init_image_end
    .hidden init_image_end
init_image_end:
    .section .note.GNU-stack, "", %progbits
