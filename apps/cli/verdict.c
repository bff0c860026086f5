/* SPDX-License-Identifier: Apache-2.0 */
/* From the vectors of a pair to what is said about it, and whether that is good enough. */
#include "verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static double rounded(double number)
{
    double value = round(number * 1e6) / 1e6;
    return value == 0 ? 0 : value; /* no -0 */
}

tuwen_score verdict_of_cosine(const struct judge *judge, const tuwen_profile_pair *pair, double *match)
{
    tuwen_score score = tuwen_score_cosine(judge->model, pair->cosine);
    *match = (double)NAN;
    if (judge->profile) {
        float probability = tuwen_profile_match(judge->profile, pair);
        score.band = tuwen_profile_band(judge->profile, probability);
        *match = (double)probability;
    }
    return score;
}

struct verdict verdict_of_pair(const struct judge *judge, const float *picture, const float *text,
                               tuwen_language language)
{
    tuwen_profile_pair pair = {.cosine = tuwen_cosine(picture, text, tuwen_model_dimension(judge->model)),
                               .language = language};
    if (judge->profile) {
        pair.picture_level = tuwen_profile_picture_level(judge->profile, picture);
        pair.text_level = tuwen_profile_text_level(judge->profile, text);
    }
    double match;
    tuwen_score score = verdict_of_cosine(judge, &pair, &match);
    return (struct verdict){.cosine = rounded((double)score.cosine),
                            .score = rounded((double)score.score),
                            .match = rounded(match),
                            .band = score.band};
}

/* Whether two words are the same, with '-' and '_' as blanks and case left out. */
static bool is_same(const char *word, size_t size, const char *name)
{
    if (strlen(name) != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char letter = word[i] == '-' || word[i] == '_' ? ' ' : word[i];
        if (strncasecmp(&letter, &name[i], 1) != 0)
            return false;
    }
    return true;
}

static bool find_band(const char *word, size_t size, tuwen_language language, tuwen_band *band)
{
    for (int i = TUWEN_BAND_MISMATCH; i <= TUWEN_BAND_VERY_HIGH; i++)
        if (is_same(word, size, tuwen_band_name((tuwen_band)i, language))) {
            *band = (tuwen_band)i;
            return true;
        }
    return false;
}

bool verdict_band_of(const char *name, size_t size, tuwen_band *band)
{
    return find_band(name, size, TUWEN_ENGLISH, band);
}

bool verdict_bar_read(struct verdict_bar *bar, const char *word)
{
    size_t size = strlen(word);
    *bar = (struct verdict_bar){.given = true};
    bar->by_band =
        find_band(word, size, TUWEN_ENGLISH, &bar->band) || find_band(word, size, TUWEN_CHINESE, &bar->band);
    if (bar->by_band)
        return true;
    char *end = NULL;
    bar->by_match = strncmp(word, "match=", strlen("match=")) == 0;
    word += bar->by_match ? strlen("match=") : 0;
    bar->score = (*word >= '0' && *word <= '9') || *word == '.' ? strtod(word, &end) : -1;
    return end && *end == '\0' && bar->score >= 0 && bar->score <= 1;
}

bool verdict_is_below(const struct verdict_bar *bar, const struct verdict *verdict)
{
    if (!bar->given)
        return false;
    if (bar->by_match)
        return !(verdict->match >= bar->score);
    return bar->by_band ? verdict->band < bar->band : verdict->score < bar->score;
}
