/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rows.h"

#include <math.h>
#include <string.h>

#include "testing.h"

const size_t lengths[LENGTHS] = {1,  2,  3,  7,  8,   9,   15,  16,   17,   31,   32,  33,
                                 40, 63, 64, 65, 127, 128, 129, 1000, 1279, 1280, 5120};

row x, y, weight, bias, expected, found;

const float guard = 12345.678f;

float *of(row *r)
{
    return r->values + GUARD;
}

float random_float(uint32_t *seed, float scale)
{
    *seed = *seed * 1664525u + 1013904223u;
    return ((float)(*seed >> 8) / 8388608.0f - 1.0f) * scale;
}

void fill(row *r, size_t n, uint32_t seed, float scale)
{
    for (size_t i = 0; i < GUARD + LONGEST + GUARD; i++)
        r->values[i] = guard;
    for (size_t i = 0; i < n; i++)
        r->values[GUARD + i] = random_float(&seed, scale);
}

void check_guards(const row *r, size_t n, const char *what)
{
    for (size_t i = 0; i < GUARD; i++)
        if (r->values[i] != guard || r->values[GUARD + n + i] != guard)
            fail_msg("%s wrote outside its row of %zu", what, n);
}

void check(const row *a, const row *b, size_t n, double tolerance, const char *level, const char *what)
{
    check_guards(a, n, what);
    for (size_t i = 0; i < n; i++) {
        double got = (double)a->values[GUARD + i];
        double want = (double)b->values[GUARD + i];
        if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
            fail_msg("%s %s: n %zu, element %zu is %.9g, not %.9g", level, what, n, i, got, want);
    }
}

const float scales[SCALES] = {1e-3f, 1.0f, 30.0f};

void each_level(void (*body)(const tw_kernels *level))
{
    size_t run = 0;
    for (size_t i = 1; tw_kernels_level(i); i++) {
        const tw_kernels *level = tw_kernels_level(i);
        if (!tw_kernels_can_run(level)) {
            print_message("%s: skipped, this machine cannot run it\n", level->level);
            continue;
        }
        body(level);
        run++;
    }
    if (run == 0)
        skip();
}

float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void put_extremes(row *r, size_t n)
{
    static const float extremes[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 1e30f, -1e30f, 88.0f, -88.0f, 104.0f, -104.0f};
    for (size_t i = 0; i < n && i < sizeof extremes / sizeof *extremes; i++)
        of(r)[n - 1 - i] = extremes[i];
}
