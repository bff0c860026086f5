/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix that `tuwen match` prints for people: a row for each picture, a column for each text. */
#ifndef TUWEN_CLI_MATRIX_H
#define TUWEN_CLI_MATRIX_H

#include "input.h"
#include "messages.h"
#include "terminal.h"
#include "tuwen/tuwen.h"

struct matrix {
    const struct terminal *terminal;
    size_t rows, columns;
    const struct text *row_names;    /* [rows]; data NULL: the row was not reached and is left out */
    const struct text *column_names; /* [columns] */
    const float *cosines;            /* [rows][columns]; NAN where one of the two failed */
    /* The band that colours a number; NULL = bands say nothing here. */
    tuwen_band (*band)(const void *user, size_t row, size_t column, float cosine);
    const void *user;
    enum message marks; /* what the marks mean */
};

/* Prints it, in as many panels as the width needs. False if memory is short. */
bool matrix_print(const struct matrix *matrix);

#endif
