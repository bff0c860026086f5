/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuwen: how well pictures and texts match, by the embedding model GME-Qwen2-VL, on one's own machine.
 *
 * This header is the whole public surface, kept narrow so that no client depends on tensors, JSON or file formats.
 *
 *     tuwen_error error = {.language = TUWEN_ENGLISH};
 *     tuwen_model *model;
 *     tuwen_session *session;
 *     if (tuwen_model_open("models/demo", NULL, &model, &error) != TUWEN_OK ||
 *         tuwen_session_open(model, NULL, &session, &error) != TUWEN_OK)
 *         return fail(error.message);
 *     tuwen_input inputs[2] = {{.picture = jpeg, .picture_size = jpeg_size, .name = "photo.jpg"},
 *                              {.text = "a dog", .text_size = 5, .instruction = TUWEN_MATCH_INSTRUCTION,
 *                               .instruction_size = strlen(TUWEN_MATCH_INSTRUCTION)}};
 *     float *vectors = malloc(2 * sizeof(float) * tuwen_model_dimension(model));
 *     tuwen_embed(session, inputs, 2, vectors, NULL, &error);
 *     tuwen_score score = tuwen_score_pair(model, vectors, vectors + tuwen_model_dimension(model));
 *
 * Threads: a tuwen_model is immutable after tuwen_model_open and may be shared between threads; a tuwen_session holds
 * scratch memory and is used by one thread at a time. No call prints, exits or aborts, and tuwen has no global state of
 * its own; oneDNN keeps its instruction-set level for the whole process (tuwen_model_options.isa). Libraries below
 * tuwen that run out of memory or threads are not covered by this promise.
 *
 * Versions: a 0.x release may change the option, info, input and output structs, and then changes the soname with them.
 */
#ifndef TUWEN_TUWEN_H
#define TUWEN_TUWEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuwen/status.h"

#define TUWEN_VERSION_MAJOR 0
#define TUWEN_VERSION_MINOR 1
#define TUWEN_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* GME's system text when no instruction is given; pictures are always encoded with it. */
#define TUWEN_DEFAULT_INSTRUCTION "You are a helpful assistant."

/* GME's instruction of the text side for matching texts with a picture (published with its model card). Of a model at
 * hand: tuwen_model_info.match_instruction. */
#define TUWEN_MATCH_INSTRUCTION "Find an image that matches the given text."

/* A loaded checkpoint: configuration, tokenizer, weights. Immutable; shared between threads. */
typedef struct tuwen_model tuwen_model;

/* Scratch memory for computing with one model; used by one thread at a time. */
typedef struct tuwen_session tuwen_session;

/* Receives one line of talk (no newline). Called on the thread that made the call. */
typedef void (*tuwen_log_function)(void *user, const char *line);

/* In which numbers weights are kept and products are computed. Sums, norms, softmax and vectors are float32 always. */
typedef enum tuwen_precision {
    TUWEN_PRECISION_AUTO = 0, /* opening: a packed file's own, else f32; converting: bf16 */
    TUWEN_PRECISION_F32 = 1,
    TUWEN_PRECISION_BF16 = 2,
    /* Weights and the inputs of products as whole numbers of 8 bits where that was found harmless, else bf16. Only of a
     * packed file, for which tuwen_convert makes the choice, and of random weights, where all products are in int8 that
     * can be. */
    TUWEN_PRECISION_INT8 = 3
} tuwen_precision;

/* Told how far a long call is, in bytes; returns false to stop it (CANCELLED). On the thread that made the call. */
typedef bool (*tuwen_progress_function)(void *user, uint64_t done, uint64_t total);

/* The levels of instruction sets by name, of every architecture, lowest first. "avx512_bf16" is "avx512" with products of
 * bf16 by the processor's own instructions for them; it is not chosen by itself where these are the slower ones. "amx" has
 * products of bf16 and int8 in tile registers, which Linux gives to the process when the level is first asked for. */
#define TUWEN_LEVELS "scalar|avx2|avx512|avx512_bf16|amx|neon"

/* How to open a model. Zero-initialise for the defaults. */
typedef struct tuwen_model_options {
    int threads; /* of every product; 0 = one for each core that the process may use */
    /*
     * One of TUWEN_LEVELS: exactly this level, UNSUPPORTED if the machine cannot run it, INVALID_ARGUMENT if this build
     * does not know it. NULL = the TUWEN_ISA environment variable, else the best here. On x86-64 the level also caps oneDNN, for the whole process: the first model opened decides. A later higher
     * level cannot raise oneDNN's cap; a later lower one fails with UNSUPPORTED.
     */
    const char *isa;
    /* Of a folder: weights are rounded to it. A packed file has its own: another one is INVALID_ARGUMENT. */
    tuwen_precision precision;
    /* Only tuwen_model_get_info is wanted: weights are not packed, and no session can be opened (INVALID_ARGUMENT). */
    bool facts_only;
    /*
     * A packed file that an older version laid out otherwise is written anew in its place. Without it, in int8, which
     * cannot be made of int8, or when the file cannot be written (the log tells), its weights are packed into memory at
     * each opening. (Files of this version serve every machine as they are.)
     */
    bool remake;
    /*
     * For measuring without a checkpoint's weights: a published configuration by name, "gme-2b" or "gme-7b", or the path
     * of a config.json. The weights are then seeded random numbers, made in memory (of the embedding table not even
     * that), the same whenever precision and kind of machine are; `path` only names the checkpoint whose tokenizer is
     * used. Its tuwen.json holds for a config.json, while the published ones have GME's own settings. AUTO means bf16.
     * NULL = the checkpoint.
     */
    const char *random;
    tuwen_log_function log; /* may be NULL */
    void *log_user;
} tuwen_model_options;

/* What a checkpoint is. Owned by the model and valid as long as it. */
typedef struct tuwen_model_info {
    const char *path; /* as given to tuwen_model_open */
    const char *name; /* from tuwen.json, else the folder's last part */
    /* 16 hexadecimal digits, a digest of the configuration and tokenizer files and of samples of the weights: tells
     * checkpoints apart, but is no protection against tampering. */
    const char *fingerprint;
    const char *weight_dtype; /* of all tensors, as stored: "F32", "F16", "BF16" or "mixed"; or "random" */
    const char *precision;    /* in which products are computed: "f32", "bf16" or "int8" */
    const char *made_by;      /* of a packed file, such as "tuwen 0.1.0, oneDNN 2.6.3, avx512"; NULL for a folder */
    bool fits_machine;        /* weights are mapped as they lie in the file, not packed at opening */
    uint64_t file_bytes;      /* of a packed file; 0 for a folder */
    uint64_t parameters;      /* of the vision tower and the language model, without an unused lm_head */
    uint64_t vision_parameters;
    uint64_t weight_bytes; /* of those tensors, as stored */
    int tensors;           /* in the files, all */
    int shards;            /* weight files */
    int dimension;         /* of a vector: the language model's hidden size */
    int text_layers, text_heads, text_kv_heads, text_head_dim, text_intermediate, vocabulary;
    int vision_layers, vision_heads, vision_dim, vision_mlp, patch_size, merge_size;
    int image_tokens_min, image_tokens_max; /* the defaults of a session */
    int max_length;                         /* likewise, in tokens */
    /* For texts when the caller gives none, and for texts that are matched with pictures: tuwen.json's, else GME's.
     * NULL when the checkpoint's prompt has no place for an instruction. */
    const char *default_instruction, *match_instruction;
    float score_low, score_high; /* cosines of the scores 0 and 1 */
    float band_from[4];          /* least cosine of each tuwen_band; -1 for the first */
} tuwen_model_info;

/*
 * Opens a checkpoint: a packed file made by tuwen_convert, or a folder as published on the hubs: config.json, model.safetensors or shards with an index,
 * preprocessor_config.json, tokenizer files, and optionally tuwen.json. `*model` is owned by the caller and freed with
 * tuwen_model_close; it is NULL after a failure. Weight files stay mapped as long as the model lives and must not be
 * changed meanwhile: a file that is shortened ends the process with SIGBUS. Errors: NOT_FOUND, IO, BAD_MODEL,
 * BAD_TOKENIZER, LIMIT, UNSUPPORTED, OUT_OF_MEMORY, INVALID_ARGUMENT, INTERNAL.
 */
TUWEN_API tuwen_status tuwen_model_open(const char *path, const tuwen_model_options *options, tuwen_model **model,
                                        tuwen_error *error);

/* How one product of a checkpoint fares in int8. */
typedef struct tuwen_int8_product {
    const char *name; /* of its weight, as in the packed file */
    float error;      /* relative root-mean-square error of its result against bf16 */
    bool kept;        /* in bf16 */
} tuwen_int8_product;

/* What was found out while converting to int8. Valid during the call that brings it. */
typedef struct tuwen_int8_report {
    const tuwen_int8_product *products;
    size_t count, kept;
    float bound;                       /* products with a larger error were kept in bf16, gate and up together */
    int samples;                       /* texts, pictures, and both together */
    float cosine_least, cosine_median; /* of the samples' vectors between bf16 and the file that was written */
} tuwen_int8_report;

typedef void (*tuwen_int8_function)(void *user, const tuwen_int8_report *report);

/* How to convert. Zero-initialise for the defaults. */
typedef struct tuwen_convert_options {
    tuwen_precision precision;
    int threads;                      /* as in tuwen_model_options */
    const char *isa;                  /* likewise: the machine that the file is made for */
    tuwen_progress_function progress; /* may be NULL */
    void *progress_user;
    tuwen_int8_function report; /* of int8, at the end, on the thread that made the call; may be NULL */
    void *report_user;
} tuwen_convert_options;

/*
 * Writes a checkpoint (folder or packed file) into the packed file `target`: configuration, tokenizer and weights in
 * one precision, in the layout that this machine computes with. One layer is in memory at a time. `target` appears
 * when it is complete and replaces an older one, which stays as it was after any failure; "<target>.part" is
 * written meanwhile, and a lock on it keeps a second writer out. Errors: as tuwen_model_open, and CANCELLED.
 *
 * INT8 takes three passes: a bf16 file "<target>.bf16" is written (unless the source is one that fits this machine) and
 * removed again as soon as it is mapped; sample texts and pictures go through it, and each product is computed in int8
 * too; then `target` is written, and the samples' vectors of both are compared. A call cancelled during that comparison
 * leaves the finished file.
 */
TUWEN_API tuwen_status tuwen_convert(const char *source, const char *target, const tuwen_convert_options *options,
                                     tuwen_error *error);

/* Reads a whole packed file and compares every checksum; BAD_MODEL names the first part that is damaged. */
TUWEN_API tuwen_status tuwen_verify(const char *path, tuwen_progress_function progress, void *progress_user,
                                    tuwen_error *error);

/* Frees a model; accepts NULL. All its sessions must be closed first. */
TUWEN_API void tuwen_model_close(tuwen_model *model);

/* Facts about the model. Thread-safe. */
TUWEN_API const tuwen_model_info *tuwen_model_get_info(const tuwen_model *model);

/* Length of every vector of this model, in floats. Thread-safe. */
TUWEN_API size_t tuwen_model_dimension(const tuwen_model *model);

/* What to do with a picture's EXIF orientation. */
typedef enum tuwen_exif { TUWEN_EXIF_APPLY = 0, TUWEN_EXIF_IGNORE = 1 } tuwen_exif;

/* How a session computes. Zero-initialise for the defaults; a zero field means its default. */
typedef struct tuwen_session_options {
    /* 1..16384; default: the model's (256 for GME). A token covers a square of patch_size * merge_size pixels a side
     * (28x28 pixels for GME). */
    int image_tokens_min;
    int image_tokens_max; /* image_tokens_min..16384; default: the model's (1280 for GME) */
    int max_length;       /* 1..32768 tokens; longer inputs are cut on the right; default: the model's (1800) */
    tuwen_exif exif;      /* people expect an upright photo, so the default is to apply it; the reference ignores */
    bool raw_special; /* whether "<|im_end|>" and the like inside texts act as special tokens (as in the reference) */
    uint64_t max_picture_bytes;  /* of a picture's file; default 256 MiB */
    uint64_t max_picture_pixels; /* width * height; default 178,956,970 (Pillow's own bound for an error) */
    double max_picture_seconds;  /* of decoding one picture; default 30 */
} tuwen_session_options;

/*
 * Makes a session for `model`, which must outlive it. `*session` is owned by the caller; NULL after a failure. Errors:
 * INVALID_ARGUMENT, OUT_OF_MEMORY, INTERNAL.
 */
TUWEN_API tuwen_status tuwen_session_open(const tuwen_model *model, const tuwen_session_options *options,
                                          tuwen_session **session, tuwen_error *error);

/* Frees a session; accepts NULL. */
TUWEN_API void tuwen_session_close(tuwen_session *session);

/*
 * 16 hexadecimal digits that say how this session makes vectors: checkpoint, precision, image tokens, length, EXIF,
 * special tokens, and what tuwen.json says of prompt, positions, pooling and resizes. Vectors of different fingerprints
 * must not be compared; an instruction is the caller's own matter. Valid as long as the session.
 */
TUWEN_API const char *tuwen_session_fingerprint(const tuwen_session *session);

/*
 * The same of everything that decides the last bit: besides what the fingerprint stands for, the version of tuwen and of the
 * libraries that multiply and decode, the packed file, and the instruction set. Under equal ones equal inputs get equal
 * vectors, bit for bit. 16 hexadecimal digits, valid as long as the session.
 */
TUWEN_API const char *tuwen_session_exact_fingerprint(const tuwen_session *session);

/* The session's model, and its options with the defaults filled in; valid as long as the session. Thread-safe. */
TUWEN_API const tuwen_model *tuwen_session_get_model(const tuwen_session *session);
TUWEN_API const tuwen_session_options *tuwen_session_get_options(const tuwen_session *session);

/*
 * Asks the session's running call to end soon with CANCELLED. The only session function that another thread, or a
 * signal handler, may call. The request is kept until a call ends by it.
 */
TUWEN_API void tuwen_session_cancel(tuwen_session *session);

/*
 * One thing to embed: a text, a picture, or both (fused: one vector for the pair). Memory stays the caller's and is
 * only read during the call.
 */
typedef struct tuwen_input {
    const char *text;        /* UTF-8 (an invalid byte is read as U+FFFD); NULL = no text */
    size_t text_size;        /* bytes */
    const void *picture;     /* the bytes of a picture file; NULL = no picture */
    size_t picture_size;     /* bytes */
    const char *name;        /* of the picture, for messages; may be NULL */
    const char *instruction; /* replaces the system text (GME); NULL = the model's default for this kind of input */
    size_t instruction_size; /* bytes */
} tuwen_input;

/* What happened to one input. */
typedef struct tuwen_output {
    tuwen_status status; /* OK, or why this input has no vector (its row is then all zero) */
    bool truncated;      /* the input had more than max_length tokens and lost its end */
    int tokens;          /* computed, image tokens included */
    int image_tokens;    /* among them */
    int picture_width;   /* of the decoded picture, upright if EXIF is applied; 0 without a picture */
    int picture_height;
    char message[TUWEN_MESSAGE_SIZE]; /* one sentence when status is not OK, else empty */
} tuwen_output;

/*
 * Embeds `count` inputs into `vectors` ([count][dimension], row-major, L2-normalised). Texts are computed together as
 * one batch of products. A bad input does not stop the others when `outputs` ([count]) is given: its own status tells.
 * When `outputs` is NULL the first bad input ends the call with its status and message. Returns OK when every input
 * was tried. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, CANCELLED, INTERNAL; with `outputs` NULL also BAD_IMAGE,
 * BAD_TEXT, LIMIT, BAD_MODEL (a vector that is zero or not finite). After any return but OK, `vectors` and `outputs` are undefined.
 */
TUWEN_API tuwen_status tuwen_embed(tuwen_session *session, const tuwen_input *inputs, size_t count, float *vectors,
                                   tuwen_output *outputs, tuwen_error *error);

/* The verdict on a pair, by raw cosine; thresholds belong to the model (tuwen.json, else GME's). */
typedef enum tuwen_band {
    TUWEN_BAND_MISMATCH = 0,
    TUWEN_BAND_FAIR = 1,
    TUWEN_BAND_HIGH = 2,
    TUWEN_BAND_VERY_HIGH = 3
} tuwen_band;

typedef struct tuwen_score {
    float cosine;    /* cosine similarity, -1..1 */
    float score;     /* (cosine - low) / (high - low), cut to 0..1; low..high belong to the model (GME: 0.1..0.5) */
    tuwen_band band; /* GME: very high from 0.4, high from 0.3, fair from 0.2 */
} tuwen_score;

/* Cosine similarity of two vectors of `dimension` floats; 0 when one of them is all zero. Thread-safe. */
TUWEN_API float tuwen_cosine(const float *a, const float *b, size_t dimension);

/* Score and band of a cosine on this model's scale. Thread-safe. */
TUWEN_API tuwen_score tuwen_score_cosine(const tuwen_model *model, float cosine);

/* The same for two vectors of this model. Thread-safe. */
TUWEN_API tuwen_score tuwen_score_pair(const tuwen_model *model, const float *a, const float *b);

/* "very high", "high", "fair", "mismatch", and in Chinese; constant storage. Thread-safe. */
TUWEN_API const char *tuwen_band_name(tuwen_band band, tuwen_language language);

/* What to do with a pair of this band, such as "use as it is" (可直接采用). Constant storage. Thread-safe. */
TUWEN_API const char *tuwen_band_advice(tuwen_band band, tuwen_language language);

/*
 * The token ids of an input as it would be computed (template, instruction and image tokens included). Writes at most
 * `capacity` ids into `ids` and the full number into `*count`; call with capacity 0 to learn it. A picture is decoded
 * fully. Errors: INVALID_ARGUMENT, BAD_IMAGE, BAD_TEXT, LIMIT, OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_tokenize(tuwen_session *session, const tuwen_input *input, int32_t *ids, size_t capacity,
                                      size_t *count, tuwen_error *error);

/* What a part of a session's work took. */
typedef struct tuwen_stage {
    /* In this order: "decode", "preprocess" (resizing a picture and cutting it into patches), "tokenize"; "vision
     * products", "vision attention", "vision rest"; "merger products", "merger rest" (the end of the vision tower);
     * "text products", "text attention", "text rest". Constant storage; later releases may add names. */
    const char *name;
    double seconds;    /* of the clock on the wall, since the session was opened or tuwen_session_reset_stages */
    double operations; /* on numbers, of products and attention: a multiplication with its addition is two; else 0 */
} tuwen_stage;

/*
 * Where the session's time went: writes the first `capacity` stages to `stages` (may be NULL when that is 0) and returns
 * how many there are. What belongs to no stage (copying, the final length of vectors, waiting) is the time of the calls
 * less the sum; with several pictures in a call, the first three stages of one run beside the computation of the one
 * before. Not while a call of the session runs; on the session's thread.
 */
TUWEN_API size_t tuwen_session_get_stages(const tuwen_session *session, tuwen_stage *stages, size_t capacity);

/* Sets all stages to zero. On the session's thread. */
TUWEN_API void tuwen_session_reset_stages(tuwen_session *session);

/* Bytes of memory that the session holds: scratch memory, which grows to what the largest batch needed and stays so until
 * the session is closed; the keys of the beginnings that texts share (up to 4 instructions); and token ids and patches
 * that the last call left. During a call the patches of up to 67 pictures and decoded pixels come on top. Not counted is
 * what oneDNN keeps for its products. On the session's thread. */
TUWEN_API uint64_t tuwen_session_memory(const tuwen_session *session);

/* How fast this machine can multiply matrices of one element type. */
typedef struct tuwen_peak {
    const char *name; /* "f32", "bf16" or "int8" (u8 times s8 into s32); constant storage */
    double rate;      /* operations a second, a multiplication with its addition counted as two; 0: none such here */
    char code[48];    /* what oneDNN calls the code that ran, such as "brg:avx512_core_bf16"; empty with rate 0 */
} tuwen_peak;

/* The element types that tuwen_measure_peaks knows. */
#define TUWEN_PEAKS 3

/*
 * Measures the peaks of this machine into `peaks` ([TUWEN_PEAKS]): oneDNN's packed product of 1024x1280 and 1280x5120
 * numbers (64x1280 where these take longer than 0.25 s), the best of the runs within `seconds` a type (0 to 3600; 0 means
 * 1), after one to warm up. An element type for which there are no products that use the instruction set has the rate 0. `isa` and `threads` as in
 * tuwen_model_options. About 50 MB of memory are used meanwhile. Errors: INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY,
 * INTERNAL. Thread-safe.
 */
TUWEN_API tuwen_status tuwen_measure_peaks(const char *isa, int threads, double seconds, tuwen_peak *peaks,
                                           tuwen_error *error);

/*
 * One peak, to be measured again and again: a machine whose clock or load changes is compared with what it can do in the
 * same moment. `name` is that of the element type, as in tuwen_peak. The product stays in memory (about 50 MB) until the
 * gauge is closed. `isa` and `threads` as in tuwen_model_options. Errors: those of tuwen_measure_peaks.
 */
typedef struct tuwen_gauge tuwen_gauge;
TUWEN_API tuwen_status tuwen_gauge_open(const char *isa, int threads, const char *name, tuwen_gauge **gauge,
                                        tuwen_error *error);

/* The best of the runs within `seconds` (0 to 3600; 0 means 1), at least one. A gauge is for one thread at a time. Errors:
 * INVALID_ARGUMENT, INTERNAL. */
TUWEN_API tuwen_status tuwen_gauge_measure(tuwen_gauge *gauge, double seconds, tuwen_peak *peak, tuwen_error *error);

/* Accepts NULL. */
TUWEN_API void tuwen_gauge_close(tuwen_gauge *gauge);

/*
 * To be called before fork() by the thread that forks, if models and sessions are to be used in the child: ends the threads
 * that wait for this thread's next call, which do not live on in the child, where such a call would wait for them. The next
 * call starts new ones on either side. No other thread may be in a call of tuwen during the fork.
 */
TUWEN_API void tuwen_prepare_fork(void);

/* The library's own version, such as "0.1.0". Constant storage. Thread-safe. */
TUWEN_API const char *tuwen_version(void);

/*
 * Facts about this build and machine for people, one a line, in English "key: value": libraries with versions, the
 * instruction set found and chosen, threads, and what each precision multiplies with. `isa` as in tuwen_model_options.
 * Writes at most `size` bytes with a NUL; returns the length it wanted. Thread-safe.
 */
TUWEN_API size_t tuwen_describe_build(const char *isa, tuwen_language language, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
