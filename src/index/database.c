/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite; the only file that knows it. */
#include "index/database.h"

#include <limits.h>
#include <sqlite3.h>

#include "base/memory.h"

struct tw_database {
    sqlite3 *handle;
    int log_pages;
};

static sqlite3_stmt *of(tw_statement *statement)
{
    return (sqlite3_stmt *)(void *)statement;
}

static tw_answer answer_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return TW_ANSWER_DONE;
    case SQLITE_ROW:
        return TW_ANSWER_ROW;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TW_ANSWER_DAMAGED;
    case SQLITE_FULL:
        return TW_ANSWER_FULL;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TW_ANSWER_FIXED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return TW_ANSWER_BUSY;
    case SQLITE_NOMEM:
        return TW_ANSWER_MEMORY;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM                                          ? TW_ANSWER_MEMORY
               : code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS ? TW_ANSWER_DAMAGED
                                                                                   : TW_ANSWER_FAILED;
    default:
        return TW_ANSWER_FAILED;
    }
}

/* SQLite would otherwise choose itself when to bring the log into the file; here it is told the moment. */
static int on_commit(void *user, sqlite3 *handle, const char *name, int pages)
{
    tw_database *database = user;
    (void)handle;
    (void)name;
    database->log_pages = pages;
    return SQLITE_OK;
}

tw_answer tw_database_open(const char *path, int patience, tw_database **out)
{
    tw_database *database = *out = tw_alloc_zero(1, sizeof *database);
    if (!database)
        return TW_ANSWER_MEMORY;
    int code = sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return answer_of(code);
    sqlite3_extended_result_codes(database->handle, 1);
    sqlite3_busy_timeout(database->handle, patience);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_wal_hook(database->handle, on_commit, database);
    return tw_database_run(database, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
}

void tw_database_close(tw_database *database)
{
    if (!database)
        return;
    (void)sqlite3_close(database->handle);
    tw_free(database);
}

const char *tw_database_reason(const tw_database *database)
{
    return database && database->handle ? sqlite3_errmsg(database->handle) : "out of memory";
}

tw_answer tw_database_run(tw_database *database, const char *sql)
{
    return answer_of(sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
}

tw_answer tw_database_number(tw_database *database, const char *sql, int64_t *number)
{
    tw_statement *statement;
    *number = 0;
    tw_answer answer = tw_statement_open(database, sql, &statement);
    if (answer != TW_ANSWER_DONE)
        return answer;
    answer = tw_statement_step(statement);
    if (answer == TW_ANSWER_ROW)
        *number = tw_statement_number(statement, 0);
    tw_statement_close(statement);
    return answer == TW_ANSWER_ROW ? TW_ANSWER_DONE : answer == TW_ANSWER_DONE ? TW_ANSWER_DAMAGED : answer;
}

tw_answer tw_database_checkpoint(tw_database *database, bool whole)
{
    int code = sqlite3_wal_checkpoint_v2(database->handle, NULL,
                                         whole ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code == SQLITE_OK && whole)
        database->log_pages = 0;
    return answer_of(code);
}

int tw_database_log_pages(const tw_database *database)
{
    return database->log_pages;
}

int64_t tw_database_changes(const tw_database *database)
{
    return sqlite3_changes(database->handle);
}

tw_answer tw_statement_open(tw_database *database, const char *sql, tw_statement **statement)
{
    sqlite3_stmt *prepared = NULL;
    int code = sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL);
    *statement = (tw_statement *)(void *)prepared;
    return answer_of(code);
}

void tw_statement_close(tw_statement *statement)
{
    (void)sqlite3_finalize(of(statement));
}

void tw_statement_set_number(tw_statement *statement, int at, int64_t number)
{
    (void)sqlite3_bind_int64(of(statement), at, number);
}

void tw_statement_set_text(tw_statement *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(of(statement), at, text, -1, SQLITE_STATIC);
}

void tw_statement_set_bytes(tw_statement *statement, int at, const void *data, size_t size)
{
    (void)sqlite3_bind_blob64(of(statement), at, data, size, SQLITE_STATIC);
}

tw_answer tw_statement_step(tw_statement *statement)
{
    int code = sqlite3_step(of(statement));
    if (code != SQLITE_ROW)
        (void)sqlite3_reset(of(statement));
    return answer_of(code);
}

void tw_statement_reset(tw_statement *statement)
{
    (void)sqlite3_reset(of(statement));
}

int64_t tw_statement_number(tw_statement *statement, int column)
{
    return sqlite3_column_int64(of(statement), column);
}

const char *tw_statement_text(tw_statement *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(of(statement), column);
    return text ? text : "";
}

const void *tw_statement_bytes(tw_statement *statement, int column, size_t *size)
{
    const void *data = sqlite3_column_blob(of(statement), column);
    *size = data ? (size_t)sqlite3_column_bytes(of(statement), column) : 0;
    return data;
}

void tw_database_sleep(int milliseconds)
{
    (void)sqlite3_sleep(milliseconds);
}
