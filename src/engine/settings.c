/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tuwen.json. */
#include "engine/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/template.h"
#include "formats/json.h"
#include "tuwen/tuwen.h"

#define FILE_NAME "tuwen.json"
#define MAX_BYTES (1u << 20)

/* GME's chat template around what the user gives. docs/model.md, section 5. */
#define GME_PROMPT(user)                                                                                             \
    "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n" user                                           \
    "<|im_end|>\n<|im_start|>assistant\n<|endoftext|>"
#define GME_PICTURE "<|vision_start|>{image}<|vision_end|>"

/* The reference's own arguments (256..1280 image tokens, 1,800 tokens), and the scale and bands that today's users of
 * GME have: 0.1..0.5; 0.2, 0.3, 0.4. */
static const tw_settings gme = {
    .prompt = {GME_PROMPT("{text}"), GME_PROMPT(GME_PICTURE), GME_PROMPT(GME_PICTURE "{text}")},
    .instruction = {TUWEN_DEFAULT_INSTRUCTION, TUWEN_DEFAULT_INSTRUCTION, TUWEN_DEFAULT_INSTRUCTION},
    .match_instruction = TUWEN_MATCH_INSTRUCTION,
    .mrope = false,
    .pooling = TW_POOL_LAST,
    .resizes = 2,
    .image_tokens_min = 256,
    .image_tokens_max = 1280,
    .max_length = 1800,
    .score_low = 0.1f,
    .score_high = 0.5f,
    .bands = {0.2f, 0.3f, 0.4f}};

tw_settings tw_settings_gme(void)
{
    return gme;
}

static const char *const kinds[TW_KINDS] = {"text", "picture", "both"};

/* Copies a text into one of the settings' arrays. `list` and `member` are its names in the file. */
static tuwen_status copy_text(const char *path, const char *list, const char *member, tw_json_value value,
                              char out[TW_PROMPT_SIZE], tuwen_error *error)
{
    size_t length = 0;
    const char *text = tw_json_string(value, &length);
    if (!text)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: %s.%s is not a text", path, list, member);
    if (length >= TW_PROMPT_SIZE || memchr(text, '\0', length))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: %s.%s has more than %d bytes, or a zero byte", path, list, member,
                       (int)TW_PROMPT_SIZE - 1);
    memcpy(out, text, length + 1);
    return TUWEN_OK;
}

/* All three templates or none: a mixture with GME's would hardly be meant. */
static tuwen_status read_prompt(const char *path, tw_json_value prompt, tw_settings *settings, tuwen_error *error)
{
    if (tw_json_absent(prompt))
        return TUWEN_OK;
    if (!tw_json_is_object(prompt) || tw_json_count(prompt) != TW_KINDS)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: prompt is not {\"text\", \"picture\", \"both\"}", path);
    for (int kind = 0; kind < TW_KINDS; kind++) {
        tuwen_status status = copy_text(path, "prompt", kinds[kind], tw_json_member(prompt, kinds[kind]),
                                        settings->prompt[kind], error);
        char member[32];
        (void)snprintf(member, sizeof member, "prompt.%s", kinds[kind]);
        if (status == TUWEN_OK)
            status = tw_template_check(settings->prompt[kind], kind != TW_KIND_PICTURE, kind != TW_KIND_TEXT, path,
                                       member, error);
        if (status != TUWEN_OK)
            return status;
    }
    return TUWEN_OK;
}

static bool takes_instruction(const tw_settings *settings, tw_kind kind)
{
    return tw_template_has(settings->prompt[kind], TW_PLACE_INSTRUCTION);
}

/* One instruction, if it is there. A prompt without a place for it would drop it silently. */
static tuwen_status read_instruction(const char *path, tw_json_value list, const char *member, bool has_place,
                                     char out[TW_PROMPT_SIZE], tuwen_error *error)
{
    tw_json_value value = tw_json_member(list, member);
    if (tw_json_absent(value))
        return TUWEN_OK;
    if (!has_place)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: instructions.%s has no {instruction} in the prompt to stand in",
                       path, member);
    return copy_text(path, "instructions", member, value, out, error);
}

static tuwen_status read_instructions(const char *path, tw_json_value list, tw_settings *settings, tuwen_error *error)
{
    if (tw_json_absent(list))
        return TUWEN_OK;
    bool known = tw_json_is_object(list);
    for (tw_json_walk walk = {0}; tw_json_next(list, &walk);)
        known = known && (strcmp(walk.key, "default") == 0 || strcmp(walk.key, "picture") == 0 ||
                          strcmp(walk.key, "match") == 0);
    if (!known)
        return tw_fail(error, TUWEN_BAD_MODEL,
                       "%s: instructions has other members than \"default\", \"picture\" and \"match\"", path);
    bool text = takes_instruction(settings, TW_KIND_TEXT);
    bool picture = takes_instruction(settings, TW_KIND_PICTURE);
    bool any = text || picture || takes_instruction(settings, TW_KIND_BOTH);
    char *defaults = settings->instruction[TW_KIND_TEXT];
    tuwen_status status = read_instruction(path, list, "default", any, defaults, error);
    memcpy(settings->instruction[TW_KIND_PICTURE], defaults, TW_PROMPT_SIZE);
    memcpy(settings->instruction[TW_KIND_BOTH], defaults, TW_PROMPT_SIZE);
    if (status == TUWEN_OK)
        status = read_instruction(path, list, "picture", picture, settings->instruction[TW_KIND_PICTURE], error);
    if (status == TUWEN_OK)
        status = read_instruction(path, list, "match", text, settings->match_instruction, error);
    return status;
}

/* Whether a member has the second of two words; the first is the default. */
static tuwen_status read_choice(const char *path, tw_json_value root, const char *member, const char *first,
                                const char *second, bool *is_second, tuwen_error *error)
{
    tw_json_value value = tw_json_member(root, member);
    if (tw_json_absent(value))
        return TUWEN_OK;
    const char *word = tw_json_string(value, NULL);
    *is_second = word && strcmp(word, second) == 0;
    if (!word || (!*is_second && strcmp(word, first) != 0))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: %s is neither \"%s\" nor \"%s\"", path, member, first, second);
    return TUWEN_OK;
}

/* How the reference computes, where neighbours differ. */
static tuwen_status read_scheme(const char *path, tw_json_value root, tw_settings *settings, tuwen_error *error)
{
    bool mean = false;
    tuwen_status status = read_choice(path, root, "positions", "sequential", "mrope", &settings->mrope, error);
    if (status == TUWEN_OK)
        status = read_choice(path, root, "pooling", "last", "mean", &mean, error);
    settings->pooling = mean ? TW_POOL_MEAN : TW_POOL_LAST;
    tw_json_value resizes = tw_json_member(root, "resizes");
    if (status != TUWEN_OK || tw_json_absent(resizes))
        return status;
    int64_t number = tw_json_integer(resizes, 0);
    if (number != 1 && number != 2)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: resizes is neither 1 nor 2", path);
    settings->resizes = (int)number;
    return TUWEN_OK;
}

static bool read_cosine(tw_json_value value, float *out)
{
    double number = tw_json_number(value, (double)NAN);
    if (!(number >= -1 && number <= 1))
        return false;
    *out = (float)number;
    return true;
}

static tuwen_status read_score(const char *path, tw_json_value score, tw_settings *settings, tuwen_error *error)
{
    if (tw_json_absent(score))
        return TUWEN_OK;
    if (!read_cosine(tw_json_member(score, "low"), &settings->score_low) ||
        !read_cosine(tw_json_member(score, "high"), &settings->score_high) ||
        settings->score_low >= settings->score_high)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: score is not {\"low\", \"high\"} with two rising cosines", path);
    return TUWEN_OK;
}

static tuwen_status bad_bands(const char *path, tuwen_error *error)
{
    return tw_fail(error, TUWEN_BAD_MODEL,
                   "%s: bands are not \"very high\", \"high\" and \"fair\" with falling cosines \"min\"", path);
}

static tuwen_status read_bands(const char *path, tw_json_value bands, tw_settings *settings, tuwen_error *error)
{
    static const char *const names[TW_BANDS] = {"fair", "high", "very high"};
    if (tw_json_absent(bands))
        return TUWEN_OK;
    if (tw_json_count(bands) != TW_BANDS)
        return bad_bands(path, error);
    for (size_t i = 0; i < TW_BANDS; i++) {
        tw_json_value band = tw_json_element(bands, TW_BANDS - 1 - i);
        const char *name = tw_json_string(tw_json_member(band, "name"), NULL);
        if (!name || strcmp(name, names[i]) != 0 || !read_cosine(tw_json_member(band, "min"), &settings->bands[i]) ||
            (i > 0 && settings->bands[i] <= settings->bands[i - 1]))
            return bad_bands(path, error);
    }
    return TUWEN_OK;
}

static tuwen_status read_lengths(const char *path, tw_json_value root, tw_settings *settings, tuwen_error *error)
{
    tw_json_value tokens = tw_json_member(root, "image_tokens");
    if (!tw_json_absent(tokens)) {
        int64_t least = tw_json_integer(tw_json_element(tokens, 0), -1);
        int64_t most = tw_json_integer(tw_json_element(tokens, 1), -1);
        if (tw_json_count(tokens) != 2 || least < 1 || most < least || most > 16384)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: image_tokens is not [least, most] from 1 to 16384", path);
        settings->image_tokens_min = (int)least;
        settings->image_tokens_max = (int)most;
    }
    tw_json_value length = tw_json_member(root, "max_length");
    if (!tw_json_absent(length)) {
        int64_t most = tw_json_integer(length, -1);
        if (most < 1 || most > 32768)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: max_length is not a whole number from 1 to 32768", path);
        settings->max_length = (int)most;
    }
    return TUWEN_OK;
}

/* A misspelt member would silently leave the default, and other vectors. */
static tuwen_status check_members(const char *path, tw_json_value root, tuwen_error *error)
{
    static const char *const members[] = {"name",    "prompt",       "instructions", "positions", "pooling",
                                          "resizes", "image_tokens", "max_length",   "score",     "bands"};
    for (tw_json_walk walk = {0}; tw_json_next(root, &walk);) {
        size_t i = 0;
        while (i < sizeof members / sizeof *members && strcmp(walk.key, members[i]) != 0)
            i++;
        if (i == sizeof members / sizeof *members)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: has the member \"%s\", which this version does not know",
                           path, walk.key);
    }
    return TUWEN_OK;
}

static tuwen_status read_all(const char *path, tw_json_value root, tw_settings *settings, tuwen_error *error)
{
    if (!tw_json_is_object(root))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: is not a JSON object", path);
    size_t length = 0;
    const char *name = tw_json_string(tw_json_member(root, "name"), &length);
    if (name && length < sizeof settings->name)
        memcpy(settings->name, name, length + 1);
    tuwen_status status = check_members(path, root, error);
    if (status == TUWEN_OK)
        status = read_prompt(path, tw_json_member(root, "prompt"), settings, error);
    if (status == TUWEN_OK)
        status = read_instructions(path, tw_json_member(root, "instructions"), settings, error);
    if (status == TUWEN_OK)
        status = read_scheme(path, root, settings, error);
    if (status == TUWEN_OK)
        status = read_lengths(path, root, settings, error);
    if (status == TUWEN_OK)
        status = read_score(path, tw_json_member(root, "score"), settings, error);
    if (status == TUWEN_OK)
        status = read_bands(path, tw_json_member(root, "bands"), settings, error);
    return status;
}

tuwen_status tw_settings_parse(const char *json, size_t size, const char *name, tw_settings *settings,
                               tuwen_error *error)
{
    *settings = gme;
    tw_json *document = NULL;
    tuwen_status status = tw_json_parse(json, size, name, &document, error);
    if (status == TUWEN_OK)
        status = read_all(name, tw_json_root(document), settings, error);
    tw_json_close(document);
    return status;
}

tuwen_status tw_settings_read(const tw_bundle *bundle, tw_settings *settings, tuwen_error *error)
{
    *settings = gme;
    if (!tw_bundle_has(bundle, FILE_NAME))
        return TUWEN_OK;
    tw_bundle_file file;
    tuwen_status status = tw_bundle_read(bundle, FILE_NAME, MAX_BYTES, &file, error);
    if (status == TUWEN_OK)
        status = tw_settings_parse(file.bytes, file.size, file.label, settings, error);
    tw_bundle_free(&file);
    return status;
}
