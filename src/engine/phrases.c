/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting a text into phrases by rules; docs/explain.md lists them. Where words are written apart a phrase is a word with
 * the articles, prepositions and the like before it. Where they are not (Chinese), it ends at characters that only have a
 * grammatical use, after a number with its measure word, and after four characters at the latest: a cut may fall into
 * a word, which costs sharpness and breaks nothing.
 */
#include "engine/phrases.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* Characters of a phrase of Chinese at most, those with a grammatical use at its ends not counted. */
#define LONGEST 4

typedef enum { KIND_SPACE, KIND_STOP, KIND_WORD, KIND_HAN } kind;

/* A character, or a word that is written apart. */
typedef struct {
    kind kind;
    size_t begin, size;
    uint32_t code; /* of a single character */
    bool digits;   /* of a word: nothing but digits and the points between them */
} piece;

typedef struct {
    const char *text;
    size_t size;
    tuwen_phrase *phrases; /* [TUWEN_PHRASES] */
    size_t count;          /* of them */
    size_t found;          /* by the rules; more than there is room for are only counted */
    size_t join;           /* so many of the rules' phrases become one */
    /* the phrase that is open */
    bool open;
    size_t begin, end;
} splitter;

/* ---- characters ------------------------------------------------------------------------------------------------- */

static bool within(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

static bool is_digit(uint32_t code)
{
    return within(code, '0', '9') || within(code, 0xff10, 0xff19);
}

static kind kind_of(uint32_t code)
{
    if (code <= ' ' || code == 0x7f || code == 0xa0 || code == 0x3000 || within(code, 0x2000, 0x200a) ||
        code == 0x2028 || code == 0x2029)
        return KIND_SPACE;
    bool stop = (code < 0x80 && !is_digit(code) && !within(code | 0x20, 'a', 'z')) || within(code, 0xa1, 0xa9) ||
                within(code, 0xab, 0xb4) || within(code, 0xb6, 0xb9) || within(code, 0xbb, 0xbf) ||
                within(code, 0x2010, 0x2027) || within(code, 0x2030, 0x205e) || within(code, 0x3001, 0x3004) ||
                within(code, 0x3008, 0x3020) || within(code, 0xff01, 0xff0f) || within(code, 0xff1a, 0xff20) ||
                within(code, 0xff3b, 0xff40) || within(code, 0xff5b, 0xff65);
    if (stop)
        return KIND_STOP;
    /* Ideographs, and the kana, which are not written apart either. */
    bool han = within(code, 0x3400, 0x4dbf) || within(code, 0x4e00, 0x9fff) || within(code, 0xf900, 0xfaff) ||
               within(code, 0x20000, 0x323af) || code == 0x3005 || code == 0x3007 || within(code, 0x3041, 0x30ff);
    return han ? KIND_HAN : KIND_WORD;
}

/* Whether a character of punctuation belongs to the word around it: "don't", "T-shirt", "2.5", "10,000". */
static bool joins(uint32_t before, uint32_t code, uint32_t after)
{
    bool digits = is_digit(before) && is_digit(after);
    bool letters = kind_of(before) == KIND_WORD && kind_of(after) == KIND_WORD;
    return (digits && (code == '.' || code == ',')) ||
           (letters && (code == '\'' || code == 0x2019 || code == '-' || code == 0x2010));
}

static uint32_t code_at(const splitter *of, size_t at, size_t *length)
{
    *length = 0;
    if (at >= of->size)
        return ' ';
    uint32_t code;
    *length = tw_utf8_decode(of->text + at, of->size - at, &code);
    return code == TW_UTF8_INVALID ? TW_UTF8_REPLACEMENT : code;
}

static piece next_piece(const splitter *of, size_t at)
{
    size_t length, more;
    uint32_t code = code_at(of, at, &length);
    piece next = {.kind = kind_of(code), .begin = at, .size = length, .code = code, .digits = is_digit(code)};
    if (next.kind != KIND_WORD)
        return next;
    for (;;) {
        uint32_t last = code;
        size_t end = at + next.size;
        code = code_at(of, end, &length);
        bool percent = is_digit(last) && (code == '%' || code == 0xff05);
        if (percent) {
            next.size += length;
            return next;
        }
        if (kind_of(code) != KIND_WORD) {
            uint32_t after = code_at(of, end + length, &more);
            if (!joins(last, code, after))
                return next;
            length += more;
            code = after;
        }
        next.digits = next.digits && is_digit(code);
        next.size += length;
    }
}

/* ---- words with a grammatical use --------------------------------------------------------------------------------- */

/* Between spaces; a phrase of English begins with them and ends with another word. */
static const char function_words[] =
    " a an the this that these those my your his her its our their some any each every another of in on at by for "
    "with "
    "without to from into onto over under near behind beside beneath between among above below across along around "
    "inside outside through towards upon during and or but nor not no never as than is are was were be being been am "
    "has have had do does did can could will would shall should may might must it he she they we you i who which "
    "whose "
    "what where when while there very too so also just only both either neither if then "
    "isn't aren't wasn't weren't don't doesn't didn't can't won't cannot ";

/* A phrase of Chinese begins before these, unless nothing stands before them. */
static const char begins[] = "在和与跟及或把被从向往给让比而但并且是有没不无非";
/* Nor where they are part of such a word. */
static const char inner[] = "没有 高跟 低跟 平跟 粗跟 细跟 坡跟 温和 柔和 以及";
/* It ends after these. */
static const char ends[] = "的得了着";
/* And after these when it began with 在. */
static const char places[] = "上下里中旁";
/* And after these, which end many words of three characters (高跟鞋, 牛仔裤, 红绿灯), from the third character on, unless the
 * word goes on (裤子, 灯光). */
static const char things[] = "鞋裤裙衫帽袜靴灯";
static const char thing_goes_on[] = "子带柜盒架店厂底垫跟头边口光泡罩具塔笼";
static const char numerals[] = "一二两三四五六七八九十百千万零〇几数半双";
static const char measures[] =
    "个只条张件双本辆朵匹头位名座棵颗根把杯碗瓶盒包片块套对群台架艘幅顶枚支枝串盘袋束排层扇栋间码";

static bool listed(uint32_t code, const char *list)
{
    char bytes[5] = {0};
    if (code < 0x80)
        return false;
    tw_utf8_encode(code, bytes);
    return strstr(list, bytes) != NULL;
}

/* Words of up to 14 letters, the longest of the list. */
static bool is_function_word(const splitter *of, const piece *word)
{
    char padded[20] = " ";
    size_t length = 1;
    if (word->size > 14)
        return false;
    for (size_t i = 0; i < word->size; i++) {
        unsigned char byte = (unsigned char)of->text[word->begin + i];
        if (byte == 0xe2 && i + 2 < word->size && memcmp(of->text + word->begin + i, "\u2019", 3) == 0) {
            byte = '\'';
            i += 2;
        }
        padded[length++] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
    padded[length++] = ' ';
    padded[length] = '\0';
    return strstr(function_words, padded) != NULL;
}

/* Whether a character with a grammatical use is here part of a word. */
static bool is_inner(uint32_t before, uint32_t code)
{
    char pair[16] = {0};
    size_t length = tw_utf8_encode(before, pair);
    tw_utf8_encode(code, pair + length);
    return strstr(inner, pair) != NULL;
}

/* ---- phrases ------------------------------------------------------------------------------------------------------ */

static void close_phrase(splitter *of)
{
    if (!of->open)
        return;
    of->open = false;
    bool joined = of->found++ % of->join != 0;
    if (joined) {
        tuwen_phrase *last = &of->phrases[of->count - 1];
        last->size = of->end - last->begin;
    } else if (of->count < TUWEN_PHRASES) {
        of->phrases[of->count++] = (tuwen_phrase){.begin = of->begin, .size = of->end - of->begin};
    }
}

static void extend(splitter *of, const piece *more)
{
    if (!of->open)
        of->begin = more->begin;
    of->open = true;
    of->end = more->begin + more->size;
}

/* Words without a content word behind them belong to the phrase before, which ended at `previous_end`. */
static void attach(splitter *of, size_t previous_end)
{
    tuwen_phrase *last = of->count > 0 ? &of->phrases[of->count - 1] : NULL;
    if (of->open && last && last->begin + last->size == previous_end) {
        last->size = of->end - last->begin;
        of->open = false;
    }
    close_phrase(of);
}

/* A run of words that are written apart, up to the next other character. Returns its end. */
static size_t split_words(splitter *of, size_t at)
{
    size_t previous_end = SIZE_MAX;
    while (at < of->size) {
        const piece next = next_piece(of, at);
        if (next.kind == KIND_HAN || next.kind == KIND_STOP)
            break;
        at = next.begin + next.size;
        if (next.kind == KIND_SPACE)
            continue;
        /* a number right before a Chinese character is that one's: 3只 */
        size_t length;
        if (next.digits && kind_of(code_at(of, at, &length)) == KIND_HAN) {
            attach(of, previous_end);
            return next.begin;
        }
        extend(of, &next);
        if (!is_function_word(of, &next)) {
            close_phrase(of);
            previous_end = at;
        }
    }
    attach(of, previous_end);
    return at;
}

/* How many characters the next part of an overlong phrase has: four, or two where one would be left alone behind it. */
static size_t part_of(size_t left)
{
    return left <= LONGEST ? left : left == LONGEST + 1 ? 2 : LONGEST;
}

/* Closes a phrase of `count` characters, in parts if there are too many; `extra` of them at its end do not count. */
static void close_han(splitter *of, size_t count, size_t extra)
{
    size_t begin = of->begin, end = of->end, content = count - extra;
    if (!of->open)
        return;
    while (content > LONGEST) {
        size_t part = part_of(content), length;
        content -= part;
        of->open = true;
        of->begin = of->end = begin;
        for (; part > 0; part--) {
            code_at(of, of->end, &length);
            of->end += length;
        }
        begin = of->end;
        close_phrase(of);
    }
    of->open = true;
    of->begin = begin;
    of->end = end;
    close_phrase(of);
}

/* A run of characters that are not written apart, a number before the first of them included. Returns its end. */
static size_t split_han(splitter *of, size_t at)
{
    size_t count = 0;
    bool number = false; /* all so far is a number, but for a first character that only has a grammatical use */
    bool place = false;  /* it begins with 在 */
    uint32_t last = 0;
    while (at < of->size) {
        const piece next = next_piece(of, at), after = next_piece(of, at + next.size);
        bool digits = next.kind == KIND_WORD && next.digits && after.kind == KIND_HAN;
        if (next.kind != KIND_HAN && !digits)
            break;
        bool numeral = digits || listed(next.code, numerals);
        if (count > 0 && (digits || (listed(next.code, begins) && !is_inner(last, next.code)))) {
            close_han(of, count, 0);
            count = 0;
        }
        extend(of, &next);
        place = count == 0 ? next.code == 0x5728 : place; /* 在 */
        bool measured = number && listed(next.code, measures);
        bool placed = place && count > 1 && listed(next.code, places);
        number = numeral && (number || count == 0 || (count == 1 && listed(last, begins)));
        count++;
        last = next.code;
        at = next.begin + next.size;
        bool ending = listed(next.code, ends);
        bool colour = next.code == 0x8272 && count > 1; /* 色 */
        bool thing = count > 2 && listed(next.code, things) && !listed(after.code, thing_goes_on);
        if (ending || ((measured || colour || placed || thing) && !listed(after.code, ends))) {
            close_han(of, count, ending);
            count = 0;
            number = false;
        }
    }
    close_han(of, count, 0);
    return at;
}

static void split(splitter *of)
{
    of->count = of->found = 0;
    for (size_t at = 0; at < of->size;) {
        const piece next = next_piece(of, at);
        size_t length;
        bool han = next.kind == KIND_HAN ||
                   (next.digits && kind_of(code_at(of, next.begin + next.size, &length)) == KIND_HAN);
        if (han)
            at = split_han(of, at);
        else if (next.kind == KIND_WORD)
            at = split_words(of, at);
        else
            at += next.size;
    }
}

size_t tuwen_split_phrases(const char *text, size_t size, tuwen_phrase *phrases, size_t capacity)
{
    tuwen_phrase room[TUWEN_PHRASES];
    splitter of = {.text = text, .size = size, .phrases = room, .join = 1};
    split(&of);
    if (of.found > TUWEN_PHRASES) {
        of.join = (of.found + TUWEN_PHRASES - 1) / TUWEN_PHRASES;
        split(&of);
    }
    for (size_t i = 0; i < of.count && i < capacity; i++)
        phrases[i] = room[i];
    return of.count;
}

/* ---- leaving one out ------------------------------------------------------------------------------------------------ */

static bool is_comma(const char *at, size_t left, size_t *length)
{
    static const char *const commas[] = {",", ";", "，", "、", "；"};
    for (size_t i = 0; i < sizeof commas / sizeof *commas; i++) {
        *length = strlen(commas[i]);
        if (left >= *length && memcmp(at, commas[i], *length) == 0)
            return true;
    }
    return false;
}

static bool ends_with_comma(const char *text, size_t size)
{
    size_t length;
    return (size >= 1 && is_comma(text + size - 1, 1, &length)) ||
           (size >= 3 && is_comma(text + size - 3, 3, &length));
}

size_t tw_text_without(const char *text, size_t size, const tuwen_phrase *phrase, char *to)
{
    size_t before = phrase->begin, after = phrase->begin + phrase->size, length;
    bool spaced = before > 0 && text[before - 1] == ' ';
    while (before > 0 && text[before - 1] == ' ')
        before--;
    size_t next = after;
    while (next < size && text[next] == ' ')
        next++;
    spaced = spaced || next > after;
    bool gap_at_comma = before == 0 || ends_with_comma(text, before);
    while (gap_at_comma && next < size && is_comma(text + next, size - next, &length)) {
        next += length;
        while (next < size && text[next] == ' ')
            next++;
    }
    memcpy(to, text, before);
    size_t written = before;
    bool closing = next < size && text[next] != '\0' && strchr(",.;:!?)", text[next]);
    if (spaced && before > 0 && next < size && !closing)
        to[written++] = ' ';
    memcpy(to + written, text + next, size - next);
    return written + size - next;
}
