/* SPDX-License-Identifier: Apache-2.0 */
/* Random weights for measuring. No libm in the numbers themselves, so that they are the same everywhere. */
#include "model/random.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK ((size_t)1 << 18) /* numbers; as floats 1 MB, which stays in the cache */
#define PIECE ((size_t)4096)    /* numbers copied at a time */

#define EMBEDDING_DEVIATION 0.02f
#define BIAS_DEVIATION 0.25f

struct tw_random {
    uint64_t state;
    float *block;       /* [BLOCK], deviation 1 */
    void *scaled;       /* [BLOCK], the same as elements of the type and deviation at hand */
    float deviation;    /* of `scaled`, */
    tw_element element; /* and its type */
    void **kept;        /* [kept_count], matrices */
    size_t kept_count, kept_capacity;
};

/* The generator splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Near enough to normal, of deviation 1: the sum of four uniform numbers, each of variance 65536^2 / 12. */
static float normal(uint64_t *state)
{
    uint64_t bits = next(state);
    int32_t sum = (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) + (int32_t)(bits >> 32 & 0xffff) +
                  (int32_t)(bits >> 48);
    return (float)(sum - 2 * 65535) * (1.7320508f / 65536.0f);
}

tw_random *tw_random_open(uint64_t seed)
{
    tw_random *random = tw_alloc_zero(1, sizeof *random);
    if (!random)
        return NULL;
    random->state = seed;
    random->block = tw_alloc_aligned(BLOCK, sizeof *random->block);
    random->scaled = tw_alloc_aligned(BLOCK, sizeof *random->block);
    if (!random->block || !random->scaled) {
        tw_random_close(random);
        return NULL;
    }
    for (size_t i = 0; i < BLOCK; i++)
        random->block[i] = normal(&random->state);
    return random;
}

void tw_random_close(tw_random *random)
{
    if (!random)
        return;
    for (size_t i = 0; i < random->kept_count; i++)
        tw_free(random->kept[i]);
    tw_free(random->kept);
    tw_free(random->block);
    tw_free(random->scaled);
    tw_free(random);
}

void *tw_random_keep(tw_random *random, size_t bytes)
{
    void *kept = random->kept;
    bool grown = tw_grow(&kept, &random->kept_capacity, random->kept_count + 1, sizeof(void *));
    random->kept = kept;
    void *block = grown ? tw_alloc_aligned(bytes, 1) : NULL;
    if (block)
        random->kept[random->kept_count++] = block;
    return block;
}

/* Makes `scaled` what is wanted. */
static void scale_block(tw_random *random, tw_element element, float deviation)
{
    float *floats = random->scaled;
    uint16_t *halves = random->scaled;
    if (random->element == element && random->deviation == deviation)
        return;
    random->element = element;
    random->deviation = deviation;
    for (size_t i = 0; i < BLOCK; i++) {
        float value = random->block[i] * deviation;
        if (element == TW_ELEMENT_F32)
            floats[i] = value;
        else
            halves[i] = tw_bf16_from_f32(value);
    }
}

bool tw_random_fill(tw_random *random, tw_element element, float deviation, void *values, size_t count)
{
    if (element != TW_ELEMENT_F32 && element != TW_ELEMENT_BF16)
        return false;
    size_t size = tw_element_size(element);
    scale_block(random, element, deviation);
    for (size_t done = 0; done < count; done += PIECE) {
        size_t n = count - done < PIECE ? count - done : PIECE;
        size_t from = (size_t)(next(&random->state) % (BLOCK - PIECE));
        memcpy((char *)values + done * size, (const char *)random->scaled + from * size, n * size);
    }
    return true;
}

void tw_random_vector(tw_random *random, const char *name, float *values, size_t count)
{
    size_t length = strlen(name);
    bool bias = length >= 5 && strcmp(name + length - 5, ".bias") == 0;
    for (size_t i = 0; i < count; i++)
        values[i] =
            bias ? BIAS_DEVIATION * normal(&random->state) : 0.5f + (float)(next(&random->state) >> 40) * 0x1p-24f;
}

/* Query and key together decide how peaked attention is. The patch embedding is small, like the token embeddings. */
float tw_random_deviation(const char *name, size_t in)
{
    float gain = strstr(name, "q_proj") || strstr(name, "qkv") ? 1.4f : strstr(name, "patch_embed") ? 0.05f : 1.0f;
    return gain / sqrtf((float)in);
}

void tw_random_row(size_t row, float *values, size_t count)
{
    uint64_t state = (uint64_t)row * 0xd1342543de82ef95u;
    for (size_t i = 0; i < count; i++)
        values[i] = EMBEDDING_DEVIATION * normal(&state);
}
