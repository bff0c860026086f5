/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen convert`: a packed file out of a checkpoint. */
#include "convert.h"

#include <string.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "interrupt.h"
#include "meter.h"
#include "places.h"

static tuwen_precision precision_of(const struct options *options)
{
    static const tuwen_precision choices[] = {TUWEN_PRECISION_BF16, TUWEN_PRECISION_F32,
                                              TUWEN_PRECISION_INT8}; /* as in options.def */
    const struct option_value *value = &options->values[OPTION_PRECISION];
    return value->given ? choices[(int)value->number] : TUWEN_PRECISION_AUTO;
}

/* What int8 would harm, and how near the rest comes. */
static void say_int8(void *user, const tuwen_int8_report *report)
{
    meter_end(user);
    const struct number_text bound = number_text(100 * (double)report->bound, 0);
    remark(report->kept > 0 ? SAY_INT8_KEPT : SAY_INT8_ALL,
           WITH(number_text((double)(report->count - report->kept), 0).text,
                number_text((double)report->count, 0).text, bound.text));
    for (size_t i = 0; i < report->count; i++)
        if (report->products[i].kept)
            remark(SAY_INT8_PRODUCT,
                   WITH(number_text(100 * (double)report->products[i].error, 1).text, report->products[i].name));
    remark(SAY_INT8_COSINE,
           WITH(number_text((double)report->samples, 0).text, number_text((double)report->cosine_least, 4).text,
                number_text((double)report->cosine_median, 4).text));
}

int convert_to(const struct cli *cli, const char *source, const char *target, const char *subject)
{
    struct meter meter;
    meter_begin(&meter, SAY_METER_CONVERT, subject);
    tuwen_convert_options options = {
        .precision = precision_of(&cli->options),
        .threads = (int)cli->options.values[OPTION_THREADS].number,
        .isa = cli->options.values[OPTION_ISA].text,
        .progress = meter_progress,
        .progress_user = &meter,
        .report = say_int8,
        .report_user = &meter,
    };
    tuwen_error error = {.language = messages_language()};
    tuwen_status status = tuwen_convert(source, target, &options, &error);
    meter_end(&meter);
    if (status == TUWEN_CANCELLED)
        return CLI_CANCELLED;
    if (status == TUWEN_OK)
        return CLI_DONE;
    complain(SAY_PLAIN, WITH(error.message));
    return status == TUWEN_IO || status == TUWEN_OUT_OF_MEMORY ? CLI_SOME_FAILED : CLI_MODEL;
}

/* Reads the facts of a checkpoint; NULL if it is none. The model is closed by the caller. `isa` is that of the conversion,
 * since the first model opened decides it for the process. */
static const tuwen_model_info *facts_of(const char *path, const char *isa, tuwen_model **model)
{
    tuwen_model_options options = {.isa = isa, .facts_only = true};
    return tuwen_model_open(path, &options, model, NULL) == TUWEN_OK ? tuwen_model_get_info(*model) : NULL;
}

void convert_say_done(const char *target, const char *subject)
{
    tuwen_model *model;
    const tuwen_model_info *info = facts_of(target, NULL, &model);
    if (info)
        remark(SAY_CONVERT_DONE, WITH(subject, bytes_text((double)info->file_bytes).text, info->precision));
    tuwen_model_close(model);
}

/* A profile judges vectors of the numbers that it was fitted on. */
static void say_profile(const char *source)
{
    char path[PATH_MAX];
    struct stat status;
    if (path_join(path, source, "profile.json", "") && stat(path, &status) == 0)
        remark(SAY_CONVERT_PROFILE, WITH(path));
}

/* Whether what is at `target` may be replaced without --force: only a packed file of the same checkpoint. */
static bool may_replace(const char *target, const char *source, const char *isa)
{
    struct stat status;
    if (stat(target, &status) != 0)
        return true;
    tuwen_model *old_model = NULL, *new_model = NULL;
    const tuwen_model_info *old_info = S_ISREG(status.st_mode) ? facts_of(target, isa, &old_model) : NULL;
    const tuwen_model_info *new_info = old_info ? facts_of(source, isa, &new_model) : NULL;
    bool same = new_info && old_info->made_by && strcmp(old_info->fingerprint, new_info->fingerprint) == 0;
    tuwen_model_close(old_model);
    tuwen_model_close(new_model);
    return same;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int convert_run(const struct cli *cli)
{
    const struct options *options = &cli->options;
    if (options->argument_count > 2) {
        complain(SAY_TOO_MANY_ARGUMENTS, WITH("convert", options->arguments[2]));
        return usage_error(COMMAND_CONVERT);
    }
    if (options->argument_count < 2) {
        complain(SAY_CONVERT_NEEDS_TWO, NULL);
        return usage_error(COMMAND_CONVERT);
    }
    struct checkpoint_choice source;
    const char *target = options->arguments[1];
    int code = checkpoint_choose(&source, options, options->arguments[0]);
    if (code != CLI_DONE)
        return code;
    if (is_folder(target)) {
        complain(SAY_FILE_FOLDER, WITH(target));
        return CLI_USAGE;
    }
    if (!options_given(options, OPTION_FORCE) &&
        !may_replace(target, source.path, options->values[OPTION_ISA].text)) {
        complain(SAY_FILE_OVERWRITES, WITH(target));
        return CLI_USAGE;
    }
    char subject[128];
    path_last_part(subject, sizeof subject, target);
    interrupt_catch(NULL);
    code = convert_to(cli, source.path, target, subject);
    if (code == CLI_CANCELLED)
        complain(SAY_CANCELLED, NULL);
    if (code == CLI_DONE) {
        convert_say_done(target, target);
        say_profile(source.path);
    }
    return code;
}
