/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as files: JSON, read as strictly as what comes from strangers. docs/formats.md has the format. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/output.h"
#include "engine/profile.h"
#include "formats/json.h"
#include "formats/json_text.h"

#define VERSION 1
#define MAX_BYTES (16u << 20)
#define MAX_DIMENSION 65536
#define MAX_POINTS 100000
#define MAX_LABELS 1e15

static const char *const band_names[TW_PROFILE_BANDS] = {"fair", "high", "very high"};

static tuwen_status check_members(const char *path, tw_json_value object, const char *const *members,
                                  tuwen_error *error)
{
    for (tw_json_walk walk = {0}; tw_json_next(object, &walk);) {
        const char *const *member = members;
        while (*member && strcmp(walk.key, *member) != 0)
            member++;
        if (!*member)
            return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                           "%s: has the member \"%s\", which this version does not know", path, walk.key);
    }
    return TUWEN_OK;
}

static bool read_number(tw_json_value value, double least, double most, double *number)
{
    *number = tw_json_number(value, (double)NAN);
    return *number >= least && *number <= most;
}

/* A text without NUL; absent or null gives NULL where that is allowed. */
static tuwen_status read_text(const char *path, tw_json_value root, const char *member, bool optional, char **out,
                              tuwen_error *error)
{
    tw_json_value value = tw_json_member(root, member);
    size_t length = 0;
    const char *text = tw_json_string(value, &length);
    if (optional && tw_json_absent(value))
        return TUWEN_OK;
    if (!text || strlen(text) != length)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: %s is not a text", path, member);
    *out = tw_copy_string(text, length);
    return *out ? TUWEN_OK : tw_fail_memory(error, path);
}

static tuwen_status read_labels(const char *path, tw_json_value root, tuwen_profile_info *info, tuwen_error *error)
{
    tw_json_value labels = tw_json_member(root, "labels");
    double yes, no;
    if (!read_number(tw_json_member(labels, "yes"), 1, MAX_LABELS, &yes) ||
        !read_number(tw_json_member(labels, "no"), 1, MAX_LABELS, &no))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: labels is not {\"yes\", \"no\"} with counts from 1 on",
                       path);
    info->yes = (size_t)yes;
    info->no = (size_t)no;
    info->prior = (double)info->yes / (double)(info->yes + info->no);
    tw_json_value prior = tw_json_member(root, "prior");
    if (!tw_json_absent(prior) && !(read_number(prior, 1e-9, 1 - 1e-9, &info->prior)))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: prior is not a share between 0 and 1", path);
    return TUWEN_OK;
}

static tuwen_status read_curve(const char *path, tw_json_value points, tw_curve *curve, tuwen_error *error)
{
    size_t count = tw_json_count(points);
    if (tw_json_absent(points))
        return TUWEN_OK;
    bool good = tw_json_is_array(points) && count >= 1 && count <= MAX_POINTS;
    curve->points = good ? tw_alloc(count, sizeof *curve->points) : NULL;
    if (good && !curve->points)
        return tw_fail_memory(error, path);
    for (size_t i = 0; good && i < count; i++) {
        tw_json_value point = tw_json_element(points, i);
        tw_curve_point *to = &curve->points[i];
        good = tw_json_count(point) == 2 && read_number(tw_json_element(point, 0), -1e6, 1e6, &to->x) &&
               read_number(tw_json_element(point, 1), 0, 1, &to->y) &&
               (i == 0 || (to->x > to[-1].x && to->y >= to[-1].y));
        curve->count = i + 1;
    }
    return good ? TUWEN_OK
                : tw_fail(error, TUWEN_INVALID_ARGUMENT,
                          "%s: curve is not a list of rising points [log odds, probability]", path);
}

static tuwen_status read_fit(const char *path, tw_json_value value, bool contrast, tw_fit *fit, tuwen_error *error)
{
    static const char *const members[] = {"intercept", "cosine", "picture", "text", "curve", NULL};
    tuwen_status status = check_members(path, value, members, error);
    bool good = read_number(tw_json_member(value, "intercept"), -1e6, 1e6, &fit->logistic.intercept);
    for (int i = 0; i < (contrast ? TW_FEATURES : 1); i++)
        good = good && read_number(tw_json_member(value, members[i + 1]), -1e6, 1e6, &fit->logistic.slopes[i]);
    if (status == TUWEN_OK && !good)
        return contrast
                   ? tw_fail(error, TUWEN_INVALID_ARGUMENT,
                             "%s: a fit is not {\"intercept\", \"cosine\", \"picture\", \"text\"} with numbers", path)
                   : tw_fail(error, TUWEN_INVALID_ARGUMENT,
                             "%s: a fit is not {\"intercept\", \"cosine\"} with numbers", path);
    return status == TUWEN_OK ? read_curve(path, tw_json_member(value, "curve"), &fit->curve, error) : status;
}

/* Either one fit for all, or one for Chinese and one for other texts. */
static tuwen_status read_fits(const char *path, tw_json_value fits, tuwen_profile *profile, tuwen_error *error)
{
    tw_json_value all = tw_json_member(fits, "all"), chinese = tw_json_member(fits, "zh"),
                  other = tw_json_member(fits, "other");
    bool contrast = profile->mean_picture != NULL;
    profile->info.by_language = tw_json_absent(all);
    if (tw_json_count(fits) != (profile->info.by_language ? 2 : 1) ||
        (profile->info.by_language && (tw_json_absent(chinese) || tw_json_absent(other))))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: fits is not {\"all\"}, or {\"zh\", \"other\"}", path);
    if (!profile->info.by_language)
        return read_fit(path, all, contrast, &profile->fits[0], error);
    tuwen_status status = read_fit(path, other, contrast, &profile->fits[TUWEN_ENGLISH], error);
    if (status == TUWEN_OK)
        status = read_fit(path, chinese, contrast, &profile->fits[TUWEN_CHINESE], error);
    if (status == TUWEN_OK && (profile->fits[0].curve.count > 0) != (profile->fits[1].curve.count > 0))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: one of the fits has a curve and the other not", path);
    return status;
}

static tuwen_status read_mean(const char *path, tw_json_value list, const char *member, size_t dimension,
                              float **mean, tuwen_error *error)
{
    bool good = tw_json_is_array(list) && tw_json_count(list) == dimension;
    *mean = good ? tw_alloc(dimension, sizeof **mean) : NULL;
    if (good && !*mean)
        return tw_fail_memory(error, path);
    for (size_t i = 0; good && i < dimension; i++) {
        double number = 0;
        good = read_number(tw_json_element(list, i), -1, 1, &number);
        (*mean)[i] = (float)number;
    }
    return good ? TUWEN_OK
                : tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: %s is not a list of %zu numbers from -1 to 1", path,
                          member, dimension);
}

static tuwen_status read_background(const char *path, tw_json_value root, tuwen_profile *profile, tuwen_error *error)
{
    double dimension;
    if (!read_number(tw_json_member(root, "dimension"), 1, MAX_DIMENSION, &dimension))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: dimension is not a whole number from 1 to %d", path,
                       MAX_DIMENSION);
    profile->info.dimension = (size_t)dimension;
    tw_json_value background = tw_json_member(root, "background");
    if (tw_json_absent(background))
        return TUWEN_OK;
    tuwen_status status = read_mean(path, tw_json_member(background, "pictures"), "background.pictures",
                                    profile->info.dimension, &profile->mean_picture, error);
    if (status == TUWEN_OK)
        status = read_mean(path, tw_json_member(background, "texts"), "background.texts", profile->info.dimension,
                           &profile->mean_text, error);
    return status;
}

static tuwen_status read_bands(const char *path, tw_json_value bands, tuwen_profile_info *info, tuwen_error *error)
{
    bool good = tw_json_count(bands) == TW_PROFILE_BANDS;
    for (size_t i = 0; good && i < TW_PROFILE_BANDS; i++) {
        tw_json_value band = tw_json_element(bands, TW_PROFILE_BANDS - 1 - i);
        const char *name = tw_json_string(tw_json_member(band, "name"), NULL);
        double from = 0;
        good = name && strcmp(name, band_names[i]) == 0 && read_number(tw_json_member(band, "min"), 0, 1, &from) &&
               (float)from > info->band_from[i];
        info->band_from[i + 1] = (float)from;
    }
    return good ? TUWEN_OK
                : tw_fail(error, TUWEN_INVALID_ARGUMENT,
                          "%s: bands are not \"very high\", \"high\" and \"fair\" with falling probabilities \"min\"",
                          path);
}

static void read_quality(tw_json_value quality, tw_quality *to)
{
    to->calibration_error = tw_json_number(tw_json_member(quality, "calibration_error"), 0);
    to->brier = tw_json_number(tw_json_member(quality, "brier"), 0);
    to->log_loss = tw_json_number(tw_json_member(quality, "log_loss"), 0);
    to->auc = tw_json_number(tw_json_member(quality, "auc"), 0);
    to->ridge = tw_json_number(tw_json_member(quality, "ridge"), 0);
    to->seed = (uint64_t)tw_json_integer(tw_json_member(quality, "seed"), 0);
    to->folds = (int)tw_json_integer(tw_json_member(quality, "folds"), 0);
}

static tuwen_status read_all(const char *path, tw_json_value root, tuwen_profile *profile, tuwen_error *error)
{
    static const char *const members[] = {"tuwen_profile", "name",    "model", "space", "instruction",
                                          "dimension",     "labels",  "prior", "fits",  "background",
                                          "bands",         "quality", NULL};
    int64_t version = tw_json_integer(tw_json_member(root, "tuwen_profile"), 0);
    if (version < 1)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: is no profile of tuwen", path);
    if (version > VERSION)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "%s: is a profile of version %" PRId64 "; this tuwen reads versions up to %d", path, version,
                       VERSION);
    tuwen_status status = check_members(path, root, members, error);
    if (status == TUWEN_OK)
        status = read_text(path, root, "name", false, &profile->name, error);
    if (status == TUWEN_OK)
        status = read_text(path, root, "model", false, &profile->model, error);
    if (status == TUWEN_OK)
        status = read_text(path, root, "space", false, &profile->space, error);
    if (status == TUWEN_OK)
        status = read_text(path, root, "instruction", true, &profile->instruction, error);
    if (status == TUWEN_OK)
        status = read_labels(path, root, &profile->info, error);
    if (status == TUWEN_OK)
        status = read_background(path, root, profile, error);
    if (status == TUWEN_OK)
        status = read_fits(path, tw_json_member(root, "fits"), profile, error);
    if (status == TUWEN_OK)
        status = read_bands(path, tw_json_member(root, "bands"), &profile->info, error);
    read_quality(tw_json_member(root, "quality"), &profile->quality);
    return status;
}

static tuwen_status read_document(tw_json *document, tuwen_profile **profile, tuwen_error *error)
{
    tuwen_profile *made = tw_alloc_zero(1, sizeof *made);
    tuwen_status status = made ? read_all(tw_json_name(document), tw_json_root(document), made, error)
                               : tw_fail_memory(error, tw_json_name(document));
    tw_json_close(document);
    if (status != TUWEN_OK) {
        tuwen_profile_close(made);
        return status;
    }
    tw_profile_finish(made);
    *profile = made;
    return TUWEN_OK;
}

/* What is wrong with a file of the reader's own is no matter of a model. */
static tuwen_status as_argument(tuwen_status status, tuwen_error *error)
{
    if (status != TUWEN_BAD_MODEL)
        return status;
    if (error)
        error->status = TUWEN_INVALID_ARGUMENT;
    return TUWEN_INVALID_ARGUMENT;
}

tuwen_status tuwen_profile_open(const char *path, tuwen_profile **profile, tuwen_error *error)
{
    tw_json *document = NULL;
    *profile = NULL;
    tuwen_status status = tw_json_open(path, MAX_BYTES, &document, error);
    return status == TUWEN_OK ? read_document(document, profile, error) : as_argument(status, error);
}

tuwen_status tuwen_profile_parse(const char *bytes, size_t size, const char *name, tuwen_profile **profile,
                                 tuwen_error *error)
{
    tw_json *document = NULL;
    *profile = NULL;
    tuwen_status status = tw_json_parse(bytes, size, name, &document, error);
    return status == TUWEN_OK ? read_document(document, profile, error) : as_argument(status, error);
}

/* Writing. */

static void put_member(tw_json_text *to, const char *key, const char *value)
{
    tw_json_put(to, "  \"%s\": ", key);
    if (value)
        tw_json_put_string(to, value);
    else
        tw_json_put(to, "null");
    tw_json_put(to, ",\n");
}

static void put_number(tw_json_text *to, const char *before, double number, int digits)
{
    tw_json_put(to, "%s", before);
    tw_json_put_number(to, number, digits);
}

static void put_fit(tw_json_text *to, const char *key, const tw_fit *fit, bool contrast)
{
    tw_json_put(to, "\n    \"%s\": {", key);
    put_number(to, "\"intercept\": ", fit->logistic.intercept, 17);
    put_number(to, ", \"cosine\": ", fit->logistic.slopes[0], 17);
    if (contrast) {
        put_number(to, ", \"picture\": ", fit->logistic.slopes[1], 17);
        put_number(to, ", \"text\": ", fit->logistic.slopes[2], 17);
    }
    for (size_t i = 0; i < fit->curve.count; i++) {
        put_number(to, i > 0 ? ", [" : ",\n      \"curve\": [[", fit->curve.points[i].x, 17);
        put_number(to, ", ", fit->curve.points[i].y, 17);
        tw_json_put(to, "]%s", i + 1 == fit->curve.count ? "]" : "");
    }
    tw_json_put(to, "}");
}

static void put_mean(tw_json_text *to, const char *key, const float *mean, size_t dimension)
{
    tw_json_put(to, "\n    \"%s\": [", key);
    for (size_t i = 0; i < dimension; i++)
        put_number(to, i > 0 ? "," : "", (double)mean[i], 9);
    tw_json_put(to, "]");
}

static void put_end(tw_json_text *to, const tuwen_profile *profile)
{
    const tw_quality *quality = &profile->quality;
    tw_json_put(to, "  \"bands\": [");
    for (size_t i = TW_PROFILE_BANDS; i-- > 0;) {
        tw_json_put(to, "{\"name\": \"%s\", \"min\": ", band_names[i]);
        put_number(to, "", (double)profile->info.band_from[i + 1], 7);
        tw_json_put(to, "}%s", i > 0 ? ", " : "],\n");
    }
    put_number(to, "  \"quality\": {\"calibration_error\": ", quality->calibration_error, 4);
    put_number(to, ", \"brier\": ", quality->brier, 4);
    put_number(to, ", \"log_loss\": ", quality->log_loss, 4);
    put_number(to, ", \"auc\": ", quality->auc, 4);
    put_number(to, ", \"ridge\": ", quality->ridge, 4);
    tw_json_put(to, ", \"folds\": %d, \"seed\": %" PRIu64 "}\n}\n", quality->folds, quality->seed);
}

static void put_profile(tw_json_text *to, const tuwen_profile *profile)
{
    const tuwen_profile_info *info = &profile->info;
    tw_json_put(to, "{\n  \"tuwen_profile\": %d,\n", VERSION);
    put_member(to, "name", info->name);
    put_member(to, "model", info->model);
    put_member(to, "space", info->space);
    put_member(to, "instruction", info->instruction);
    tw_json_put(to, "  \"dimension\": %zu,\n  \"labels\": {\"yes\": %zu, \"no\": %zu},\n", info->dimension, info->yes,
                info->no);
    put_number(to, "  \"prior\": ", info->prior, 17);
    tw_json_put(to, ",\n  \"fits\": {");
    put_fit(to, info->by_language ? "other" : "all", &profile->fits[0], info->contrast);
    if (info->by_language) {
        tw_json_put(to, ",");
        put_fit(to, "zh", &profile->fits[TUWEN_CHINESE], info->contrast);
    }
    tw_json_put(to, "},\n");
    if (info->contrast) {
        tw_json_put(to, "  \"background\": {");
        put_mean(to, "pictures", profile->mean_picture, info->dimension);
        tw_json_put(to, ",");
        put_mean(to, "texts", profile->mean_text, info->dimension);
        tw_json_put(to, "},\n");
    }
    put_end(to, profile);
}

tuwen_status tuwen_profile_save(const tuwen_profile *profile, const char *path, tuwen_error *error)
{
    tw_json_text to = {0};
    put_profile(&to, profile);
    tuwen_status status =
        to.failed ? tw_fail_memory(error, path) : tw_output_put(path, to.bytes.data, to.bytes.length, error);
    tw_bytes_free(&to.bytes);
    return status;
}
