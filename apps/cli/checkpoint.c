/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoint to use, opening it with the options of the command line, and Ctrl-C. */
#include "checkpoint.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "input.h"
#include "interrupt.h"
#include "places.h"
#include "store.h"

/* A packed file behind a link is named itself: it may be written anew in its place, and the link must stay one. */
static void follow_link(char path[PATH_MAX])
{
    char real[PATH_MAX];
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && realpath(path, real) && stat(real, &status) == 0 &&
        S_ISREG(status.st_mode))
        snprintf(path, PATH_MAX, "%s", real);
}

static int not_found(const char *word)
{
    char folder[PATH_MAX], shown[PATH_MAX] = "";
    if (store_folder(folder))
        path_for_people(shown, folder);
    if (strchr(word, '/') || !*shown)
        complain(SAY_MODEL_NO_PATH, WITH(word));
    else
        complain(store_name_known(word) ? SAY_MODEL_NOT_PULLED : SAY_MODEL_NO_NAME, WITH(word, shown));
    return CLI_MODEL;
}

/* A path if there is something, else a name in the store. */
static int find_word(struct checkpoint_choice *choice, const char *word)
{
    bool fits = snprintf(choice->path, PATH_MAX, "%s", word) < PATH_MAX;
    snprintf(choice->label, PATH_MAX, "%s", word);
    if (!fits || !*word || (access(word, F_OK) != 0 && !store_find(word, choice->path)))
        return not_found(word);
    follow_link(choice->path);
    return CLI_DONE;
}

/* The user's default, else the checkpoint that ships. */
static int find_default(struct checkpoint_choice *choice)
{
    choice->origin = SAY_ORIGIN_USER;
    switch (store_find_default(choice->path, choice->label)) {
    case STORE_DEFAULT_GOOD:
        follow_link(choice->path);
        return CLI_DONE;
    case STORE_DEFAULT_BROKEN:
        complain(SAY_DEFAULT_BROKEN, WITH(choice->path, choice->label));
        return CLI_MODEL;
    case STORE_DEFAULT_NONE:
        break;
    }
    choice->origin = SAY_ORIGIN_SHIPPED;
    if (!place_of_shipped_model(choice->path)) {
        complain(SAY_NO_MODEL, NULL);
        return CLI_MODEL;
    }
    path_tidy(choice->path);
    snprintf(choice->label, PATH_MAX, "%s", choice->path);
    return CLI_DONE;
}

int checkpoint_choose(struct checkpoint_choice *choice, const struct options *options, const char *word)
{
    const char *environment = getenv("TUWEN_MODEL");
    choice->origin = SAY_ORIGIN_OPTION;
    if (!word && options_given(options, OPTION_MODEL))
        word = options->values[OPTION_MODEL].text;
    if (!word && environment && *environment) {
        word = environment;
        choice->origin = SAY_ORIGIN_ENVIRONMENT;
    }
    return word ? find_word(choice, word) : find_default(choice);
}

static void on_log(void *user, const char *line)
{
    complain(SAY_PLAIN, WITH(line));
}

static const char *isa_of(const struct options *options)
{
    return options->values[OPTION_ISA].text;
}

/* "..64" means up to 64, below the model's own least number too; the library fills what stays 0. */
static void set_image_tokens(const struct options *options, const tuwen_model_info *info,
                             tuwen_session_options *session)
{
    const struct option_value *range = &options->values[OPTION_IMAGE_TOKENS];
    session->image_tokens_min = (int)range->number;
    session->image_tokens_max = (int)range->upper;
    if (range->given && range->upper > 0 && range->number <= 0 && info->image_tokens_min > (int)range->upper)
        session->image_tokens_min = (int)range->upper;
    if (range->given && range->number > 0 && range->upper <= 0 && info->image_tokens_max < (int)range->number)
        session->image_tokens_max = (int)range->number;
}

static tuwen_status open_session(struct checkpoint *checkpoint, const struct options *options,
                                 const tuwen_session_options *planned, tuwen_error *error)
{
    const struct option_value *values = options->values;
    if (planned)
        return tuwen_session_open(checkpoint->model, planned, &checkpoint->session, error);
    tuwen_session_options session = {
        .max_length = (int)values[OPTION_MAX_LENGTH].number,
        .exif = (tuwen_exif)values[OPTION_EXIF].number,
        .raw_special = options_given(options, OPTION_RAW_SPECIAL),
        .max_picture_bytes = checkpoint_picture_bytes(options),
        .max_picture_pixels = (uint64_t)values[OPTION_MAX_PIXELS].number,
        .max_picture_seconds = values[OPTION_MAX_SECONDS].number,
    };
    set_image_tokens(options, checkpoint->info, &session);
    return tuwen_session_open(checkpoint->model, &session, &checkpoint->session, error);
}

static void say_model(const struct checkpoint_choice *choice, const tuwen_model_info *info)
{
    remark(SAY_MODEL_LINE, WITH(choice->label, text_of(choice->origin), count_text((double)info->parameters).text));
}

/* Of a packed file the library only tells what takes time or fails: that is worth a remark. */
static void on_remark(void *user, const char *line)
{
    remark(SAY_PLAIN, WITH(line));
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int checkpoint_open(struct checkpoint *checkpoint, const struct cli *cli, const char *word, bool with_session)
{
    const struct checkpoint_plan plan = {.word = word, .facts_only = !with_session, .keeps = true};
    return checkpoint_open_planned(checkpoint, cli, &plan);
}

int checkpoint_open_planned(struct checkpoint *checkpoint, const struct cli *cli, const struct checkpoint_plan *plan)
{
    *checkpoint = (struct checkpoint){0};
    struct checkpoint_choice choice;
    int code = checkpoint_choose(&choice, &cli->options, plan->word);
    if (code != CLI_DONE)
        return code;
    tuwen_error error = {.language = messages_language()};
    tuwen_model_options options = {
        .threads = (int)cli->options.values[OPTION_THREADS].number,
        .isa = isa_of(&cli->options),
        .precision = plan->precision,
        .facts_only = plan->facts_only,
        .remake = !plan->facts_only,
        .random = plan->random,
        .log = is_file(choice.path)                           ? on_remark
               : options_given(&cli->options, OPTION_VERBOSE) ? on_log
                                                              : NULL,
    };
    if (!plan->facts_only)
        interrupt_end_at_once();
    if (tuwen_model_open(choice.path, &options, &checkpoint->model, &error) != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return CLI_MODEL;
    }
    checkpoint->info = tuwen_model_get_info(checkpoint->model);
    if (!plan->word && !plan->random)
        say_model(&choice, checkpoint->info);
    if (plan->facts_only)
        return CLI_DONE;
    tuwen_status status = open_session(checkpoint, &cli->options, plan->session, &error);
    if (status != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return status == TUWEN_INVALID_ARGUMENT ? CLI_USAGE : CLI_MODEL;
    }
    checkpoint->keeps = plan->keeps && !options_given(&cli->options, OPTION_NO_CACHE);
    checkpoint->tells = options_given(&cli->options, OPTION_VERBOSE);
    if (checkpoint->tells)
        complain(SAY_SPACE_LINE, WITH(tuwen_session_fingerprint(checkpoint->session)));
    interrupt_catch(checkpoint->session);
    return CLI_DONE;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    uint64_t found, computed;
    tuwen_cache_count(checkpoint->cache, &found, &computed);
    if (checkpoint->cache && checkpoint->tells)
        complain(SAY_CACHE_TAKEN, WITH(number_text((double)found, 0).text, number_text((double)computed, 0).text));
    tuwen_cache_close(checkpoint->cache);
    interrupt_forget_session();
    tuwen_session_close(checkpoint->session);
    tuwen_model_close(checkpoint->model);
    *checkpoint = (struct checkpoint){0};
}

const char *checkpoint_refuses_text(const char *text, size_t size)
{
    if (!text || text_is_utf8(text, size))
        return NULL;
    return text_of(text_may_be_gbk(text, size) ? SAY_TEXT_GBK : SAY_TEXT_NOT_UTF8);
}

/* Computes those inputs alone whose text is one; the others have failed. */
static tuwen_status embed_readable(struct checkpoint *checkpoint, const tuwen_input *inputs, size_t count,
                                   float *vectors, tuwen_output *outputs)
{
    size_t dimension = tuwen_model_dimension(checkpoint->model), good = 0;
    tuwen_input *kept = calloc(count, sizeof *kept);
    tuwen_status status = kept ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && kept; i++)
        if (!checkpoint_refuses_text(inputs[i].text, inputs[i].text_size))
            kept[good++] = inputs[i];
    if (good > 0)
        status = checkpoint_embed(checkpoint, kept, good, vectors, outputs);
    else if (!kept)
        complain(SAY_OUT_OF_MEMORY, NULL);
    free(kept);
    for (size_t i = count; i-- > 0 && status == TUWEN_OK;) { /* from the end, to where they belong */
        const char *reason = checkpoint_refuses_text(inputs[i].text, inputs[i].text_size);
        if (!reason && --good < i) {
            outputs[i] = outputs[good];
            memcpy(vectors + i * dimension, vectors + good * dimension, dimension * sizeof *vectors);
        } else if (reason) {
            outputs[i] = (tuwen_output){.status = TUWEN_BAD_TEXT};
            snprintf(outputs[i].message, sizeof outputs[i].message, "%s", reason);
            memset(vectors + i * dimension, 0, dimension * sizeof *vectors);
        }
    }
    return status;
}

tuwen_status checkpoint_embed(struct checkpoint *checkpoint, const tuwen_input *inputs, size_t count, float *vectors,
                              tuwen_output *outputs)
{
    for (size_t i = 0; i < count && outputs; i++)
        if (checkpoint_refuses_text(inputs[i].text, inputs[i].text_size))
            return embed_readable(checkpoint, inputs, count, vectors, outputs);
    tuwen_error error = {.language = messages_language()};
    if (interrupt_seen())
        return TUWEN_CANCELLED;
    if (checkpoint->keeps && !checkpoint->cache) {
        checkpoint->cache = cache_open_for_run();
        checkpoint->keeps = checkpoint->cache != NULL; /* it is tried, and said, once */
    }
    tuwen_status status =
        tuwen_cache_embed(checkpoint->cache, checkpoint->session, inputs, count, vectors, outputs, &error);
    if (interrupt_seen())
        return TUWEN_CANCELLED;
    if (status != TUWEN_OK)
        complain(SAY_PLAIN, WITH(error.message));
    return status;
}

uint64_t checkpoint_picture_bytes(const struct options *options)
{
    const struct option_value *value = &options->values[OPTION_MAX_BYTES];
    return value->given ? (uint64_t)value->number : DEFAULT_PICTURE_BYTES;
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
