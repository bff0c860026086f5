/* SPDX-License-Identifier: Apache-2.0 */
/* Covering cells of a prepared picture. */
#include "engine/occlude.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum { CHANNELS = 3 };

/* The mean of a channel over all patches, [patch][channel][frame][y][x]; a frame is there several times, which does not
 * change the mean. */
static double channel_mean(const tw_patches *patches, int channel)
{
    size_t count = (size_t)patches->grid_h * (size_t)patches->grid_w;
    size_t length = (size_t)patches->length, plane = length / CHANNELS;
    double sum = 0;
    for (size_t patch = 0; patch < count; patch++) {
        const float *values = patches->values + patch * length + (size_t)channel * plane;
        for (size_t i = 0; i < plane; i++)
            sum += values[i];
    }
    return sum / (double)(count * plane);
}

/* The value that a byte of the mean's colour has after normalisation, by the arithmetic of image/patches.c. */
static float cover_value(const tw_patch_config *config, int channel, double mean)
{
    double byte = rint((mean * config->std[channel] + config->mean[channel]) * 255);
    byte = byte < 0 ? 0 : byte > 255 ? 255 : byte;
    float scaled = (float)(byte * (1.0 / 255));
    return (scaled - config->mean[channel]) / config->std[channel];
}

static void fill_cover(const tw_preparer *preparer, tw_occlusion *occlusion)
{
    const tw_patches *patches = &occlusion->base.patches;
    size_t plane = (size_t)patches->length / CHANNELS;
    float values[CHANNELS];
    for (int channel = 0; channel < CHANNELS; channel++)
        values[channel] = cover_value(&preparer->patch_config, channel, channel_mean(patches, channel));
    for (size_t i = 0; i < occlusion->cell_floats; i++)
        occlusion->cover[i] = values[i / plane % CHANNELS];
}

tuwen_status tw_occlusion_open(const tw_preparer *preparer, const tuwen_input *input, tw_occlusion *occlusion,
                               tuwen_error *error)
{
    *occlusion = (tw_occlusion){0};
    tw_prepared *base = &occlusion->base;
    tw_prepare(preparer, input, base);
    if (base->status != TUWEN_OK) {
        if (error)
            *error = base->error;
        return base->status;
    }
    int merge = preparer->patch_config.merge_size;
    occlusion->rows = base->patches.grid_h / merge;
    occlusion->columns = base->patches.grid_w / merge;
    occlusion->cell_floats = (size_t)(merge * merge) * (size_t)base->patches.length;
    occlusion->cover = tw_alloc(occlusion->cell_floats, sizeof *occlusion->cover);
    if (!occlusion->cover)
        return tw_fail_memory(error, "a picture");
    fill_cover(preparer, occlusion);
    return TUWEN_OK;
}

void tw_occlusion_free(tw_occlusion *occlusion)
{
    tw_prepared_free(&occlusion->base);
    tw_free(occlusion->cover);
    *occlusion = (tw_occlusion){0};
}

void tw_occlusion_prepare(const tw_occlusion *occlusion, size_t index, tw_prepared *prepared)
{
    size_t cells = (size_t)occlusion->rows * (size_t)occlusion->columns, floats = occlusion->cell_floats;
    const uint8_t *mask = occlusion->masks + index * cells;
    tw_prepared_copy(&occlusion->base, prepared);
    for (size_t cell = 0; cell < cells && prepared->status == TUWEN_OK; cell++)
        if (mask[cell])
            memcpy(prepared->patches.values + cell * floats, occlusion->cover, floats * sizeof(float));
}
