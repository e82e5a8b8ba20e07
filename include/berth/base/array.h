/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many items an array has: one that is no pointer. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
