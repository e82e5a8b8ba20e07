/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/init/image.h"

extern const unsigned char init_image_start[], init_image_end[]; /* ../image.S */

const void *init_image(size_t *ret_size)
{
    *ret_size = (size_t) (init_image_end - init_image_start);
    return init_image_start;
}
