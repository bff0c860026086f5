/* SPDX-License-Identifier: Apache-2.0 */
/* The sample inputs: texts as a list, pictures drawn by formulas into BMP files. */
#include "engine/samples.h"

#include <string.h>

#include "base/memory.h"

/* A third of them, from each kind, is given with the instruction. */
static const char *const texts[TW_SAMPLE_TEXTS] = {
    "a dog",
    "猫",
    "red running shoes for men, size 42",
    "一只狗在沙滩上奔跑",
    "The quick brown fox jumps over the lazy dog while two children watch from behind a wooden fence.",
    "秋日的公园里，一位老人坐在长椅上看报纸，身旁放着一把黑色的雨伞。",
    "stainless steel kitchen knife",
    "手机壳 防摔 透明",
    "What is the tallest building in the world, and when was it finished?",
    "如何更换自行车的内胎？",
    "sunset over the sea",
    "蓝色连衣裙",
    ("A bar chart that compares the monthly sales of three shops over the course of one year; the second shop is "
     "ahead in every month but June, and the values are written above the bars in a small grey font."),
    ("这张照片拍摄于清晨的山顶，云海在脚下翻滚，远处的太阳刚刚升起，把天空染成了橙红色，几位登山者正举着相机拍照，"
     "他们的影子被拉得很长，旁边的帐篷还沾着夜里的露水。"),
    "1234567890",
    "!?",
    "int main(void) { return 0; }",
    "电影海报，上面写着 \"The Last Train\" 和上映日期 2024-05-01",
    "two cats sleeping on a sofa next to a laptop",
    "厨房里的不锈钢水槽",
    ("Vitamin C is needed for the growth and repair of tissues in all parts of the body. It is an antioxidant, and "
     "it "
     "helps "
     "the body to absorb iron. Because the body does not store it, it must be taken regularly, with fruit or "
     "vegetables "
     "such as oranges, strawberries, tomatoes, broccoli and peppers."),
    ("维生素C是人体必需的营养素，参与胶原蛋白的合成，帮助伤口愈合，并能促进铁的吸收。人体无法自行合成，因此需要每天从"
     "新鲜的"
     "水果和蔬菜中获取，例如橙子、草莓、番茄和青椒。"),
    "une voiture rouge",
    "the",
};

static const char *const fused_texts[TW_SAMPLE_FUSED] = {"the same in blue", "有没有更大的尺寸？"};

/* ---- pictures --------------------------------------------------------------------------------------------------- */

#define BMP_HEADER 54

typedef struct size {
    int width, height;
} size;

/* Small, of different shapes; widths are multiples of 4, so that rows of a BMP file need no padding. */
static const size sizes[TW_SAMPLE_PICTURES] = {{168, 168}, {224, 112}, {112, 224}, {196, 140}, {140, 196}, {56, 56}};

static void put_number(unsigned char *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
}

static uint32_t noise(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Whether (x, y) lies in a disc. */
static bool in_disc(int x, int y, int middle_x, int middle_y, int radius)
{
    int right = x - middle_x;
    int down = y - middle_y;
    return right * right + down * down < radius * radius;
}

/* A pixel of picture `index`: blue, green, red. */
static void draw(int index, int x, int y, unsigned char pixel[3])
{
    const size of = sizes[index];
    int across = 255 * x / of.width;
    int along = 255 * y / of.height;
    uint32_t random = noise((uint32_t)(y * of.width + x));
    int colours[3] = {230, 230, 230};
    switch (index) {
    case 0: /* gradients of three directions */
        colours[0] = across;
        colours[1] = along;
        colours[2] = 255 - (across + along) / 2;
        break;
    case 1: /* noise */
        colours[0] = (int)(random & 255);
        colours[1] = (int)(random >> 8 & 255);
        colours[2] = (int)(random >> 16 & 255);
        break;
    case 2: /* a red disc and a blue square on light grey */
        if (in_disc(x, y, 56, 70, 40))
            colours[0] = colours[1] = 30;
        if (x > 30 && x < 84 && y > 140 && y < 200)
            colours[1] = colours[2] = 40;
        break;
    case 3: /* black lines as of writing, on white */
        colours[0] = colours[1] = colours[2] = y % 14 < 7 && (random & 3) && x / 5 % 4 ? 10 : 250;
        break;
    case 4: /* a landscape: sky, sun, hills with grain */
        colours[0] = along < 150 ? 240 - along / 2 : 40;
        colours[1] = along < 150 ? 180 : 110 + (int)(random & 31);
        colours[2] = in_disc(x, y, 100, 40, 20) ? 255 : along < 150 ? 140 : 60;
        break;
    default: /* one colour */
        colours[0] = 20;
        colours[1] = 140;
        break;
    }
    for (int i = 0; i < 3; i++)
        pixel[i] = (unsigned char)colours[i];
}

/* The picture as a BMP file of 24 bits a pixel, in new memory; NULL when that is out. */
static unsigned char *make_picture(int index, size_t *bytes)
{
    const size of = sizes[index];
    size_t pixels = (size_t)of.width * (size_t)of.height;
    *bytes = BMP_HEADER + 3 * pixels;
    unsigned char *file = tw_alloc_zero(*bytes, 1);
    if (!file)
        return NULL;
    file[0] = 'B';
    file[1] = 'M';
    put_number(file + 2, (uint32_t)*bytes);
    put_number(file + 10, BMP_HEADER);
    put_number(file + 14, 40);
    put_number(file + 18, (uint32_t)of.width);
    put_number(file + 22, (uint32_t)of.height);
    file[26] = 1;
    file[28] = 24;
    for (int y = 0; y < of.height; y++) /* rows stand from the lowest to the highest */
        for (int x = 0; x < of.width; x++)
            draw(index, x, of.height - 1 - y, file + BMP_HEADER + 3 * ((size_t)y * (size_t)of.width + (size_t)x));
    return file;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

tuwen_status tw_samples_make(const tuwen_model *model, tw_samples *samples, tuwen_error *error)
{
    *samples = (tw_samples){0};
    const char *instruction = model->info.match_instruction;
    size_t sizes_of[TW_SAMPLE_PICTURES];
    for (int i = 0; i < TW_SAMPLE_PICTURES; i++) {
        samples->pictures[i] = make_picture(i, &sizes_of[i]);
        if (!samples->pictures[i])
            return tw_fail_memory(error, "the sample pictures");
    }
    for (int i = 0; i < TW_SAMPLES; i++) {
        tuwen_input *input = &samples->inputs[i];
        int picture = i < TW_SAMPLE_TEXTS ? -1 : (i - TW_SAMPLE_TEXTS) % TW_SAMPLE_PICTURES;
        int fused = i - TW_SAMPLE_TEXTS - TW_SAMPLE_PICTURES;
        input->text = i < TW_SAMPLE_TEXTS ? texts[i] : fused >= 0 ? fused_texts[fused] : NULL;
        input->text_size = input->text ? strlen(input->text) : 0;
        if (picture >= 0) {
            input->picture = samples->pictures[picture];
            input->picture_size = sizes_of[picture];
        }
        if (i < TW_SAMPLE_TEXTS && i % 3 == 0 && instruction) {
            input->instruction = instruction;
            input->instruction_size = strlen(instruction);
        }
    }
    return TUWEN_OK;
}

void tw_samples_free(tw_samples *samples)
{
    for (int i = 0; i < TW_SAMPLE_PICTURES; i++)
        tw_free(samples->pictures[i]);
    *samples = (tw_samples){0};
}

tuwen_status tw_samples_open(const tuwen_model *model, tuwen_session **session, tuwen_error *error)
{
    const tuwen_session_options options = {.image_tokens_min = 4, .image_tokens_max = 48};
    return tuwen_session_open(model, &options, session, error);
}

tuwen_status tw_samples_embed(tuwen_session *session, const tw_samples *samples, float *vectors, tuwen_error *error)
{
    size_t dimension = tuwen_model_dimension(tw_session_model(session));
    tuwen_status status = tuwen_embed(session, samples->inputs, TW_SAMPLE_TEXTS, vectors, NULL, error);
    if (status != TUWEN_OK)
        return status;
    return tuwen_embed(session, samples->inputs + TW_SAMPLE_TEXTS, TW_SAMPLES - TW_SAMPLE_TEXTS,
                       vectors + TW_SAMPLE_TEXTS * dimension, NULL, error);
}
