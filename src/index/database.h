/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite as far as tuwen uses it: one file in WAL mode, statements prepared once, and results sorted by what is to be done
 * about them. A database and its statements are for one thread at a time; any number may be open on one file, in this
 * process and in others.
 */
#ifndef TW_INDEX_DATABASE_H
#define TW_INDEX_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct tw_database tw_database;
typedef struct tw_statement tw_statement;

typedef enum tw_answer {
    TW_ANSWER_DONE,    /* it went well; no row, or no further one */
    TW_ANSWER_ROW,     /* of a step: a row is there */
    TW_ANSWER_DAMAGED, /* the file is no database, or a damaged one */
    TW_ANSWER_FULL,    /* the disk is full, or a limit was reached */
    TW_ANSWER_FIXED,   /* the file, or its folder, cannot be written */
    TW_ANSWER_BUSY,    /* another process has kept it locked for too long */
    TW_ANSWER_MEMORY,
    TW_ANSWER_FAILED /* reading or writing failed, or the statement is wrong */
} tw_answer;

/* Opens a file that exists; an empty one is an empty database. Waits up to `patience` milliseconds for locks. A schema that
 * came with the file cannot run anything. `*database` is to be closed after a failure too, since it knows the reason. */
tw_answer tw_database_open(const char *path, int patience, tw_database **database);

/* Accepts NULL. All statements must be closed. The last one that closes empties the log (-wal) into the file. */
void tw_database_close(tw_database *database);

/* Why the last call failed, in SQLite's words; "out of memory" for NULL. */
const char *tw_database_reason(const tw_database *database);

/* Runs statements whose rows, if any, do not matter. */
tw_answer tw_database_run(tw_database *database, const char *sql);

/* The number in the first row of a statement; DONE when there is one, DAMAGED without a row. */
tw_answer tw_database_number(tw_database *database, const char *sql, int64_t *number);

/* Brings what is in the log (-wal) into the file, as far as readers allow. `whole` waits for them, and empties the log. */
tw_answer tw_database_checkpoint(tw_database *database, bool whole);

/* Pages in the log after the last commit. */
int tw_database_log_pages(const tw_database *database);

/* Rows that the last statement inserted, changed or deleted. */
int64_t tw_database_changes(const tw_database *database);

tw_answer tw_statement_open(tw_database *database, const char *sql, tw_statement **statement);
void tw_statement_close(tw_statement *statement); /* accepts NULL */

/* Give a parameter (from 1 on) its value. Texts and bytes must stay until the statement is reset. */
void tw_statement_set_number(tw_statement *statement, int at, int64_t number);
void tw_statement_set_text(tw_statement *statement, int at, const char *text);
void tw_statement_set_bytes(tw_statement *statement, int at, const void *data, size_t size);

/* The next row. After anything but ROW the statement is reset. */
tw_answer tw_statement_step(tw_statement *statement);

/* Ends the reading of rows. */
void tw_statement_reset(tw_statement *statement);

/* A row's value by its column (from 0 on); valid until the next step or reset. */
int64_t tw_statement_number(tw_statement *statement, int column);
const char *tw_statement_text(tw_statement *statement, int column); /* never NULL */
const void *tw_statement_bytes(tw_statement *statement, int column, size_t *size);

/* Lets the thread sleep: while another process holds a lock that SQLite knows nothing of. */
void tw_database_sleep(int milliseconds);

#endif
