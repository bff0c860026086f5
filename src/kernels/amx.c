/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The amx level: the kernels of avx512, and products of bf16 and of bytes by the processor's tiles, eight registers of 16
 * rows of 64 bytes. TDPBF16PS adds to a tile of 16x16 sums the products of 32 neighbours in depth: of rows of `a` as they
 * stand, and of pairs of a packed panel; TDPBUSD those of 64 bytes, with fours of a panel. Lengths and strides are counted
 * in bytes here, so that both are the same code. The instructions are written out, since compilers move memory accesses
 * across their built-ins.
 */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

/* 2^f for f from 0 to 1, the least relative error of a polynomial of degree 4. */
#define C0 1.00000260f
#define C1 0.69300383f
#define C2 0.24144275f
#define C3 0.05201146f
#define C4 0.01353417f
#define LOG2_E 1.44269504f

#define TILE 16  /* rows of a tile, and 32-bit numbers a row */
#define DEPTH 64 /* bytes a row */

/* ---- tiles ---------------------------------------------------------------------------------------------------------- */

/* What LDTILECFG reads. */
typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16]; /* of a row of each tile */
    uint8_t rows[16];
} shapes;

_Static_assert(sizeof(shapes) == 64, "as the processor wants it");

/* Tiles 0 and 1 are sums of the upper rows, 2 and 3 of the lower ones, 4 and 5 rows of a, 6 and 7 parts of a panel. */
static void configure(size_t upper, size_t lower)
{
    shapes of = {.palette = 1};
    const size_t rows[8] = {upper, upper, lower, lower, upper, lower, TILE, TILE};
    for (int i = 0; i < 8; i++) {
        of.rows[i] = (uint8_t)rows[i];
        of.bytes[i] = rows[i] ? 64 : 0;
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(of) : "memory");
}

#define RELEASE() __asm__ volatile("tilerelease" ::: "memory")
#define ZERO(tile) __asm__ volatile("tilezero %%tmm" #tile :::)
#define LOAD(tile, from, stride)                                                                                     \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"(stride) : "memory")
#define STORE(tile, to, stride)                                                                                      \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"(stride) : "memory")
#define MULTIPLY(sums, a, b)                                                                                         \
    do {                                                                                                             \
        if (bytes)                                                                                                   \
            __asm__ volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #sums :::);                                   \
        else                                                                                                         \
            __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sums :::);                                 \
    } while (0)

/* What is fetched into the second-level cache on the way: so many cache lines a step. */
typedef struct {
    const char *at;
    const char *end;
    size_t lines;
} fetching;

/* One product of tiles: DEPTH bytes of rows of a. */
static inline __attribute__((always_inline)) void step(const char *a, size_t stride, const char *panel, bool bytes,
                                                       bool lower, bool right)
{
    const size_t panel_stride = (size_t)TW_PANEL * 4;
    LOAD(4, a, stride);
    LOAD(6, panel, panel_stride);
    MULTIPLY(0, 4, 6);
    if (right) {
        LOAD(7, panel + (size_t)4 * TILE, panel_stride);
        MULTIPLY(1, 4, 7);
    }
    if (lower) {
        LOAD(5, a + TILE * stride, stride);
        MULTIPLY(2, 5, 6);
        if (right)
            MULTIPLY(3, 5, 7);
    }
}

/* The last k % DEPTH bytes of `rows` rows of a, filled up with zeros: what follows them there may be anything. */
static inline __attribute__((always_inline)) void
last_step(const char *a, size_t stride, size_t rows, const char *panel, size_t k, bool bytes, bool lower, bool right)
{
    char rest[2 * TILE][DEPTH];
    memset(rest, 0, sizeof rest);
    for (size_t i = 0; i < rows; i++)
        memcpy(rest[i], a + i * stride, k);
    step(&rest[0][0], sizeof *rest, panel, bytes, lower, right);
}

/* A product in bytes. */
typedef struct {
    char *c;
    const char *a, *panels, *next;
    size_t c_stride, a_stride, panel_stride, k;
} counted;

/* Sums of up to 32 rows and 32 columns. */
static inline __attribute__((always_inline)) void block(const counted *of, char *c, const char *a, size_t rows,
                                                        const char *panel, bool add, bool bytes, bool lower,
                                                        bool right, fetching *next)
{
    size_t stride = of->c_stride;
    char *below = c + TILE * stride;
    const size_t beside = (size_t)4 * TILE;
    if (add) {
        LOAD(0, c, stride);
        if (right)
            LOAD(1, c + beside, stride);
        if (lower)
            LOAD(2, below, stride);
        if (lower && right)
            LOAD(3, below + beside, stride);
    } else {
        ZERO(0);
        if (right)
            ZERO(1);
        if (lower)
            ZERO(2);
        if (lower && right)
            ZERO(3);
    }
    size_t i = 0;
    for (; i + DEPTH <= of->k; i += DEPTH) {
        if (next->at < next->end) {
            for (size_t line = 0; line < next->lines; line++)
                __builtin_prefetch(next->at + 64 * line, 0, 2);
            next->at += 64 * next->lines;
        }
        step(a + i, of->a_stride, panel + i * TW_PANEL, bytes, lower, right);
    }
    if (i < of->k)
        last_step(a + i, of->a_stride, rows, panel + i * TW_PANEL, of->k - i, bytes, lower, right);
    STORE(0, c, stride);
    if (right)
        STORE(1, c + beside, stride);
    if (lower)
        STORE(2, below, stride);
    if (lower && right)
        STORE(3, below + beside, stride);
}

/* What is fetched during columns j to j + 32: their half of what is wanted of their panel's next one. */
static inline fetching ahead(const counted *of, size_t wanted, size_t j, size_t lines)
{
    if (!of->next || !lines)
        return (fetching){0};
    const char *at = of->next + j / TW_PANEL * of->panel_stride;
    const char *middle = at + wanted / 2;
    bool second = j % TW_PANEL != 0;
    return (fetching){second ? middle : at, second ? at + wanted : middle, lines};
}

/* All columns of `rows` rows in blocks of `height`, which the tiles are configured for. */
static inline __attribute__((always_inline)) void blocks(const tw_tile_product *of, const counted *as, size_t first,
                                                         size_t rows, size_t height, bool bytes, bool lower,
                                                         size_t lines)
{
    for (size_t j = 0; j < of->columns; j += (size_t)2 * TILE) {
        const char *panel = as->panels + j / TW_PANEL * as->panel_stride + j % TW_PANEL * 4;
        bool right = j + TILE < of->columns;
        fetching next = ahead(as, of->next_bytes, j, lines);
        for (size_t i = first; i < first + rows; i += height) {
            char *c = as->c + i * as->c_stride + j * 4;
            const char *a = as->a + i * as->a_stride;
            if (right)
                block(as, c, a, height, panel, of->add, bytes, lower, true, &next);
            else
                block(as, c, a, height, panel, of->add, bytes, lower, false, &next);
        }
    }
}

static inline __attribute__((always_inline)) void multiply(const tw_tile_product *of, bool bytes)
{
    const size_t both = (size_t)2 * TILE;
    size_t size = bytes ? 1 : 2;
    const counted as = {.c = of->c,
                        .a = of->a,
                        .panels = of->panels,
                        .next = of->next,
                        .c_stride = of->c_stride * 4,
                        .a_stride = of->a_stride * size,
                        .panel_stride = of->panel_stride * size,
                        .k = of->k * size};
    size_t whole = of->rows / both * both;
    size_t rest = of->rows - whole;
    /* So many lines a step that they are all asked for; few rows ask for more at a time. */
    size_t steps = (whole ? whole / both : 1) * ((as.k + DEPTH - 1) / DEPTH);
    size_t lines = steps ? (of->next_bytes / 2 / 64 + steps - 1) / steps : 0;
    if (whole) {
        configure(TILE, TILE);
        blocks(of, &as, 0, whole, both, bytes, true, lines);
    }
    if (rest > TILE) {
        configure(TILE, rest - TILE);
        blocks(of, &as, whole, rest, rest, bytes, true, whole ? 0 : lines);
    } else if (rest) {
        configure(rest, 0);
        blocks(of, &as, whole, rest, rest, bytes, false, whole ? 0 : lines);
    }
    RELEASE();
}

static void product(const tw_tile_product *of)
{
    if (of->bytes)
        multiply(of, true);
    else
        multiply(of, false);
}

/* ---- what follows a product --------------------------------------------------------------------------------------- */

/* The mask of the first `count` of 16 lanes. */
static inline __mmask16 first_lanes(size_t count)
{
    return count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1);
}

/* The nearest bf16 in the upper halves, ties to even; the lower ones are anything. */
static inline __m512i rounded(__m512 value)
{
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i near = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    return _mm512_mask_or_epi32(near, nan, bits, _mm512_set1_epi32(0x400000));
}

static inline __m512 with_bias(const float *x, const float *bias, size_t i, __mmask16 lanes)
{
    __m512 value = _mm512_maskz_loadu_ps(lanes, x + i);
    return bias ? _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes, bias + i)) : value;
}

static void finish(float *y, const float *x, const float *bias, size_t n, bool add)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = first_lanes(n - i);
        __m512 value = with_bias(x, bias, i, lanes);
        if (add)
            value = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, y + i), value);
        _mm512_mask_storeu_ps(y + i, lanes, value);
    }
}

/* ---- attention ------------------------------------------------------------------------------------------------------ */

/*
 * 2^x rounded to the nearest bf16, as an f32: 2^(x - floor(x)) by a polynomial of degree 4, within 2.6e-6, plus half a unit
 * in the last place of a bf16 from 1 to 2; then the exponent; then the lower half cut off.
 */
static inline __m512 power(__m512 x)
{
    __m512 f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);
    __m512 p = _mm512_fmadd_ps(f, _mm512_set1_ps(C4), _mm512_set1_ps(C3));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(C2));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(C1));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(C0 + 0x1p-8f));
    p = _mm512_scalef_ps(p, x);
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(p), _mm512_set1_epi32((int)0xffff0000)));
}

static float largest(const float *x, size_t n, float most)
{
    __m512 tops[4];
    for (int i = 0; i < 4; i++)
        tops[i] = _mm512_set1_ps(most);
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (size_t j = 0; j < 4; j++)
            tops[j] = _mm512_max_ps(_mm512_loadu_ps(x + i + 16 * j), tops[j]);
    for (; i < n; i += 16) {
        __mmask16 lanes = first_lanes(n - i);
        tops[0] = _mm512_mask_max_ps(tops[0], lanes, _mm512_maskz_loadu_ps(lanes, x + i), tops[0]);
    }
    return _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(tops[0], tops[1]), _mm512_max_ps(tops[2], tops[3])));
}

/* The upper halves of 16 and 16 words, side by side. */
static inline void put_halves(uint16_t *to, __m512 a, __m512 b)
{
    static const uint16_t odd[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                     33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    _mm512_storeu_si512(
        to, _mm512_permutex2var_epi16(_mm512_castps_si512(a), _mm512_loadu_si512(odd), _mm512_castps_si512(b)));
}

static float weigh(uint16_t *out, const float *x, size_t n, size_t padded, float scale, float *maximum, float *sum)
{
    float before = *maximum;
    float top = largest(x, n, before);
    __m512 factor = _mm512_set1_ps(scale * LOG2_E);
    __m512 shift = _mm512_set1_ps(-top * (scale * LOG2_E));
    __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m512 a = power(_mm512_fmadd_ps(_mm512_loadu_ps(x + i), factor, shift));
        __m512 b = power(_mm512_fmadd_ps(_mm512_loadu_ps(x + i + 16), factor, shift));
        sums[0] = _mm512_add_ps(sums[0], a);
        sums[1] = _mm512_add_ps(sums[1], b);
        put_halves(out + i, a, b);
    }
    if (i < n) {
        __mmask16 lanes[2] = {first_lanes(n - i), n - i > 16 ? first_lanes(n - i - 16) : 0};
        __m512 ends[2];
        for (int j = 0; j < 2; j++) {
            __m512 value = _mm512_maskz_loadu_ps(lanes[j], x + i + 16 * (size_t)j);
            ends[j] = _mm512_maskz_mov_ps(lanes[j], power(_mm512_fmadd_ps(value, factor, shift)));
            sums[j] = _mm512_add_ps(sums[j], ends[j]);
        }
        put_halves(out + i, ends[0], ends[1]);
        i += 32;
    }
    if (i < padded)
        memset(out + i, 0, (padded - i) * sizeof *out);
    float ratio = top == before ? 1.0f : exp2f((before - top) * (scale * LOG2_E));
    *maximum = top;
    *sum = *sum * ratio + _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
    return ratio;
}

static void put_columns(uint16_t *panel, const uint16_t *rows, size_t stride, size_t count, size_t depth)
{
    __m512i places = _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                        _mm512_set1_epi32((int)(stride * sizeof *rows)));
    for (size_t j = 0; j < TW_PANEL; j += 16) {
        __mmask16 lanes = j < count ? first_lanes(count - j) : 0;
        for (size_t i = 0; i < depth; i += 2)
            _mm512_storeu_si512(
                panel + i * TW_PANEL + 2 * j,
                _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, places, rows + j * stride + i, 1));
    }
}

static void put_pairs(uint16_t *out, const float *a, const float *b, size_t n)
{
    for (size_t j = 0; j < n; j += 16) {
        __mmask16 lanes = first_lanes(n - j);
        __m512i low = a ? rounded(_mm512_maskz_loadu_ps(lanes, a + j)) : _mm512_setzero_si512();
        __m512i high = b ? rounded(_mm512_maskz_loadu_ps(lanes, b + j)) : _mm512_setzero_si512();
        high = _mm512_and_si512(high, _mm512_set1_epi32((int)0xffff0000));
        _mm512_mask_storeu_epi32(out + 2 * j, lanes, _mm512_or_si512(_mm512_srli_epi32(low, 16), high));
    }
}

const tw_tile_kernels tw_tile_amx = {
#define ENTRY(type, name, parameters) .name = name,
    TW_TILE_KERNEL_MAP(ENTRY)
#undef ENTRY
};
