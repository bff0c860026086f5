/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the words of wording.def in a text, and putting others in their place.
 *
 * At every place of the text the longest entry holds, so that a false friend covers the word that begins with it. Counts
 * have no end, so they have rules beside the table: a whole number before an English word that is no unit, and a Chinese or
 * Arabic number before a measure word.
 */
#include "wording.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum use { PLAIN, ALIAS, NOUN };

struct entry {
    enum wording kind;
    int set;
    enum use use;
    const char *word;
};

static const struct entry table[] = {
#define WORD(kind, set, use, word) {WORDING_##kind, set, use, word},
#include "wording.def"
#undef WORD
};
enum { ENTRIES = sizeof table / sizeof *table };

/* Numbers of things that are counted one by one in a text for a picture. */
enum { LEAST = 2, MOST = 99, MOST_WORD = 12, MOST_CHINESE = 10 };

static const char *const chinese_numbers[] = {"", "", "两", "三", "四", "五", "六", "七", "八", "九", "十"};
static const char *const measures[] = {"个", "只", "条", "张", "件", "双", "本", "辆", "朵", "匹", "位", "名", "座",
                                       "棵", "颗", "根", "把", "杯", "碗", "瓶", "盒", "块", "架", "艘", "幅", "顶",
                                       "支", "枝", "串", "盘", "束", "栋", "头", "台", "部", "间", "扇", "片"};

/* Words between spaces: after a number they make it a size, before it a name. */
static const char units[] =
    " ml l cl g kg mg lb lbs oz cm mm m km in inch inches ft feet yards miles gb tb mb mah w kw v a "
    "hz khz mhz ghz px pixels years year yr months month days day weeks hours hour hrs min minutes "
    "seconds pm am degrees percent per of usd eur dollars euros ";
static const char names[] =
    " size no nr number model type version level chapter episode part iphone ipad galaxy windows room "
    "page gate route highway age ps formula section volume unit ";

/* ---- characters --------------------------------------------------------------------------------------------------- */

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool starts_with(const char *at, size_t left, const char *word)
{
    size_t length = strlen(word);
    return left >= length && memcmp(at, word, length) == 0;
}

/* Bytes of the UTF-8 character that begins with this byte; 1 for a broken one. */
static size_t character_size(char first)
{
    unsigned char byte = (unsigned char)first;
    return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

/* A word of a list between spaces, in any case. */
static bool listed(const char *list, const char *word, size_t size)
{
    char padded[24] = " ";
    if (size == 0 || size > sizeof padded - 3)
        return false;
    for (size_t i = 0; i < size; i++)
        padded[1 + i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i]);
    padded[1 + size] = ' ';
    padded[2 + size] = '\0';
    return strstr(list, padded) != NULL;
}

/* ---- words of the table --------------------------------------------------------------------------------------------- */

/* The bytes of the text that match an English word; an apostrophe may be the typographic one. 0: none. */
static size_t match_letters(const char *at, size_t left, const char *word)
{
    size_t size = 0;
    for (; *word; word++) {
        if (size >= left)
            return 0;
        if (*word == '\'' && starts_with(at + size, left - size, "\u2019")) {
            size += strlen("\u2019");
            continue;
        }
        char byte = at[size++];
        if ((byte >= 'A' && byte <= 'Z' ? byte + 32 : byte) != *word)
            return 0;
    }
    return size;
}

/* Whether another word follows behind one space: "glass table", but not "glass" or "glass and". */
static bool word_follows(const char *at, size_t left)
{
    static const char others[] =
        " and or of on in at with without for to from by is are was were the a an as but near ";
    size_t size = 0;
    if (left < 2 || *at != ' ')
        return false;
    while (1 + size < left && is_letter(at[1 + size]))
        size++;
    return size > 0 && !listed(others, at + 1, size);
}

/* The bytes that an entry takes at a place of the text; 0 if it is not there. */
static size_t match_entry(const struct entry *entry, const char *text, size_t size, size_t at)
{
    size_t left = size - at;
    if ((unsigned char)*entry->word >= 0x80)
        return starts_with(text + at, left, entry->word) ? strlen(entry->word) : 0;
    if (at > 0 && (is_letter(text[at - 1]) || is_digit(text[at - 1])))
        return 0;
    size_t taken = match_letters(text + at, left, entry->word);
    if (taken == 0 || (taken < left && (is_letter(text[at + taken]) || is_digit(text[at + taken]))))
        return 0;
    return entry->use == NOUN && !word_follows(text + at + taken, left - taken) ? 0 : taken;
}

static bool find_entry(const char *text, size_t size, size_t at, struct wording_hit *hit)
{
    hit->size = 0;
    for (int i = 0; i < ENTRIES; i++) {
        size_t taken = match_entry(&table[i], text, size, at);
        if (taken > hit->size)
            *hit = (struct wording_hit){.kind = table[i].kind,
                                        .begin = at,
                                        .size = taken,
                                        .entry = i,
                                        .number = table[i].kind == WORDING_COUNT ? table[i].set : 0};
    }
    return hit->size > 0;
}

/* ---- counts ----------------------------------------------------------------------------------------------------------- */

static bool measure_follows(const char *at, size_t left)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (starts_with(at, left, measures[i]))
            return true;
    return false;
}

/* Whether the word before the place, behind one space, makes a number a name: "size 42". */
static bool is_named(const char *text, size_t at)
{
    size_t end = at, begin;
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '.'))
        end--;
    for (begin = end; begin > 0 && is_letter(text[begin - 1]);)
        begin--;
    return end < at && listed(names, text + begin, end - begin);
}

/* Digits: before a measure word, or before an English word that is no unit. Their bytes, a number or not, are `taken`. */
static bool find_digits(const char *text, size_t size, size_t at, size_t *taken, int *number)
{
    size_t end = at;
    *number = 0;
    while (end < size && is_digit(text[end])) {
        *number = *number < 1000 ? *number * 10 + text[end] - '0' : *number;
        end++;
    }
    *taken = end - at;
    bool part = at > 0 && (is_letter(text[at - 1]) || strchr(".,-/:$#", text[at - 1]));
    if (part || *number < LEAST || *number > MOST)
        return false;
    if (measure_follows(text + end, size - end))
        return true;
    size_t word = end + 1, length = 0;
    while (word + length < size && is_letter(text[word + length]))
        length++;
    return end < size && text[end] == ' ' && length > 1 && !listed(units, text + word, length) && !is_named(text, at);
}

/* A Chinese number of one character before a measure word. */
static bool find_chinese_number(const char *text, size_t size, size_t at, size_t *taken, int *number)
{
    for (*number = LEAST; *number <= MOST_CHINESE; ++*number) {
        const char *word = chinese_numbers[*number];
        if (starts_with(text + at, size - at, word)) {
            *taken = strlen(word);
            return measure_follows(text + at + *taken, size - at - *taken);
        }
    }
    return false;
}

/* Whether a number stands before the place: 十两个 and 二十三只 are not of one character. */
static bool number_before(const char *text, size_t at)
{
    static const char *const numerals[] = {"一", "二", "两", "三", "四", "五", "六", "七",
                                           "八", "九", "十", "百", "千", "万", "第", "几"};
    for (size_t i = 0; at >= 3 && i < sizeof numerals / sizeof *numerals; i++)
        if (memcmp(text + at - 3, numerals[i], 3) == 0)
            return true;
    return false;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------- */

size_t wording_find(const char *text, size_t size, struct wording_hit *hits, size_t capacity)
{
    size_t count = 0, step;
    for (size_t at = 0; at < size; at += step) {
        struct wording_hit hit;
        int number;
        bool found = false;
        step = character_size(text[at]);
        if (is_digit(text[at]))
            found = find_digits(text, size, at, &step, &number);
        else
            found = !number_before(text, at) && find_chinese_number(text, size, at, &step, &number);
        if (found)
            hit =
                (struct wording_hit){.kind = WORDING_COUNT, .begin = at, .size = step, .entry = -1, .number = number};
        else if (!is_digit(text[at]) && find_entry(text, size, at, &hit)) {
            step = hit.size;
            found = hit.kind != WORDING_NOTHING;
        }
        if (found && count++ < capacity)
            hits[count - 1] = hit;
    }
    return count;
}

const char *wording_name(enum wording kind)
{
    static const char *const kinds[] = {
        [WORDING_NOTHING] = "nothing", [WORDING_COUNT] = "count", [WORDING_NEGATION] = "negation",
        [WORDING_PLACE] = "place",     [WORDING_COLOR] = "color", [WORDING_MATERIAL] = "material",
        [WORDING_GENDER] = "gender"};
    return kinds[kind];
}

/* ---- other words ------------------------------------------------------------------------------------------------------- */

/* The numbers beside a number: one more, one less, two more, as far as they are counts. 0: no more. */
static int other_number(int number, int most, size_t index)
{
    static const int steps[] = {1, -1, 2, -2};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int other = number + steps[i];
        if (other >= LEAST && other <= most && index-- == 0)
            return other;
    }
    return 0;
}

static const char *count_word(int number)
{
    for (int i = 0; i < ENTRIES; i++)
        if (table[i].kind == WORDING_COUNT && table[i].set == number)
            return table[i].word;
    return "";
}

/* A count in the form that the hit has; two others are enough. */
static bool other_count(const char *text, const struct wording_hit *hit, size_t index, char word[WORDING_WORD])
{
    bool digits = is_digit(text[hit->begin]), in_words = hit->entry >= 0;
    int number = index < 2 ? other_number(hit->number,
                                          digits     ? MOST
                                          : in_words ? MOST_WORD
                                                     : MOST_CHINESE,
                                          index)
                           : 0;
    if (number == 0)
        return false;
    if (digits)
        snprintf(word, WORDING_WORD, "%d", number);
    else
        snprintf(word, WORDING_WORD, "%s", in_words ? count_word(number) : chinese_numbers[number]);
    return true;
}

bool wording_other(const char *text, const struct wording_hit *hit, size_t index, char word[WORDING_WORD])
{
    if (hit->kind == WORDING_COUNT)
        return other_count(text, hit, index, word);
    const struct entry *own = &table[hit->entry];
    while (own->use == ALIAS)
        own--;
    for (int i = 0; own->set > 0 && i < ENTRIES; i++) {
        const struct entry *other = &table[i];
        if (other->kind != own->kind || other->set != own->set || other == own || other->use == ALIAS || index-- > 0)
            continue;
        snprintf(word, WORDING_WORD, "%s", other->word);
        if (text[hit->begin] >= 'A' && text[hit->begin] <= 'Z')
            word[0] = (char)(word[0] - 32);
        return true;
    }
    return false;
}

/* Copies what stands before the word, an article "a" or "an" at its end as the word wants it. */
static size_t copy_before(const char *text, size_t begin, const char *word, char *to)
{
    bool vowel = strchr("aeiouAEIOU", word[0]) != NULL;
    size_t cut = begin > 0 && text[begin - 1] == ' ' ? begin - 1 : begin;
    bool has_n = cut < begin && cut > 0 && (text[cut - 1] == 'n' || text[cut - 1] == 'N');
    size_t letter = has_n ? cut - 1 : cut; /* behind the "a" */
    bool article = cut < begin && letter > 0 && (text[letter - 1] == 'a' || text[letter - 1] == 'A') &&
                   (letter == 1 || !is_letter(text[letter - 2])) && (unsigned char)word[0] < 0x80 &&
                   is_letter(word[0]);
    if (!article) {
        memcpy(to, text, begin);
        return begin;
    }
    memcpy(to, text, letter);
    if (vowel)
        to[letter++] = 'n';
    to[letter++] = ' ';
    return letter;
}

size_t wording_replace(const char *text, size_t size, const struct wording_hit *hit, const char *word, char *to)
{
    size_t written = copy_before(text, hit->begin, word, to), length = strlen(word), end = hit->begin + hit->size;
    memcpy(to + written, word, length);
    memcpy(to + written + length, text + end, size - end);
    return written + length + size - end;
}
