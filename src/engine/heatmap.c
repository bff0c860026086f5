/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawing an explanation over its picture. Orange and blue are told apart with every common kind of colour blindness, and
 * grey between them is neither; that is why the picture loses its own colours. Cells keep their edges: a smooth map would
 * pretend to know more than the grid does.
 */
#include <math.h>

#include "engine/explanation.h"
#include "engine/occlude.h"

#define DEFAULT_SIDE 1024
#define MOST_SIDE 4096
#define CHANNELS 3

/* How much of a pixel the strongest cell's colour takes; the picture stays to be seen. */
#define STRONGEST 0.75f

/* Grey of the picture: from here to white. */
#define DARKEST 0.25f

static const float carries[CHANNELS] = {230, 97, 0};   /* orange */
static const float against[CHANNELS] = {26, 100, 220}; /* blue */

static int scaled(int length, int longest, int side)
{
    double size = rint((double)length * side / longest);
    return size < 1 ? 1 : (int)size;
}

static tuwen_status shrink(tw_picture *picture, int side, tuwen_error *error)
{
    int longest = picture->width > picture->height ? picture->width : picture->height;
    if (longest <= side)
        return TUWEN_OK;
    tw_picture small;
    tuwen_status status = tw_picture_resize(picture, scaled(picture->width, longest, side),
                                            scaled(picture->height, longest, side), &small, error);
    if (status == TUWEN_OK) {
        tw_picture_free(picture);
        *picture = small;
    }
    return status;
}

/* The value of a cell that has the full colour: the strongest, or more if the effect of its block is less than `full`. */
static float full_cell(const tuwen_explanation *of, float full)
{
    int strongest = 0;
    for (int i = 1; i < of->rows * of->columns; i++)
        if (fabsf(of->cells[i]) > fabsf(of->cells[strongest]))
            strongest = i;
    return fmaxf(fabsf(of->cells[strongest]), full / (float)of->block_cells[strongest]);
}

static float pale_grey(const uint8_t *pixel)
{
    float luma = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]; /* of ITU-R BT.601 */
    return 255 * DARKEST + luma * (1 - DARKEST);
}

/* Whether the cells on both sides of a border between strongest and others are to be told apart by a line. */
static bool is_strongest(const tuwen_explanation *of, int row, int column, float most)
{
    return row >= 0 && row < of->rows && column >= 0 && column < of->columns && most > 0 &&
           of->cells[row * of->columns + column] >= most;
}

/* Whether a pixel lies within `line` pixels inside the outline of the strongest cells. */
static bool on_frame(const tuwen_explanation *of, const tw_picture *picture, int x, int y, int line, float most)
{
    int column = x * of->columns / picture->width, row = y * of->rows / picture->height;
    if (!is_strongest(of, row, column, most))
        return false;
    for (int down = -1; down <= 1; down++)
        for (int right = -1; right <= 1; right++) {
            int near_x = x + right * line, near_y = y + down * line;
            bool outside = near_x < 0 || near_y < 0 || near_x >= picture->width || near_y >= picture->height;
            if (outside ||
                !is_strongest(of, near_y * of->rows / picture->height, near_x * of->columns / picture->width, most))
                return true;
        }
    return false;
}

static void paint(const tuwen_explanation *of, float full, tw_picture *picture)
{
    float most = full_cell(of, full), top = 0;
    for (int i = 0; i < of->rows * of->columns; i++)
        top = fmaxf(top, of->cells[i]);
    int longest = picture->width > picture->height ? picture->width : picture->height;
    int line = longest / 256 + 1;
    uint8_t *pixel = picture->rgb;
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++, pixel += CHANNELS) {
            float value = of->cells[y * of->rows / picture->height * of->columns + x * of->columns / picture->width];
            const float *colour = value < 0 ? against : carries;
            float grey = pale_grey(pixel), part = most > 0 ? STRONGEST * fabsf(value) / most : 0;
            bool frame = on_frame(of, picture, x, y, line, top);
            for (int i = 0; i < CHANNELS; i++)
                pixel[i] = frame ? 0 : (uint8_t)lrintf(grey + (colour[i] - grey) * part);
        }
}

tuwen_status tuwen_explanation_draw(const tuwen_session *session, tuwen_explanation *explanation,
                                    const tuwen_input *input, int side, float full, const void **png,
                                    size_t *png_size, tuwen_error *error)
{
    if (!session || !explanation || !input || !input->picture || !png || !png_size)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "an argument");
    *png = NULL;
    *png_size = 0;
    if (side < 0 || side > MOST_SIDE)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "a side of %d pixels: allowed are 1 to %d", side, MOST_SIDE);
    if (!(full >= 0 && full <= 2))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "an effect of %g for the full colour: allowed are 0 to 2",
                       (double)full);
    if (!explanation->cells)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "the explanation has no regions");
    tw_bytes *bytes = &((tw_explanation *)explanation)->png;
    tw_picture picture = {0};
    bytes->length = 0;
    tuwen_status status = tw_prepare_picture(tw_session_preparer(session), input, &picture, error);
    if (status == TUWEN_OK &&
        (picture.width != explanation->picture_width || picture.height != explanation->picture_height))
        status = tw_fail(error, TUWEN_INVALID_ARGUMENT, "the explanation is of a picture of %dx%d pixels, not %dx%d",
                         explanation->picture_width, explanation->picture_height, picture.width, picture.height);
    if (status == TUWEN_OK)
        status = shrink(&picture, side == 0 ? DEFAULT_SIDE : side, error);
    if (status == TUWEN_OK) {
        paint(explanation, full, &picture);
        status = tw_picture_to_png(&picture, "tuwen explain", bytes, error);
    }
    tw_picture_free(&picture);
    if (status == TUWEN_OK) {
        *png = bytes->data;
        *png_size = bytes->length;
    }
    return status;
}
