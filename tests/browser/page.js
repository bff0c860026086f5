/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, orders, threshold, keys, words, colours: against counts made here from the rows. */
const $ = (id) => document.getElementById(id);
const click = (selector) => document.querySelector(selector).click();
const counted = (condition) => rows.filter(condition).length;
same(rows.length, 3000, "rows");
same(pictureBlocks.length > 0 && Math.max(...rows.map((row) => row[PICTURE])) < 500, true, "pictures are shared");

/* Only what is on the screen is in the document, at the right place, and says so to those who cannot see. */
const bands = () => Array.from(document.querySelectorAll("#list .row"));
check(bands().length < 45, "rows in the document: " + bands().length);
same($("grid").getAttribute("aria-rowcount"), "3001", "rows for screen readers");
scrollTo(0, 100000);
await frames();
check(bands().length < 45, "rows in the document after scrolling: " + bands().length);
const middle = document.elementFromPoint(400, 500).closest(".row");
same(middle.querySelector(".number").textContent, count(rows[list.view[Number(middle.dataset.at)]][NUMBER]), "row on the screen");
same(middle.getAttribute("aria-rowindex"), String(Number(middle.dataset.at) + 2), "its number for screen readers");
const middleTop = middle.getBoundingClientRect().top, listTop = $("list").getBoundingClientRect().top;
same(Math.round(middleTop - listTop), Number(middle.dataset.at) * list.rowHeight, "its place");
scrollTo(0, 0);

/* Filters. */
click('[data-filter="kind3"]');
same(list.view.length, counted((r) => !r[ERROR] && r[BAND] === 3), "very high");
click('[data-filter="kind4"]');
same(list.view.length, counted((r) => r[ERROR] || r[BAND] === 3), "very high and errors");
same(document.querySelector('[data-filter="kind4"]').getAttribute("aria-pressed"), "true", "pressed");
click("#reset");
same(list.view.length, 3000, "reset");
click('[data-filter="truncated"]');
same(list.view.length, counted((r) => r[TRUNCATED]), "truncated");
click("#reset");
await search("KETTLE sku-0001");
same(list.view.length, counted((r) => r[TEXT].includes("kettle") && r[FIELDS][0].startsWith("SKU-0001")), "search");
check(list.view.length > 0, "search finds something");
await search("红色连衣裙");
same(list.view.length, counted((r) => r[TEXT].includes("红色连衣裙")), "search in Chinese");
await search("no such thing");
same([list.view.length, $("empty").hidden], [0, false], "nothing found");
press("j");
press("a");
same(decisions.size, 0, "no decision without a row");
click("#reset");

/* Orders: rows with errors last in both directions. */
for (const [value, place] of [["score", SCORE], ["match", MATCH], ["cosine", COSINE]])
    for (const sign of ["+", "-"]) {
        choose("sort", value + sign);
        const values = list.view.map((i) => rows[i][place]), numbers = values.filter((v) => v !== null);
        const sorted = numbers.slice().sort((a, b) => sign === "+" ? a - b : b - a);
        same(values, sorted.concat(new Array(3000 - sorted.length).fill(null)), "order " + value + sign);
    }
choose("sort", "text-");
check(new Intl.Collator("en", {numeric: true}).compare(rows[list.view[0]][TEXT], rows[list.view[2999]][TEXT]) > 0, "order text-");
click('[data-sort="number"]');
same(list.view.slice(0, 3), [0, 1, 2], "order by number");

/* The threshold, of each measure. */
same([$("measure").value, filter.threshold], ["match", 0.62], "the profile's threshold");
for (const [measure, place, value] of [["match", MATCH, 0.3], ["score", SCORE, 0.7], ["cosine", COSINE, 0.25]]) {
    choose("measure", measure);
    choose("threshold-number", String(value));
    const pass = counted((r) => r[place] !== null && r[place] >= value);
    const errors = rows.filter((row) => row[ERROR] !== null).length;
    same($("threshold-counts").textContent,
         say("counts", {pass: count(pass), fail: count(3000 - errors - pass),
                        share: (100 * pass / (3000 - errors)).toFixed(1)}) + say("countsErrors", {count: count(errors)}),
         "counts " + measure);
    choose("side", "pass");
    same(list.view.length, pass, "only what passes");
    choose("threshold", "0.9");
    same(list.view.length, counted((r) => r[place] !== null && r[place] >= 0.9), "the slider");
    click("#reset");
}

/* Keys. */
press("End");
same(list.current, 2999, "End");
await frames();
const last = list.shown.get(2999).getBoundingClientRect();
check(last.bottom <= innerHeight && last.top > 0, "the last row is seen");
press("Home");
press("j");
press("ArrowDown");
press("k");
same(list.current, 1, "j, down, k");
same($("grid").getAttribute("aria-activedescendant"), "row1", "the row in focus for screen readers");
press("PageDown");
check(list.current > 3 && list.current < 20, "PageDown");
await frames();
const box = list.shown.get(list.current).getBoundingClientRect();
check(box.top >= covered() - 1 && box.bottom <= innerHeight, "the row in focus is seen: " + box.top);
press("/");
same(document.activeElement.id, "search", "search by key");
press("j", $("search"));
press("Escape", $("search"));
same(document.activeElement.id, "grid", "back to the rows");
press("Enter");
check($("detail").classList.contains("open"), "the whole row, on narrow screens");
press("Escape");
check(!$("detail").classList.contains("open"), "and closed");
press("?");
same($("help").open, true, "help");
press("j");
press("Escape");
same($("help").open, false, "help closed");

/* Words: the same keys in both languages, with the same blanks; all that is said is in the language chosen. */
same(Object.keys(WORDS.zh), Object.keys(WORDS.en), "keys of words");
const blanks = (text) => (String(text).match(/\{\w+\}/g) || []).sort();
for (const key of Object.keys(WORDS.en))
    same(blanks(WORDS.zh[key]), blanks(WORDS.en[key]), "blanks of " + key);
click("#language");
same(document.documentElement.lang, "zh-CN", "language");
check(/共 3,000 行/.test($("shown").textContent), "counts in Chinese");
check(document.querySelector(".pill").textContent.includes("极高"), "verdicts in Chinese");
check(document.title.startsWith("匹配报告"), "title in Chinese");
click("#language");

checkControls();

/* Contrast in both themes. */
press("Home");
press("a");
press("r");
for (const theme of ["light", "dark"]) {
    while (document.documentElement.dataset.theme !== theme)
        click("#theme");
    await frames();
    await until(() => document.getAnimations().length === 0, "the end of transitions");
    $("help").showModal();
    checkContrast("main *, header *, dialog *", theme);
    $("help").close();
}
same(window.violations, [], "violations of the policy");
return wrong;
