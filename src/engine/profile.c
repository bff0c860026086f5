/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles at work: probability, band, share; which text is Chinese; what a profile may be used for. */
#include "engine/profile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/utf8.h"

/* Without a profile: so many temperatures lie between the scores 0 and 1. */
#define TEMPERATURES_IN_SCALE 20

void tuwen_profile_close(tuwen_profile *profile)
{
    if (!profile)
        return;
    for (int i = 0; i < TW_LANGUAGES; i++)
        tw_curve_free(&profile->fits[i].curve);
    tw_free(profile->name);
    tw_free(profile->model);
    tw_free(profile->space);
    tw_free(profile->instruction);
    tw_free(profile->mean_picture);
    tw_free(profile->mean_text);
    tw_free(profile);
}

const tuwen_profile_info *tuwen_profile_get_info(const tuwen_profile *profile)
{
    return &profile->info;
}

static void add_doubles(tw_digest *digest, const double *numbers, size_t count)
{
    char text[32];
    for (size_t i = 0; i < count; i++)
        tw_digest_add(digest, text, (size_t)snprintf(text, sizeof text, "%a ", numbers[i]));
}

static void add_mean(tw_digest *digest, const float *mean, size_t dimension)
{
    for (size_t i = 0; mean && i < dimension; i++)
        add_doubles(digest, &(double){(double)mean[i]}, 1);
}

static void make_fingerprint(tuwen_profile *profile, int fits)
{
    const tuwen_profile_info *info = &profile->info;
    char hex[TW_DIGEST_HEX];
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    tw_digest_add(&digest, profile->space, strlen(profile->space));
    add_doubles(&digest, (const double[]){(double)info->yes, (double)info->no, info->prior}, 3);
    for (int i = 1; i <= TW_PROFILE_BANDS; i++)
        add_doubles(&digest, &(double){(double)info->band_from[i]}, 1);
    for (int i = 0; i < fits; i++) {
        const tw_fit *fit = &profile->fits[i];
        add_doubles(&digest, &fit->logistic.intercept, 1);
        add_doubles(&digest, fit->logistic.slopes, TW_FEATURES);
        for (size_t j = 0; j < fit->curve.count; j++)
            add_doubles(&digest, (const double[]){fit->curve.points[j].x, fit->curve.points[j].y}, 2);
    }
    add_mean(&digest, profile->mean_picture, info->dimension);
    add_mean(&digest, profile->mean_text, info->dimension);
    tw_digest_hex(&digest, hex);
    memcpy(profile->fingerprint, hex, sizeof profile->fingerprint - 1);
}

void tw_profile_finish(tuwen_profile *profile)
{
    tuwen_profile_info *info = &profile->info;
    info->name = profile->name;
    info->model = profile->model;
    info->space = profile->space;
    info->instruction = profile->instruction;
    info->isotonic = profile->fits[0].curve.count > 0;
    info->contrast = profile->mean_picture != NULL;
    double slope = 0;
    int fits = info->by_language ? TW_LANGUAGES : 1;
    for (int i = 0; i < fits; i++)
        slope += profile->fits[i].logistic.slopes[0] / fits;
    info->temperature = slope > 0 ? 1 / slope : 0;
    make_fingerprint(profile, fits);
    info->fingerprint = profile->fingerprint;
}

tuwen_status tuwen_profile_check(const tuwen_profile *profile, const char *space, const char *instruction,
                                 tuwen_error *error)
{
    const tuwen_profile_info *info = &profile->info;
    if (strcmp(info->space, space) != 0)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "the profile %s was fitted in another space (%s, by %s) than this one (%s): other weights, "
                       "precision or settings",
                       info->name, info->space, info->model, space);
    if ((info->instruction != NULL) != (instruction != NULL) ||
        (instruction && strcmp(info->instruction, instruction) != 0))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "the profile %s was fitted on texts with another instruction (\"%.100s\")", info->name,
                       info->instruction ? info->instruction : "");
    return TUWEN_OK;
}

/* Levels: the mean cosine with many vectors is the product with their mean. */

static float level_of(const float *mean, const float *vector, size_t dimension)
{
    double sum = 0;
    for (size_t i = 0; mean && i < dimension; i++)
        sum += (double)mean[i] * (double)vector[i];
    return (float)sum;
}

float tuwen_profile_picture_level(const tuwen_profile *profile, const float *picture)
{
    return level_of(profile->mean_text, picture, profile->info.dimension);
}

float tuwen_profile_text_level(const tuwen_profile *profile, const float *text)
{
    return level_of(profile->mean_picture, text, profile->info.dimension);
}

double tw_fit_probability(const tw_fit *fit, const double features[TW_FEATURES])
{
    double margin = tw_logistic_margin(&fit->logistic, features);
    return fit->curve.count > 0 ? tw_curve_at(&fit->curve, margin) : tw_sigmoid(margin);
}

float tuwen_profile_match(const tuwen_profile *profile, const tuwen_profile_pair *pair)
{
    const tuwen_profile_info *info = &profile->info;
    const tw_fit *fit =
        &profile->fits[info->by_language && pair->language == TUWEN_CHINESE ? TUWEN_CHINESE : TUWEN_ENGLISH];
    const double features[TW_FEATURES] = {(double)pair->cosine, (double)pair->picture_level,
                                          (double)pair->text_level};
    double share = (double)info->yes / (double)(info->yes + info->no);
    double shift = tw_log_odds(info->prior) - tw_log_odds(share);
    double probability = tw_fit_probability(fit, features);
    if (fabs(shift) > 1e-12) /* Bayes' rule: the odds change by the same factor for every pair */
        probability = tw_sigmoid(tw_log_odds(fmin(1 - 1e-15, fmax(1e-15, probability))) + shift);
    return (float)probability;
}

tuwen_band tuwen_profile_band(const tuwen_profile *profile, float match)
{
    tuwen_band band = TUWEN_BAND_MISMATCH;
    while (band < TUWEN_BAND_VERY_HIGH && match >= profile->info.band_from[band + 1])
        band++;
    return band;
}

void tuwen_share(const float *cosines, size_t count, double temperature, float *shares)
{
    float highest = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        highest = fmaxf(highest, cosines[i]);
    for (size_t i = 0; i < count; i++)
        sum += exp(((double)cosines[i] - (double)highest) / temperature);
    for (size_t i = 0; i < count; i++)
        shares[i] = (float)(exp(((double)cosines[i] - (double)highest) / temperature) / sum);
}

double tuwen_share_temperature(const tuwen_model_info *info)
{
    return ((double)info->score_high - (double)info->score_low) / TEMPERATURES_IN_SCALE;
}

/* Han characters: the unified ideographs and their extensions, compatibility ideographs, and the iteration mark. */
static bool is_han(uint32_t code)
{
    return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
           (code >= 0x20000 && code <= 0x323af) || (code >= 0xf900 && code <= 0xfaff) || code == 0x3005 ||
           code == 0x3007;
}

/* Kana: a text with any is Japanese, however many Han characters it has. */
static bool is_kana(uint32_t code)
{
    return code >= 0x3041 && code <= 0x30ff && code != 0x30fb;
}

/* What goes on a word of other scripts: letters and digits of ASCII, and all else that is no space, punctuation, CJK
 * symbol or full-width form. */
static bool is_letter(uint32_t code)
{
    if (code < 0x80)
        return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    return code >= 0xc0 && code != TW_UTF8_INVALID && !(code >= 0x2000 && code <= 0x2bff) &&
           !(code >= 0x3000 && code <= 0x303f) && !(code >= 0xfe00 && code <= 0xffef) && code < 0x1f000;
}

tuwen_language tuwen_text_language(const char *text, size_t size)
{
    size_t han = 0, words = 0;
    bool in_word = false;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        at += tw_utf8_decode(text + at, size - at, &code);
        if (is_kana(code))
            return TUWEN_ENGLISH;
        bool letter = !is_han(code) && is_letter(code);
        han += is_han(code);
        words += letter && !in_word;
        in_word = letter;
    }
    return han > 0 && han >= words ? TUWEN_CHINESE : TUWEN_ENGLISH;
}
