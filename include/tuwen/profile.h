/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: from a cosine to the probability that picture and text belong together, fitted on labelled pairs.
 *
 * A profile belongs to the space of vectors (tuwen_session_fingerprint) and to the instruction of the texts that it was
 * fitted with; tuwen_profile_check refuses others. Its probabilities are those of the labels: among pairs of which another
 * share matches than of the labels they are off, unless `prior` says which.
 *
 * Threads: a tuwen_profile and a tuwen_calibration are immutable and may be shared between threads. docs/calibration.md
 * says what is fitted and how well, docs/formats.md what is in the file.
 */
#ifndef TUWEN_PROFILE_H
#define TUWEN_PROFILE_H

#include "tuwen/statistics.h"
#include "tuwen/tuwen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Immutable once it is made. */
typedef struct tuwen_profile tuwen_profile;

/* Owned by the profile and valid as long as it. */
typedef struct tuwen_profile_info {
    const char *name;
    const char *model;       /* the name of the checkpoint, for people */
    const char *space;       /* tuwen_session_fingerprint */
    const char *instruction; /* of the texts; NULL: the checkpoint's prompt has no place for one */
    const char *fingerprint; /* 16 hexadecimal digits of what decides its probabilities and bands */
    size_t dimension;        /* of the vectors */
    size_t yes, no;          /* labels that it was fitted on */
    double prior;            /* the share of matching pairs that the probabilities are made for */
    bool isotonic;           /* a rising curve comes after the logistic fit */
    bool contrast;           /* how picture and text stand to a background of others is used */
    bool by_language;        /* Chinese texts have a fit of their own */
    float band_from[4];      /* least probability of each tuwen_band; 0 for the first */
    /* At which a softmax of cosines is as steep as the fit (1 / slope): for tuwen_share. 0 where the fit does not rise. */
    double temperature;
} tuwen_profile_info;

/* Reads a profile. `*profile` is owned by the caller and freed with tuwen_profile_close; NULL after a failure. Errors:
 * NOT_FOUND, IO, INVALID_ARGUMENT (it is no profile, the message says where), LIMIT, OUT_OF_MEMORY. */
TUWEN_API tuwen_status tuwen_profile_open(const char *path, tuwen_profile **profile, tuwen_error *error);

/* The same of the bytes of a file; `name` stands for it in messages. */
TUWEN_API tuwen_status tuwen_profile_parse(const char *bytes, size_t size, const char *name, tuwen_profile **profile,
                                           tuwen_error *error);

/* Writes a profile; the file appears, or is replaced, when it is complete. Errors: IO, OUT_OF_MEMORY. */
TUWEN_API tuwen_status tuwen_profile_save(const tuwen_profile *profile, const char *path, tuwen_error *error);

/* Accepts NULL. */
TUWEN_API void tuwen_profile_close(tuwen_profile *profile);

TUWEN_API const tuwen_profile_info *tuwen_profile_get_info(const tuwen_profile *profile);

/* Whether vectors of that space, with texts of that instruction (may be NULL), are what the profile was fitted with;
 * INVALID_ARGUMENT with a sentence if not. */
TUWEN_API tuwen_status tuwen_profile_check(const tuwen_profile *profile, const char *space, const char *instruction,
                                           tuwen_error *error);

/* Which fit a text belongs to: Chinese if at least half of its words are, where a Han character is a word, and so are
 * letters and digits in a row; else English, which stands for every other language. */
TUWEN_API tuwen_language tuwen_text_language(const char *text, size_t size);

/* How a picture's vector stands to the background: its mean cosine with mismatched texts. And a text's, with mismatched
 * pictures. 0 for a profile without contrast. Once for each vector, then any number of pairs. */
TUWEN_API float tuwen_profile_picture_level(const tuwen_profile *profile, const float *picture);
TUWEN_API float tuwen_profile_text_level(const tuwen_profile *profile, const float *text);

/* A pair. */
typedef struct tuwen_profile_pair {
    float cosine;
    float picture_level, text_level; /* from the functions above */
    tuwen_language language;         /* of the text: tuwen_text_language */
} tuwen_profile_pair;

/* The probability that the pair belongs together. */
TUWEN_API float tuwen_profile_match(const tuwen_profile *profile, const tuwen_profile_pair *pair);

/* The band of a probability. */
TUWEN_API tuwen_band tuwen_profile_band(const tuwen_profile *profile, float match);

/*
 * The softmax of `count` cosines: shares of one picture among candidates of which one is taken to be right, so they depend
 * on which others there are, and add up to 1. `temperature` > 0 is the difference in cosine that makes e times the
 * share: a profile's, or tuwen_share_temperature. `shares` may be `cosines`.
 */
TUWEN_API void tuwen_share(const float *cosines, size_t count, double temperature, float *shares);

/* Without a profile: a twentieth of the model's scale (0.02 for GME's), a convention of ours and not fitted to anything. */
TUWEN_API double tuwen_share_temperature(const tuwen_model_info *info);

/* Making a profile. */

/* A person's verdict on a pair: numbers of picture and text, and whether they belong together. */
typedef struct tuwen_label {
    uint32_t picture, text;
    bool match;
} tuwen_label;

/* Labelled pairs with their vectors; each picture and text is there once. Memory stays the caller's. */
typedef struct tuwen_label_set {
    tuwen_vectors pictures, texts;   /* as tuwen_embed made them */
    const tuwen_language *languages; /* [texts.count] */
    const tuwen_label *labels;
    size_t count;
} tuwen_label_set;

typedef enum tuwen_method {
    TUWEN_METHOD_AUTO = 0, /* isotonic where there are 1,000 labels of either side and it is better out of fold */
    TUWEN_METHOD_LOGISTIC = 1,
    TUWEN_METHOD_ISOTONIC = 2 /* after the logistic fit */
} tuwen_method;

/* Fewer labels of either side are refused; from the second number on, languages are fitted apart; the third is for isotonic
 * regression by itself. */
#define TUWEN_LEAST_LABELS 20
#define TUWEN_LANGUAGE_LABELS 100
#define TUWEN_ISOTONIC_LABELS 1000

/* Strings are copied. Zero-initialise for the defaults. */
typedef struct tuwen_calibrate_options {
    const char *name, *model, *space, *instruction; /* as in tuwen_profile_info */
    tuwen_method method;
    uint64_t seed;               /* of the folds */
    int folds;                   /* 2 to 100; 0 means 5 */
    double prior;                /* 0: the labels' own share of matches */
    double bands[3];             /* least probabilities of fair, high, very high, rising; all 0: 0.2, 0.5, 0.9 */
    float score_low, score_high; /* of the scale that the fit is compared with: tuwen_model_info */
} tuwen_calibrate_options;

/* Ways from vectors to a probability, which are compared. */
typedef enum tuwen_estimate {
    TUWEN_ESTIMATE_SCORE = 0,    /* clamp-and-scale, taken for a probability */
    TUWEN_ESTIMATE_PLATT = 1,    /* Platt's scaling of the cosine, one for all */
    TUWEN_ESTIMATE_LOGISTIC = 2, /* regularised, by language where there are enough labels */
    TUWEN_ESTIMATE_CONTRAST = 3, /* the same with the levels of picture and text */
    TUWEN_ESTIMATE_ISOTONIC = 4  /* a rising curve after the better of these two */
} tuwen_estimate;
#define TUWEN_ESTIMATES 5

/* A profile with how it fared. */
typedef struct tuwen_calibration tuwen_calibration;

/*
 * Fits a profile, and estimates each label by every way from the labels of other folds alone (the labels of one picture are
 * in one fold; of fewer pictures than texts and folds, those of one text). The penalty of a logistic fit is the best of five
 * out of fold. Contrast and isotonic regression are used only if their log loss out of fold is lower by more than its
 * standard error. The same labels and seed give the same profile. Errors: INVALID_ARGUMENT (also: too few labels), OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_calibrate(const tuwen_label_set *set, const tuwen_calibrate_options *options,
                                       tuwen_calibration **calibration, tuwen_error *error);

/* Accepts NULL. Frees the profile too. */
TUWEN_API void tuwen_calibration_close(tuwen_calibration *calibration);

TUWEN_API const tuwen_profile *tuwen_calibration_profile(const tuwen_calibration *calibration);
TUWEN_API tuwen_estimate tuwen_calibration_chosen(const tuwen_calibration *calibration);

/* What a way said of each label out of fold, sorted, by the labels' own share of matches; `group` is the picture (or the
 * text, where folds are made of texts). NULL: it was not tried. Owned by the calibration. */
TUWEN_API const tuwen_observation *tuwen_calibration_observations(const tuwen_calibration *calibration,
                                                                  tuwen_estimate estimate, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
