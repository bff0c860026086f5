/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask: the Host and Origin headers, and keys. */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"

/* ---- keys ---- */

enum { KEY_LEAST = 16, KEY_MOST = 200, NAME_MOST = KEY_NAME_SIZE - 1, FILE_MOST = 1 << 20 };

struct key {
    char key[KEY_MOST + 1];
    char name[KEY_NAME_SIZE];
};

struct keys {
    size_t count;
    struct key keys[];
};

static bool key_line(const char *line, size_t length, size_t number, struct key *key)
{
    static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t size = 0;
    while (size < length && line[size] > ' ' && line[size] < 0x7f)
        size++;
    if (size < KEY_LEAST || size > KEY_MOST)
        return false;
    memset(key, 0, sizeof *key);
    memcpy(key->key, line, size);
    while (size < length && (line[size] == ' ' || line[size] == '\t'))
        size++;
    size_t rest = length - size;
    snprintf(key->name, sizeof key->name, "%zu", number);
    if (rest == 0)
        return true;
    if (rest > NAME_MOST)
        return false;
    memset(key->name, 0, sizeof key->name);
    memcpy(key->name, line + size, rest);
    return strspn(key->name, name_letters) == rest;
}

struct keys *keys_parse(const char *bytes, size_t size, const char *path, tuwen_language language, char *why,
                        unsigned why_size)
{
    size_t lines = 1, number = 0;
    bool chinese = language == TUWEN_CHINESE;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    struct keys *keys = calloc(1, sizeof *keys + lines * sizeof *keys->keys);
    if (!keys) {
        snprintf(why, why_size, "%s", tuwen_status_text(TUWEN_OUT_OF_MEMORY, language));
        return NULL;
    }
    for (size_t at = 0; at < size;) {
        const char *line = bytes + at, *end = memchr(line, '\n', size - at);
        size_t length = end ? (size_t)(end - line) : size - at;
        at += length + 1;
        number++;
        while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' ' || line[length - 1] == '\t'))
            length--;
        if (length == 0 || *line == '#')
            continue;
        if (!key_line(line, length, number, &keys->keys[keys->count])) {
            snprintf(
                why, why_size,
                chinese
                    ? "%s：第 %zu 行不是密钥（16 至 200 个可打印字符，其后可有空格和由字母、数字、. - _ 组成的名称）"
                    : "%s: line %zu is no key: 16 to 200 printable characters, then perhaps a space and a name of "
                      "letters, digits and . - _",
                path, number);
            free(keys);
            return NULL;
        }
        keys->count++;
    }
    if (keys->count > 0)
        return keys;
    snprintf(why, why_size, chinese ? "%s：文件中没有密钥" : "%s: the file has no key", path);
    free(keys);
    return NULL;
}

struct keys *keys_read(const char *path, tuwen_language language, char *why, unsigned size)
{
    struct keys *keys = NULL;
    struct stat status;
    bool chinese = language == TUWEN_CHINESE;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(FILE_MOST);
    ssize_t count = file >= 0 && bytes ? read(file, bytes, FILE_MOST) : -1;
    if (count < 0)
        snprintf(why, size, chinese ? "%s：%s" : "%s: %s", path, strerror(errno));
    else if (count == FILE_MOST)
        snprintf(why, size, chinese ? "%s：密钥文件过大" : "%s: too large for a file of keys", path);
    else if (fstat(file, &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)))
        snprintf(why, size,
                 chinese ? "%s：所有人都可读写此文件；请执行 chmod 600"
                         : "%s: everybody may read or write it: chmod 600",
                 path);
    else
        keys = keys_parse(bytes, (size_t)count, path, language, why, size);
    if (file >= 0)
        close(file);
    free(bytes);
    return keys;
}

void keys_free(struct keys *keys)
{
    free(keys);
}

const char *keys_find(const struct keys *keys, const char *given)
{
    char padded[KEY_MOST + 1] = {0};
    const char *name = NULL;
    size_t length = strlen(given);
    if (length > KEY_MOST)
        return NULL;
    memcpy(padded, given, length);
    for (size_t i = 0; i < keys->count; i++) {
        unsigned char difference = 0;
        for (size_t k = 0; k < sizeof padded; k++)
            difference |= (unsigned char)(padded[k] ^ keys->keys[i].key[k]);
        if (difference == 0)
            name = keys->keys[i].name;
    }
    return name;
}

/* ---- names ---- */

/* The name in "name:port", "[::1]:port" or either without a port; false if it is neither. */
static bool split_host(const char *text, size_t length, char *name, size_t size)
{
    const char *end = text + length, *name_end = end;
    if (*text == '[')
        name_end = memchr(text, ']', length) ? (const char *)memchr(text, ']', length) + 1 : NULL;
    else if (memchr(text, ':', length))
        name_end = memchr(text, ':', length);
    if (!name_end || name_end == text || (size_t)(name_end - text) >= size || (name_end < end && *name_end != ':'))
        return false;
    for (const char *digit = name_end + 1; digit < end; digit++)
        if (*digit < '0' || *digit > '9')
            return false;
    snprintf(name, size, "%.*s", (int)(name_end - text), text);
    return true;
}

bool gate_host_good(const struct gate *gate, const char *host)
{
    char name[256];
    return split_host(host, strlen(host), name, sizeof name) &&
           (strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 || strcmp(name, "[::1]") == 0 ||
            (gate->host && strcasecmp(name, gate->host) == 0));
}

/* A page of ours has an origin that is the host itself; programs send none. */
static bool origin_good(const char *origin, const char *host)
{
    const char *rest = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return rest && host && strcasecmp(rest, host) == 0;
}

static const char *key_shown(const struct exchange *exchange)
{
    const char *authorization = exchange_header(exchange, "Authorization");
    if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
        return authorization + 7 + strspn(authorization + 7, " ");
    const char *plain = exchange_header(exchange, "X-Api-Key");
    return plain ? plain : exchange_header(exchange, "Api-Key");
}

void gate_set_keys(struct gate *gate, struct keys *keys)
{
    pthread_mutex_lock(&gate->lock);
    struct keys *before = gate->keys;
    gate->keys = keys;
    pthread_mutex_unlock(&gate->lock);
    keys_free(before);
}

/* Whether no key is needed, or a good one was shown. */
static bool key_good(struct gate *gate, const struct exchange *exchange, char name[KEY_NAME_SIZE])
{
    const char *shown = key_shown(exchange);
    pthread_mutex_lock(&gate->lock);
    const char *found = gate->keys && shown ? keys_find(gate->keys, shown) : NULL;
    bool good = !gate->keys || found;
    snprintf(name, KEY_NAME_SIZE, "%s", found ? found : "");
    pthread_mutex_unlock(&gate->lock);
    return good;
}

bool gate_pass(struct gate *gate, const struct exchange *exchange, bool open, char key[KEY_NAME_SIZE],
               struct refusal *refusal)
{
    static const char *const single[] = {"Host", "Content-Length", "Transfer-Encoding", "Authorization",
                                         "Content-Type"};
    const char *host = exchange_header(exchange, "Host"), *origin = exchange_header(exchange, "Origin");
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (exchange_header_twice(exchange, single[i]))
            return refuse(refusal, gate->language, REFUSE_TWICE, NULL, WITH(single[i]));
    if (exchange_header(exchange, "Content-Length") && exchange_header(exchange, "Transfer-Encoding"))
        return refuse(refusal, gate->language, REFUSE_TWO_LENGTHS, NULL, NULL);
    const char *coding = exchange_header(exchange, "Transfer-Encoding");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return refuse(refusal, gate->language, REFUSE_BAD_CODING, NULL, NULL);
    if (gate->check_host && (!host || !gate_host_good(gate, host)))
        return refuse(refusal, gate->language, REFUSE_BAD_HOST, NULL, NULL);
    if (origin && !origin_good(origin, host))
        return refuse(refusal, gate->language, REFUSE_BAD_ORIGIN, NULL, NULL);
    if (!key_good(gate, exchange, key) && !open)
        return refuse(refusal, gate->language, REFUSE_NO_KEY, NULL, NULL);
    return true;
}
