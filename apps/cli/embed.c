/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen embed`: the vectors of texts, pictures, and pairs of both.
 *
 * Items keep the order of the command line. They are computed and printed in chunks: many texts together, pictures one
 * by one, so memory does not grow with the number of pictures.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "cli.h"
#include "input.h"
#include "interrupt.h"
#include "json.h"
#include "output.h"

enum { ITEMS_AT_ONCE = 64 };

/* A text, a picture, or both. */
struct item {
    const char *picture; /* path; NULL = none */
    size_t text;         /* place in the list of texts; NO_TEXT = none */
};

#define NO_TEXT SIZE_MAX

struct embed {
    const struct cli *cli;
    struct item *items;
    size_t count, capacity;
    struct text_list texts;
    struct checkpoint checkpoint;
    size_t dimension;
    float *vectors;            /* [ITEMS_AT_ONCE][dimension] */
    tuwen_output *outputs;     /* [ITEMS_AT_ONCE] */
    struct output_pair output; /* of an array that goes to a file: FILE.json beside it */
    bool as_array;
    bool some_failed;
};

/* The command line. */

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return CLI_USAGE;
}

static int add_item(struct embed *embed, const char *picture, size_t text)
{
    if (embed->count == embed->capacity) {
        size_t capacity = embed->capacity ? embed->capacity * 2 : 64;
        struct item *items = realloc(embed->items, capacity * sizeof *items);
        if (!items) {
            complain(SAY_OUT_OF_MEMORY, NULL);
            return CLI_SOME_FAILED;
        }
        embed->items = items;
        embed->capacity = capacity;
    }
    embed->items[embed->count++] = (struct item){picture, text};
    return CLI_DONE;
}

static int add_text(struct embed *embed, const char *text)
{
    if (!*text)
        return wrong(SAY_EMPTY_TEXT, WITH(number_text((double)(embed->texts.count + 1), 0).text));
    if (!text_list_add(&embed->texts, text, strlen(text)))
        return CLI_SOME_FAILED;
    return add_item(embed, NULL, embed->texts.count - 1);
}

static int add_lines(struct embed *embed, const char *path)
{
    size_t at = embed->texts.count;
    int code = text_list_read(&embed->texts, path) ? CLI_DONE : CLI_SOME_FAILED;
    for (; at < embed->texts.count && code == CLI_DONE; at++)
        code = add_item(embed, NULL, at);
    return code;
}

static int take_option(struct embed *embed, const struct option_item *item, bool *stdin_used)
{
    if (item->option == OPTION_TEXT)
        return add_text(embed, item->text);
    bool is_stdin = strcmp(item->text, "-") == 0;
    if (!*item->text)
        return wrong(SAY_EMPTY_NAME, NULL);
    if (is_stdin && *stdin_used)
        return wrong(SAY_STDIN_TWICE, NULL);
    *stdin_used = *stdin_used || is_stdin;
    return item->option == OPTION_IMAGE ? add_item(embed, item->text, NO_TEXT) : add_lines(embed, item->text);
}

/* --fuse: the items must be picture, text, picture, text...; each two become one. */
static int fuse(struct embed *embed)
{
    size_t pairs = 0;
    for (size_t i = 0; i < embed->count; i += 2) {
        struct item first = embed->items[i];
        bool followed = i + 1 < embed->count && embed->items[i + 1].text != NO_TEXT;
        if (!first.picture) {
            const struct text *text = &embed->texts.texts[first.text];
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)text_fit(text->data, text->size, 60), text->data);
            return wrong(SAY_FUSE_ORDER, WITH(name));
        }
        if (!followed)
            return wrong(SAY_FUSE_ORDER, WITH(input_name(first.picture)));
        embed->items[pairs++] = (struct item){first.picture, embed->items[i + 1].text};
    }
    embed->count = pairs;
    return CLI_DONE;
}

static int gather(struct embed *embed)
{
    const struct options *options = &embed->cli->options;
    bool stdin_used = false;
    int code = CLI_DONE;
    if (options->argument_count > 0)
        return wrong(SAY_EMBED_ARGUMENT, WITH(options->arguments[0]));
    for (size_t i = 0; i < options->item_count && code == CLI_DONE; i++)
        code = take_option(embed, &options->items[i], &stdin_used);
    if (code == CLI_DONE && embed->count == 0)
        return wrong(SAY_EMBED_NOTHING, NULL);
    if (code == CLI_DONE && options_given(options, OPTION_FUSE))
        code = fuse(embed);
    return code;
}

/* Computing. */

/* What is known of one item while its chunk is computed. */
struct slot {
    struct bytes picture;
    struct input_error error;
    bool unread; /* its picture could not be read */
};

/* Items from `first` on that go together: a run of texts, or one item with a picture. */
static size_t chunk_length(const struct embed *embed, size_t first)
{
    size_t count = 0;
    while (first + count < embed->count && count < ITEMS_AT_ONCE && !embed->items[first + count].picture)
        count++;
    return count ? count : 1;
}

static tuwen_input input_of(const struct embed *embed, const struct item *item, const struct slot *slot)
{
    tuwen_input input = {0};
    if (item->text != NO_TEXT) {
        const struct option_value *instruction = &embed->cli->options.values[OPTION_INSTRUCTION];
        input.text = embed->texts.texts[item->text].data;
        input.text_size = embed->texts.texts[item->text].size;
        input.instruction = instruction->given ? instruction->text : NULL;
        input.instruction_size = instruction->given ? strlen(instruction->text) : 0;
    }
    if (item->picture) {
        input.picture = slot->picture.data;
        input.picture_size = slot->picture.size;
        input.name = input_name(item->picture);
    }
    return input;
}

static void complain_of_item(const struct embed *embed, size_t index, const char *message)
{
    if (embed->items[index].picture)
        complain_of(input_name(embed->items[index].picture), message);
    else
        text_list_complain(&embed->texts, embed->items[index].text, message);
}

/* The instruction of the texts where it is not the default. */
static const char *other_instruction(const struct embed *embed)
{
    const struct option_value *instruction = &embed->cli->options.values[OPTION_INSTRUCTION];
    const char *usual = embed->checkpoint.info->default_instruction;
    return instruction->given && !(usual && strcmp(instruction->text, usual) == 0) ? instruction->text : NULL;
}

/* Prints the item of one slot: its vector, or why it has none. */
static bool print_item(struct embed *embed, size_t index, size_t place, const struct slot *slot)
{
    const struct item *item = &embed->items[index];
    const tuwen_output *output = &embed->outputs[place];
    float *vector = embed->vectors + place * embed->dimension;
    bool good = !slot->unread && output->status == TUWEN_OK;
    const char *message = slot->unread ? slot->error.message : output->message;
    if (!good) {
        embed->some_failed = true;
        complain_of_item(embed, index, message);
        memset(vector, 0, embed->dimension * sizeof *vector);
    }
    const struct text *text = item->text != NO_TEXT ? &embed->texts.texts[item->text] : NULL;
    struct json_item line = {
        .index = index,
        .text = text ? text->data : NULL,
        .text_size = text ? text->size : 0,
        .image = item->picture,
        .instruction = text ? other_instruction(embed) : NULL,
        .space = tuwen_session_fingerprint(embed->checkpoint.session),
        .status = slot->unread ? slot->error.status : tuwen_status_name(output->status),
        .message = message,
        .output = output,
        .vector = good ? vector : NULL,
        .dimension = embed->dimension,
    };
    if (!embed->as_array)
        return json_embed_line(embed->output.main.stream, &line);
    npy_row(embed->output.main.stream, vector, embed->dimension);
    return !embed->output.facts.stream || json_array_item(embed->output.facts.stream, &line);
}

static tuwen_status embed_chunk(struct embed *embed, size_t first, size_t count)
{
    tuwen_input inputs[ITEMS_AT_ONCE];
    struct slot slot = {0}; /* a chunk has at most one picture, and then nothing else */
    const char *picture = embed->items[first].picture;
    if (picture)
        slot.unread =
            !input_read_picture(picture, checkpoint_picture_bytes(&embed->cli->options), &slot.picture, &slot.error);
    for (size_t i = 0; i < count; i++)
        inputs[i] = input_of(embed, &embed->items[first + i], &slot);
    tuwen_status status = interrupt_seen() ? TUWEN_CANCELLED : TUWEN_OK;
    if (status == TUWEN_OK && !slot.unread)
        status = checkpoint_embed(&embed->checkpoint, inputs, count, embed->vectors, embed->outputs);
    bytes_free(&slot.picture);
    for (size_t i = 0; i < count && status == TUWEN_OK; i++)
        if (!print_item(embed, first + i, i, &slot))
            status = TUWEN_OUT_OF_MEMORY;
    if (embed->output.main.stream == stdout)
        output_flush();
    return status;
}

static void show_progress(const struct embed *embed, size_t at)
{
    char line[1024];
    const char *picture = embed->items[at].picture;
    bool to_terminal = !embed->output.main.target && isatty(STDOUT_FILENO) == 1;
    if (to_terminal || embed->count < 2)
        return;
    snprintf(line, sizeof line, "%zu/%zu%s%s", at + 1, embed->count, picture ? " " : "",
             picture ? input_name(picture) : "");
    progress_show(line);
}

static tuwen_status embed_all(struct embed *embed)
{
    tuwen_status status = TUWEN_OK;
    if (embed->as_array)
        npy_header(embed->output.main.stream, embed->count, embed->dimension);
    for (size_t first = 0; first < embed->count && status == TUWEN_OK && !ferror(embed->output.main.stream);) {
        size_t count = chunk_length(embed, first);
        show_progress(embed, first);
        status = embed_chunk(embed, first, count);
        first += count;
    }
    progress_clear();
    return status;
}

static bool allocate(struct embed *embed)
{
    embed->dimension = tuwen_model_dimension(embed->checkpoint.model);
    embed->vectors = calloc(ITEMS_AT_ONCE, embed->dimension * sizeof *embed->vectors);
    embed->outputs = calloc(ITEMS_AT_ONCE, sizeof *embed->outputs);
    bool good = embed->vectors && embed->outputs;
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return good;
}

/* An array has no place for facts: they go to FILE.json beside a FILE. */
static bool open_outputs(struct embed *embed)
{
    if (!output_pair_open(&embed->output, embed->cli->options.values[OPTION_OUTPUT].text, embed->as_array))
        return false;
    return !embed->output.facts.stream ||
           json_array_begin(embed->output.facts.stream, embed->checkpoint.info,
                            tuwen_session_fingerprint(embed->checkpoint.session), embed->count);
}

static bool close_outputs(struct embed *embed, bool keep)
{
    if (embed->output.facts.stream)
        json_array_end(embed->output.facts.stream);
    return output_pair_close(&embed->output, keep);
}

/* Lines that were computed before Ctrl-C are printed; a file, which would be incomplete, is not kept. */
static int write_all(struct embed *embed)
{
    if (!open_outputs(embed))
        return CLI_SOME_FAILED;
    tuwen_status status = embed_all(embed);
    bool written = close_outputs(embed, status == TUWEN_OK);
    if (status == TUWEN_CANCELLED) {
        complain(SAY_CANCELLED, NULL);
        return CLI_CANCELLED;
    }
    if (status == TUWEN_OUT_OF_MEMORY)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return status == TUWEN_OK && written && !embed->some_failed ? CLI_DONE : CLI_SOME_FAILED;
}

static int run_embed(struct embed *embed)
{
    const struct option_value *output = &embed->cli->options.values[OPTION_OUTPUT];
    bool to_stdout = !output->given || strcmp(output->text, "-") == 0;
    embed->as_array = embed->cli->options.values[OPTION_FORMAT].number > 0;
    int code = gather(embed);
    if (code == CLI_DONE && embed->as_array && to_stdout && isatty(STDOUT_FILENO) == 1)
        code = wrong(SAY_NPY_TERMINAL, NULL);
    if (code != CLI_DONE)
        return code == CLI_USAGE ? usage_error(COMMAND_EMBED) : code;
    code = checkpoint_open(&embed->checkpoint, embed->cli, NULL, true);
    if (code != CLI_DONE)
        return code;
    return allocate(embed) ? write_all(embed) : CLI_SOME_FAILED;
}

int embed_run(const struct cli *cli)
{
    struct embed embed = {.cli = cli};
    int code = run_embed(&embed);
    checkpoint_close(&embed.checkpoint);
    text_list_free(&embed.texts);
    free(embed.items);
    free(embed.vectors);
    free(embed.outputs);
    return code;
}
