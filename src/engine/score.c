/* SPDX-License-Identifier: Apache-2.0 */
/* From cosines to what people read: the 0-1 score and the band. */
#include <math.h>

#include "engine/engine.h"

/* X(band, English name, Chinese name, English advice, Chinese advice) */
#define BAND_MAP(X)                                                                                                  \
    X(TUWEN_BAND_MISMATCH, "mismatch", "不匹配", "provide anew", "建议重新提供")                                     \
    X(TUWEN_BAND_FAIR, "fair", "一般", "improve text or picture", "需要优化")                                        \
    X(TUWEN_BAND_HIGH, "high", "高", "have a person check", "人工复核")                                              \
    X(TUWEN_BAND_VERY_HIGH, "very high", "极高", "use as it is", "可直接采用")

float tuwen_cosine(const float *a, const float *b, size_t dimension)
{
    double product = 0;
    double a_squares = 0;
    double b_squares = 0;
    for (size_t i = 0; i < dimension; i++) {
        product += (double)a[i] * (double)b[i];
        a_squares += (double)a[i] * (double)a[i];
        b_squares += (double)b[i] * (double)b[i];
    }
    double lengths = sqrt(a_squares) * sqrt(b_squares);
    return lengths > 0 ? (float)fmin(1, fmax(-1, product / lengths)) : 0.0f;
}

tuwen_score tuwen_score_cosine(const tuwen_model *model, float cosine)
{
    const tw_settings *settings = &model->settings;
    float score = (cosine - settings->score_low) / (settings->score_high - settings->score_low);
    tuwen_score result = {.cosine = cosine, .score = fminf(1.0f, fmaxf(0.0f, score)), .band = TUWEN_BAND_MISMATCH};
    for (int i = 0; i < TW_BANDS && cosine >= settings->bands[i]; i++)
        result.band = (tuwen_band)(i + 1);
    return result;
}

tuwen_score tuwen_score_pair(const tuwen_model *model, const float *a, const float *b)
{
    return tuwen_score_cosine(model, tuwen_cosine(a, b, tuwen_model_dimension(model)));
}

const char *tuwen_band_name(tuwen_band band, tuwen_language language)
{
    switch (band) {
#define NAME(value, english, chinese, english_advice, chinese_advice)                                                \
    case value:                                                                                                      \
        return language == TUWEN_CHINESE ? chinese : english;
        BAND_MAP(NAME)
#undef NAME
    }
    return "?";
}

const char *tuwen_band_advice(tuwen_band band, tuwen_language language)
{
    switch (band) {
#define ADVICE(value, english, chinese, english_advice, chinese_advice)                                              \
    case value:                                                                                                      \
        return language == TUWEN_CHINESE ? chinese_advice : english_advice;
        BAND_MAP(ADVICE)
#undef ADVICE
    }
    return "?";
}
