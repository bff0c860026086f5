/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys, and how often each may ask. */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_file.h"

enum { KEY_LEAST = 16, KEY_MOST = 200, NAME_MOST = KEY_NAME_SIZE - 1, RATE_MOST = 1000000 };

struct key {
    char key[KEY_MOST + 1];
    char name[KEY_NAME_SIZE];
    struct rate rate;
    double left, seen; /* requests that it may send at once, at that time */
};

struct keys {
    size_t count;
    struct key keys[];
};

/* Takes the last word of a line off it if it is a rate, such as 120/m; false if it looks like one and is none. */
static bool take_rate(const char *line, size_t *length, struct rate *rate)
{
    size_t begin = *length, at;
    while (begin > 0 && line[begin - 1] != ' ' && line[begin - 1] != '\t')
        begin--;
    if (begin == 0 || !memchr(line + begin, '/', *length - begin))
        return true;
    for (at = begin; at < *length && line[at] >= '0' && line[at] <= '9' && rate->requests <= RATE_MOST; at++)
        rate->requests = rate->requests * 10 + (unsigned)(line[at] - '0');
    if (rate->requests == 0 || rate->requests > RATE_MOST || *length - at != 2 || line[at] != '/')
        return false;
    rate->seconds = line[at + 1] == 's' ? 1 : line[at + 1] == 'm' ? 60 : line[at + 1] == 'h' ? 3600 : 0;
    for (*length = begin; *length > 0 && (line[*length - 1] == ' ' || line[*length - 1] == '\t');)
        --*length;
    return rate->seconds > 0;
}

static bool key_line(const char *line, size_t length, size_t number, struct key *key)
{
    static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t size = 0;
    memset(key, 0, sizeof *key);
    if (!take_rate(line, &length, &key->rate))
        return false;
    key->left = key->rate.requests;
    while (size < length && line[size] > ' ' && line[size] < 0x7f)
        size++;
    if (size < KEY_LEAST || size > KEY_MOST)
        return false;
    memcpy(key->key, line, size);
    while (size < length && (line[size] == ' ' || line[size] == '\t'))
        size++;
    size_t rest = length - size;
    if (rest == 0)
        snprintf(key->name, sizeof key->name, "%zu", number);
    if (rest > NAME_MOST)
        return false;
    memcpy(key->name, line + size, rest);
    return rest == 0 || strspn(key->name, name_letters) == rest;
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
                    ? "%s：第 %zu 行不是密钥（16 至 200 个可打印字符，其后可有空格和由字母、数字、. - _ "
                      "组成的名称，再其后可有 120/m 这样的频率）"
                    : "%s: line %zu is no key: 16 to 200 printable characters, then perhaps a space and a name of "
                      "letters, digits and . - _, then perhaps a rate such as 120/m",
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
    size_t count;
    char *bytes = small_file_read(path, true, &count, language, why, size);
    struct keys *keys = bytes ? keys_parse(bytes, count, path, language, why, size) : NULL;
    free(bytes);
    return keys;
}

void keys_free(struct keys *keys)
{
    free(keys);
}

struct key *keys_find(struct keys *keys, const char *given)
{
    char padded[KEY_MOST + 1] = {0};
    struct key *found = NULL;
    size_t length = strlen(given);
    if (length > KEY_MOST)
        return NULL;
    memcpy(padded, given, length);
    for (size_t i = 0; i < keys->count; i++) {
        unsigned char difference = 0;
        for (size_t k = 0; k < sizeof padded; k++)
            difference |= (unsigned char)(padded[k] ^ keys->keys[i].key[k]);
        if (difference == 0)
            found = &keys->keys[i];
    }
    return found;
}

const char *key_name(const struct key *key)
{
    return key->name;
}

/* ---- rates ---- */

double key_take(struct key *key, double now, struct rate *rate)
{
    double a_second;
    *rate = key->rate;
    if (rate->requests == 0)
        return 0;
    a_second = rate->requests / rate->seconds;
    if (key->seen > 0 && now > key->seen)
        key->left += (now - key->seen) * a_second;
    if (now > key->seen)
        key->seen = now;
    if (key->left > rate->requests)
        key->left = rate->requests;
    if (key->left < 1)
        return (1 - key->left) / a_second;
    key->left--;
    return 0;
}

void keys_inherit(struct keys *keys, struct keys *before)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct key *key = &keys->keys[i];
        const struct key *same = keys_find(before, key->key);
        if (!same || same->rate.requests != key->rate.requests || same->rate.seconds != key->rate.seconds)
            continue;
        key->left = same->left;
        key->seen = same->seen;
    }
}

const char *rate_unit(const struct rate *rate, tuwen_language language)
{
    bool chinese = language == TUWEN_CHINESE;
    return rate->seconds < 60     ? (chinese ? "秒" : "second")
           : rate->seconds < 3600 ? (chinese ? "分钟" : "minute")
                                  : (chinese ? "小时" : "hour");
}
