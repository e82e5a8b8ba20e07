/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a container as JSON. schemas/record.json describes it, and spec_read_record reads
 * it. */
#pragma once

struct json;
struct spec_record;

void record_write(struct json *json, const struct spec_record *record);
