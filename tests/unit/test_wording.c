/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of wording: what they find, what they must not, and what they put in its place. */
#include <stdio.h>
#include <string.h>

#include "testing.h"
#include "wording.h"

enum { HITS = 16 };

/* "kind:word kind:word" of all that is found in a text. */
static void expect_hits(const char *text, const char *wanted)
{
    struct wording_hit hits[HITS];
    char got[512] = "";
    size_t count = wording_find(text, strlen(text), hits, HITS);
    assert_true(count <= HITS);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(got);
        (void)snprintf(got + length, sizeof got - length, "%s%s:%.*s", i ? " " : "", wording_name(hits[i].kind),
                       (int)hits[i].size, text + hits[i].begin);
    }
    if (strcmp(got, wanted) != 0)
        fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, got, wanted);
}

static void test_english(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        /* counts */
        {"two dogs", "count:two"},
        {"Three dogs and 4 cats", "count:Three count:4"},
        {"12 eggs in a box", "count:12"},
        {"one dog", ""},
        {"1 dog", ""},
        {"100 dogs", ""},
        {"size 42 shoes", ""},
        {"iPhone 15 case", ""},
        {"No. 5 perfume", ""},
        {"500 ml bottle, 2 m long, 24 inch", ""},
        {"a 2.5 litre bottle", ""},
        {"4K video, MP3, 3D", ""},
        {"2024-05-12 at 10:30 in the morning", ""},
        {"$20 bill", ""},
        {"a three-piece suit", ""},
        {"often weighty seventh", ""},
        /* negation */
        {"a dog without a cat", "negation:without"},
        {"no smoking", "negation:no"},
        {"it isn't raining, it don\u2019t", "negation:isn't negation:don\u2019t"},
        {"not only a dog", ""},
        {"no one is here", ""},
        {"a knot, a note, piano", ""},
        {"NOT FOR SALE", "negation:NOT"},
        /* places */
        {"a cat on the left of a dog", "place:left"},
        {"a cat under a table, in front of a dog", "place:under place:in front of"},
        {"bright leftovers, underwear, aboveboard", ""},
        {"right now, all right", ""},
        {"an Under Armour shirt", ""},
        /* colours */
        {"a red apple", "color:red"},
        {"a Red apple and a gray wall", "color:Red color:gray"},
        {"an orange cat", "color:orange"},
        {"an orange", ""},
        {"an orange and a pear", ""},
        {"orange juice, red wine, green tea, the White House", ""},
        {"a blackboard, blueberries, reddish", ""},
        /* materials */
        {"a leather bag", "material:leather"},
        {"a glass table", "material:glass"},
        {"a glass of water, wine in a glass", ""},
        {"a stainless steel pan", "material:stainless steel"},
        {"steal, silken, plasticity", ""},
        /* the sexes */
        {"a woman and her son", "gender:woman gender:her gender:son"},
        {"men's shoes", "gender:men"},
        {"a human mandate, heroes, season, sheer", ""},
        {"a king-size bed", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_hits(cases[i][0], cases[i][1]);
}

static void test_chinese(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        /* counts */
        {"两只狗", "count:两"},
        {"三个苹果和4把椅子", "count:三 count:4"},
        {"一只狗", ""},
        {"二十三只羊", ""},
        {"第三个人", ""},
        {"三明治", ""},
        {"五颜六色的气球", "" /* no measure word */},
        {"四季新款", ""},
        {"42码 500ml 2米", ""},
        {"几个人", ""},
        /* negation */
        {"没有人的街道", "negation:没有"},
        {"不戴眼镜", "negation:不"},
        {"无糖饮料", "negation:无"},
        {"不锈钢水槽", "material:不锈钢"},
        {"不同的杯子，非常漂亮，无线耳机", ""},
        {"非洲的无人机，未来城市", ""},
        {"不粘锅", ""},
        /* places */
        {"狗在猫的左边", "place:左"},
        {"桌子上面的书，椅子下面的猫", "place:上面 place:下面"},
        {"上海，上衣，晚上，下午", ""},
        {"三十元左右", ""},
        {"左右两边的树", "place:左右两"},
        {"车的后面", "place:后面"},
        {"座右铭", ""},
        /* colours */
        {"一只红色的狗", "color:红"},
        {"粉红色连衣裙", "color:粉红"},
        {"白猫和黑狗", "color:白 color:黑"},
        {"红绿灯", ""},
        {"红酒、绿茶、黄瓜、蓝牙、口红", ""},
        {"黑白照片，白天，奶粉", ""},
        /* materials */
        {"纯棉上衣", "material:纯棉"},
        {"木质桌子上的玻璃杯", "material:木质 material:玻璃"},
        /* the sexes */
        {"男士皮鞋", "gender:男"},
        {"女孩和她的爸爸", "gender:女 gender:她 gender:爸爸"},
        {"男女通用", ""},
        {"弹吉他，其他", ""},
        {"女儿", "gender:女儿"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_hits(cases[i][0], cases[i][1]);
}

/* All texts that come of the first hit, with bars between them. */
static void expect_others(const char *text, const char *wanted)
{
    struct wording_hit hit;
    char word[WORDING_WORD], made[256], got[1024] = "";
    assert_true(wording_find(text, strlen(text), &hit, 1) >= 1);
    for (size_t i = 0; wording_other(text, &hit, i, word); i++) {
        size_t size = wording_replace(text, strlen(text), &hit, word, made), length = strlen(got);
        assert_true(size <= strlen(text) + WORDING_WORD + 1);
        (void)snprintf(got + length, sizeof got - length, "%s%.*s", i ? "|" : "", (int)size, made);
    }
    if (strcmp(got, wanted) != 0)
        fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, got, wanted);
}

static void test_others(void **state)
{
    (void)state;
    expect_others("a red hat",
                  "an orange hat|a yellow hat|a green hat|a blue hat|a purple hat|a pink hat|a brown hat|"
                  "a black hat|a white hat|a grey hat");
    expect_others("An orange cat",
                  "A red cat|A yellow cat|A green cat|A blue cat|A purple cat|A pink cat|A brown cat|"
                  "A black cat|A white cat|A grey cat");
    expect_others("gray", "red|orange|yellow|green|blue|purple|pink|brown|black|white");
    expect_others("红色的车",
                  "橙色的车|黄色的车|绿色的车|蓝色的车|紫色的车|粉色的车|棕色的车|黑色的车|白色的车|灰色的车");
    expect_others("粉红色", "红色|橙色|黄色|绿色|蓝色|紫色|棕色|黑色|白色|灰色");
    expect_others("two dogs", "three dogs|four dogs");
    expect_others("Five dogs", "six dogs|four dogs");
    expect_others("twelve dogs", "eleven dogs|ten dogs");
    expect_others("2 dogs", "3 dogs|4 dogs");
    expect_others("99 dogs", "98 dogs|97 dogs");
    expect_others("两只狗", "三只狗|四只狗");
    expect_others("3只狗", "4只狗|2只狗");
    expect_others("a woman", "a man");
    expect_others("men's shoes", "women's shoes");
    expect_others("女孩", "男孩");
    expect_others("她的女儿", "他的女儿");
    expect_others("a mom", "a dad");
    expect_others("an actress", "an actor");
    expect_others("a golden ring", "a silvery ring");
    expect_others("steel pan", "wooden pan|plastic pan|glass pan|ceramic pan|stone pan|rubber pan");
    expect_others("without a dog", "");
    expect_others("on the left", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_english),
        cmocka_unit_test(test_chinese),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
