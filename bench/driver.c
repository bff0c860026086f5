/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that keeps one model open and embeds what it is told to, so that the scripts of this folder can take
 * tuwen's warm times in turn with another engine's. common.py compiles and drives it.
 *
 *     driver MODEL [THREADS]
 *
 * It first prints "ready PRECISION DIMENSION VERSION". Then it reads lines, each a word, a space, and the rest:
 *
 *     instruction TEXT    of the texts that follow; without it the model's default
 *     picture PATH        adds a picture, whose bytes are read now and decoded when they are embedded
 *     text TEXT           adds a text
 *     run PATH            embeds all that was added with one call, writes the vectors to PATH (float32), prints the
 *                         seconds that the call took, and forgets what was added
 *
 * The first error ends it, with a sentence on standard error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tuwen/tuwen.h>

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("driver: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (!memory)
        fail("out of memory");
    return memory;
}

/* A copy that lives until forget(). */
static char *keep(const char *text)
{
    return strcpy(allocate(NULL, strlen(text) + 1), text);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail("%s cannot be opened", path);
    char *bytes = NULL;
    size_t got;
    *size = 0;
    do {
        bytes = allocate(bytes, *size + 65536);
        got = fread(bytes + *size, 1, 65536, file);
        *size += got;
    } while (got);
    if (ferror(file))
        fail("%s cannot be read", path);
    fclose(file);
    return bytes;
}

/* What was added since the last run. */
static tuwen_input *inputs;
static size_t count;
static char *instruction; /* NULL = the model's default */

static tuwen_input *add(void)
{
    inputs = allocate(inputs, (count + 1) * sizeof *inputs);
    inputs[count] = (tuwen_input){0};
    return &inputs[count++];
}

static void add_picture(const char *path)
{
    tuwen_input *input = add();
    input->name = keep(path);
    input->picture = read_file(path, &input->picture_size);
}

static void add_text(const char *text)
{
    tuwen_input *input = add();
    input->text = keep(text);
    input->text_size = strlen(text);
    if (instruction) {
        input->instruction = keep(instruction);
        input->instruction_size = strlen(instruction);
    }
}

static void forget(void)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)inputs[i].name);
        free((void *)inputs[i].picture);
        free((void *)inputs[i].text);
        free((void *)inputs[i].instruction);
    }
    free(inputs);
    free(instruction);
    inputs = NULL;
    instruction = NULL;
    count = 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void run(tuwen_session *session, size_t dimension, const char *path)
{
    tuwen_error error = {.language = TUWEN_ENGLISH};
    float *vectors = allocate(NULL, (count ? count : 1) * dimension * sizeof *vectors);
    double start = now();
    if (tuwen_embed(session, inputs, count, vectors, NULL, &error) != TUWEN_OK)
        fail("%s", error.message);
    double seconds = now() - start;
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(vectors, dimension * sizeof *vectors, count, file) != count || fclose(file))
        fail("%s cannot be written", path);
    free(vectors);
    forget();
    printf("%.6f\n", seconds);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3)
        fail("usage: driver MODEL [THREADS]");
    tuwen_error error = {.language = TUWEN_ENGLISH};
    tuwen_model_options options = {.threads = argc == 3 ? atoi(argv[2]) : 0};
    tuwen_model *model;
    tuwen_session *session;
    if (tuwen_model_open(argv[1], &options, &model, &error) != TUWEN_OK ||
        tuwen_session_open(model, NULL, &session, &error) != TUWEN_OK)
        fail("%s", error.message);
    size_t dimension = tuwen_model_dimension(model);
    printf("ready %s %zu %s\n", tuwen_model_get_info(model)->precision, dimension, tuwen_version());
    fflush(stdout);

    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        char *rest = strchr(line, ' ');
        if (!rest)
            fail("a line has one word: %s", line);
        *rest++ = '\0';
        if (!strcmp(line, "instruction")) {
            free(instruction);
            instruction = keep(rest);
        } else if (!strcmp(line, "picture")) {
            add_picture(rest);
        } else if (!strcmp(line, "text")) {
            add_text(rest);
        } else if (!strcmp(line, "run")) {
            run(session, dimension, rest);
        } else {
            fail("unknown word: %s", line);
        }
    }
    free(line);
    forget();
    tuwen_session_close(session);
    tuwen_model_close(model);
    return 0;
}
