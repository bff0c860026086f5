/* SPDX-License-Identifier: Apache-2.0 */
/* The language of queries. A query's expected terms are written as lines "+2 text" or "-1 @picture". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "query.h"
#include "ranking.h"

static void expect(const char *source, const char *lines)
{
    struct query query;
    size_t at, length = 0;
    char text[512] = "";
    assert_int_equal(query_parse(&query, source, &at), QUERY_GOOD);
    for (size_t i = 0; i < query.count; i++) {
        const struct query_term *term = &query.terms[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%+g %s%s\n", term->weight,
                                   term->picture ? "@" : "", term->picture ? term->picture : term->text);
    }
    assert_string_equal(text, lines);
    query_free(&query);
}

static void refuse(const char *source, enum query_error error, size_t place)
{
    struct query query;
    size_t at;
    assert_int_equal(query_parse(&query, source, &at), error);
    assert_int_equal(at, place);
    query_free(&query);
}

static void test_terms(void **state)
{
    expect("a dog", "+1 a dog\n");
    expect("+ a beach - people", "+1 a beach\n-1 people\n");
    expect("- people", "-1 people\n");
    expect("2:cat + ./x.jpg - night", "+2 cat\n+1 @./x.jpg\n-1 night\n");
    expect("\t 海滩 \n+  0.5:@海.png -\t人 ", "+1 海滩\n+0.5 @海.png\n-1 人\n");
    expect("@my photo.jpg + /tmp/a b.jpg + ../c.jpg", "+1 @my photo.jpg\n+1 @/tmp/a b.jpg\n+1 @../c.jpg\n");
    expect("@-", "+1 @-\n");
}

static void test_signs_and_weights_inside_of_words(void **state)
{
    expect("well-lit room -people a+b", "+1 well-lit room -people a+b\n");
    expect("16:9 screen - 12:30 train", "+1 16:9 screen\n-1 12:30 train\n");
    expect("5 dogs", "+1 5 dogs\n");
    expect("a:b + .5:c + 2.:d", "+1 a:b\n+1 .5:c\n+1 2.:d\n");
    expect("1000:a - 0.25: b", "+1000 a\n-0.25 b\n");
    expect("a - 12\" TV", "+1 a\n-1 12\" TV\n");
    expect(".hidden + ..", "+1 .hidden\n+1 ..\n");
}

static void test_quotes(void **state)
{
    expect("\"black + white\" - \"@home\"", "+1 black + white\n-1 @home\n");
    expect("2:\"3 dogs\"", "+2 3 dogs\n");
    expect("\"2:1 wins\" + @\"my - photo.jpg\"", "+1 2:1 wins\n+1 @my - photo.jpg\n");
    expect("\"say \\\"yes\\\" \\\\ \\n\"", "+1 say \"yes\" \\ \\n\n");
    expect("\" blank \"", "+1  blank \n");
}

static void test_what_is_refused(void **state)
{
    refuse("", QUERY_EMPTY, 0);
    refuse(" \t", QUERY_EMPTY, 2);
    refuse("+", QUERY_NO_TERM, 1);
    refuse("a +", QUERY_NO_TERM, 3);
    refuse("a + - b", QUERY_NO_TERM, 4);
    refuse("a - @", QUERY_NO_TERM, 5);
    refuse("2: + a", QUERY_NO_TERM, 3);
    refuse("\"\"", QUERY_NO_TERM, 2);
    refuse("a - 0:b", QUERY_BAD_WEIGHT, 4);
    refuse("1000.1:b", QUERY_BAD_WEIGHT, 0);
    refuse("99999999999999999999999999999999:b", QUERY_BAD_WEIGHT, 0);
    refuse("a + \"b", QUERY_OPEN_QUOTE, 4);
    refuse("\"b\\\"", QUERY_OPEN_QUOTE, 0);
    refuse("\"b\\", QUERY_OPEN_QUOTE, 0);
    refuse("\"a\" b", QUERY_AFTER_QUOTE, 4);
    refuse("\"a\"+ b", QUERY_AFTER_QUOTE, 3);
}

static void test_fused(void **state)
{
    struct query query;
    assert_true(query_fuse(&query, "a - b.jpg", "2:c + d"));
    assert_int_equal(query.count, 1);
    assert_string_equal(query.terms[0].picture, "a - b.jpg");
    assert_string_equal(query.terms[0].text, "2:c + d");
    assert_true(query.terms[0].weight == 1);
    query_free(&query);
}

/* The best of 1000 offered in a shuffled order are those that sorting gives, with equal ones in the order of their places. */
static void test_ranking(void **state)
{
    enum { COUNT = 1000, MOST = 10 };
    struct ranking ranking;
    struct ranked all[COUNT];
    assert_true(ranking_make(&ranking, 2, MOST));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t place = i * 387 % COUNT; /* 387 and 1000 have no common divisor */
        all[place] = (struct ranked){(float)(place * 7919 % 50), place};
        ranking_offer(&ranking, 1, all[place]);
    }
    ranking_offer(&ranking, 0, (struct ranked){-1, 5});
    ranked_sort(all, COUNT);
    size_t count;
    const struct ranked *best = ranking_sorted(&ranking, 1, &count);
    assert_int_equal(count, MOST);
    for (size_t i = 0; i < MOST; i++) {
        assert_int_equal(best[i].place, all[i].place);
        assert_true(i == 0 || all[i - 1].cosine > all[i].cosine ||
                    (all[i - 1].cosine == all[i].cosine && all[i - 1].place < all[i].place));
    }
    best = ranking_sorted(&ranking, 0, &count);
    assert_int_equal(count, 1);
    assert_int_equal(best[0].place, 5);
    ranking_free(&ranking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),  cmocka_unit_test(test_signs_and_weights_inside_of_words),
        cmocka_unit_test(test_quotes), cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_fused),  cmocka_unit_test(test_ranking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
