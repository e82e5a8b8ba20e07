/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The number of items in an array (not a pointer). */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
