/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that people do on the page of the server; the numbers are those of `tuwen match`. */
const $ = (id) => document.getElementById(id);
const click = (selector) => document.querySelector(selector).click();
const fileOf = async (name, as) => new File([name === "dog.jpg" ? dogBytes : await (await fetch("/page/" + name)).blob()], as || name);
const give = (kind, files, text) => {
    const data = new DataTransfer();
    for (const file of files)
        data.items.add(file);
    if (text)
        data.setData("text/plain", text);
    const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
                                   : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
};
const write = (text) => choose("texts", text);
/* Matches, and waits for its end. */
const run = async () => {
    click("#match");
    await until(() => state.running === null, "the end of matching");
};
const shownRows = () => Array.from(document.querySelectorAll("#list .row"), (row) =>
    [row.querySelector(".text").textContent, row.querySelector(".score").lastChild.data,
     ...row.querySelector(".numbers").textContent.match(/-?\d\.\d{4}/)]);
const wantedOf = (name) => wanted.results.filter((r) => r.image.endsWith(name)).sort((a, b) => b.cosine - a.cosine);
const wantedRows = (name) => wantedOf(name).map((r) => [r.text, r.score.toFixed(4), r.cosine.toFixed(4)]);
localStorage.clear();
if (document.documentElement.lang !== "en")
    click("#language");

/* The page itself. */
const size = performance.getEntriesByType("navigation")[0].encodedBodySize;
check(size > 10000 && size < 130000, "size of the page: " + size);
same(document.querySelectorAll("[src^=http], [href^=http]").length, 0, "nothing from elsewhere");
await until(() => $("model").textContent.includes("f32"), "the name of the model");
check(!/undefined/.test(document.body.innerText), "an undefined word");
same([$("demo").hidden, $("demo").textContent.includes("photographs"), $("demo").querySelector("code").textContent], [false, true, "tuwen pull gme-2b"], "the small model is called that");
model.id = "gme-2b";
drawModel();
same($("demo").hidden, true, "the real one is not");
model.id = "tuwen-demo";
drawModel();

/* What is missing is said, and where. */
await run();
same([$("problem").textContent, document.activeElement.id], [say("needPicture"), "choose"], "no picture");
same(give("drop", [await fileOf("dog.jpg")]), true, "a drop is taken");
await run();
same([$("problem").textContent, document.activeElement.id], [say("needText"), "texts"], "no text");

/* One picture. */
const texts = ["a dog", "一只狗", "a pizza", "sunset over the city", "城市日落"];
write("\n " + texts.join("\r\n\n") + "\n");
document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true}));
await until(() => state.outcome && !state.running, "results by Ctrl+Enter");
same(shownRows(), wantedRows("dog.jpg"), "the rows of one picture");
same([$("problem").hidden, $("matrix").hidden, $("nothing").hidden], [true, true, true], "what is not there");
wantedOf("dog.jpg").forEach((r, at) => {
    const row = document.querySelectorAll("#list .row")[at], cell = row.querySelector(".score");
    check(row.querySelector(".verdict").textContent.includes("match " + (100 * r.match).toFixed(1) + " %"), "match of " + r.text);
    same(row.querySelector(".pill").title, say("byMatch", {match: (100 * r.match).toFixed(1) + " %"}), "what the verdict goes by: " + r.text);
    same(row.querySelector(".pill").textContent, r.band, "band of " + r.text);
    same(Number(getComputedStyle(cell).fontWeight) >= 600, r.band.endsWith("high"), "bold: " + r.text);
    same(getComputedStyle(cell).color !== getComputedStyle(document.body).color, r.band === "mismatch", "grey: " + r.text);
    check(Math.abs(parseFloat(row.querySelector(".fill").style.width) - 100 * r.match) < 0.01, "bar of " + r.text);
});
same($("one").querySelector("img").naturalWidth > 0, true, "the picture is shown");

/* Several pictures: pasted; but a table that comes with a picture of itself is a text. */
const sunset = await fileOf("sunset-city.png");
same([give("paste", [sunset], "a\tb"), state.pictures.length], [false, 1], "a pasted table");
same([give("paste", [sunset]), state.pictures.length], [true, 2], "a pasted picture");
await run();
const cells = Array.from(document.querySelectorAll("#matrix tbody tr"), (row) => Array.from(row.querySelectorAll("td"), (cell) => cell.firstChild.data));
same(cells, texts.map((text) => ["dog.jpg", "sunset-city.png"].map((name) => wantedOf(name).find((r) => r.text === text).score.toFixed(4))), "matrix");
same(Array.from(document.querySelectorAll("#matrix td.best"), (cell) => cell.firstChild.data).sort(),
     ["dog.jpg", "sunset-city.png"].map((name) => wantedOf(name)[0].score.toFixed(4)).sort(), "the best of each picture");
click('#matrix [data-at="1"]');
same(shownRows(), wantedRows("sunset-city.png"), "the rows of the other picture");
same([document.activeElement.dataset.at, document.activeElement.getAttribute("aria-pressed")], ["1", "true"], "where the focus is");

/* The threshold is of what the verdict goes by, and begins where "fair" does: what is bold reaches it, what is grey does not. */
same([$("threshold-label").textContent, Number($("threshold-number").value)], [say("thresholdMatch"), model.threshold.match["tuwen-demo"]], "the first threshold");
same($("passing").textContent, say("passing", {pass: wanted.results.filter((r) => r.band !== "mismatch").length, total: 10}), "counts at the first threshold");
for (const row of document.querySelectorAll("#list .row"))
    same(row.classList.contains("fails"), row.classList.contains("band0"), "below the threshold: " + row.textContent);
for (const [id, value] of [["threshold", "0.3"], ["threshold-number", "0.75"]]) {
    choose(id, value);
    const pass = wanted.results.filter((r) => r.match >= Number(value)).length;
    same($("passing").textContent, say("passing", {pass, total: 10}), "counts at " + value);
}
click("#hide");
same(Array.from(document.querySelectorAll("#list .row:not([hidden])")).length,
     wantedOf("sunset-city.png").filter((r) => r.match >= 0.75).length, "rows that are not hidden");
same($("hidden-rows").textContent, say("hidden", {count: document.querySelectorAll("#list .row[hidden]").length}), "and how many are");
click("#hide");
same($("hidden-rows").hidden, true, "nothing is hidden");
choose("threshold-number", "7");
same([state.thresholds, localStorage.getItem("tuwen.threshold-match")], [{match: 0.75}, "0.75"], "a threshold that is none");

/* Taking along. */
click("#copy-csv");
click("#copy-text");
click("#save-csv");
await until(() => window.copied.length === 2, "two copies");
const csv = readCsv(window.copied[0]);
same(csv[0], ["image", "text", "cosine", "score", "match", "band", "share", "truncated"], "heads of the CSV");
same(csv.slice(1).map((row) => row.slice(0, 6)), ["dog.jpg", "sunset-city.png"].flatMap((name) =>
    wantedOf(name).map((r) => [name, r.text, r.cosine.toFixed(6), r.score.toFixed(6), r.match.toFixed(6), r.band])), "CSV");
const best = wantedOf("dog.jpg")[0];
check(window.copied[1].startsWith(`dog.jpg\n1. ${best.score.toFixed(4)}  ${best.band}  ${best.text}\n2. `), "text: " + window.copied[1]);
same(await window.blobs[window.blobs.length - 1].text(), window.copied[0], "the saved CSV");

/* Results of something else than what is asked now say so. */
same($("stale").hidden, true, "results of what is asked");
for (const [id, value] of [["texts", "a pizza"], ["instruction", "x"], ["profile", "none"]]) {
    const kept = $(id).value;
    choose(id, value);
    same([$("stale").hidden, $("stale").textContent], [false, say("stale")], "results of other " + id);
    checkContrast("#results *", "out of date");
    choose(id, kept);
    same($("stale").hidden, true, id + " as before");
}
give("drop", [sunset]);
same($("stale").hidden, false, "results of other pictures");
click("#pictures li:last-child button");
same($("stale").hidden, true, "pictures as before");

/* A frame is for a text that matches at all. */
write("a girl on a bench\n红苹果");
await run();
same(document.querySelectorAll("#matrix td.best").length, 0, "the best of those that do not match");

/* A table from a spreadsheet. */
write('sku\tx\n1\ta dog\n2\t"a ""big""\tpizza"\n');
same([$("table").hidden, $("column").value, textsNow()], [false, "1", ["x", "a dog", 'a "big"\tpizza']], "a table");
click("#heading");
same(textsNow(), ["a dog", 'a "big"\tpizza'], "without its heading");
click("#heading");
choose("column", "0");
same(textsNow(), ["sku", "1", "2"], "another column");
write("name\ttitle\tmuch longer than the title\n1\ta dog\t5\n");
same([$("column").value, $("heading").checked, textsNow()], ["1", true, ["a dog"]], "a column whose name is known");
click("#heading");
write("name\ttitle\tmuch longer than the title\n1\ta dog\t5\n2\ta pizza\t6\n");
same(textsNow(), ["title", "a dog", "a pizza"], "what was chosen stays");
write("1\ta dog\tbrown\n2\ta pizza\twarm and round\n");
same([$("column").value, $("heading").checked], ["2", false], "a table without names");
write("a dog\na\ttab");
same([$("table").hidden, textsNow()], [true, ["a dog", "a\ttab"]], "no table");

/* Errors: of one picture, of all, and of a request. */
write("a dog\ndata:image/png;base64,iVBORw0KGgo=");
give("drop", [new File(["not a picture"], "bad.png")]);
await run();
same($("errors").children.length, 2, "two errors");
check($("errors").textContent.includes("bad.png") && $("errors").textContent.includes(say("textNumber", {number: 2})), "errors: " + $("errors").textContent);
same(document.querySelectorAll("#matrix td").length, 6, "the others are matched");
click("#clear");
same(state.pictures.length, 0, "all are removed");
give("drop", [new File(["not a picture"], "bad.png")]);
await run();
check(!$("problem").hidden && $("problem").textContent.startsWith("bad.png"), "a refusal: " + $("problem").textContent);
click("#clear");

/* Names and texts that want to be markup are text. */
const lines = corpus.map((text) => text.replace(/[\r\n]+/g, " ").trim()).filter((text) => text && !text.startsWith("data:"));
write(lines.join("\n"));
give("drop", [await fileOf("dog.jpg", corpus[1]), await fileOf("sunset-city.png", corpus[0].replaceAll("/", "|"))]);
await run();
same(Array.from(document.querySelectorAll("#list .text"), (e) => e.textContent).sort(), lines.slice().sort(), "hostile texts in the list");
same(Array.from(document.querySelectorAll("#matrix th.text"), (e) => e.textContent), lines, "hostile texts in the matrix");
same($("one").querySelector(".name").textContent, corpus[1], "a hostile name");
click("#copy-csv");
await until(() => window.copied.length === 3, "a copy");
for (const [, text] of readCsv(window.copied[2]).slice(1))
    check(!/^[=+\-@]/.test(text), "a formula: " + text);
same(window.hit, undefined, "something acted");
for (const element of document.querySelectorAll("body *"))
    for (const attribute of element.attributes)
        check(!/^on|^srcdoc$/i.test(attribute.name) && (attribute.name === "title" || !/^\s*javascript:/i.test(attribute.value)), "attribute " + attribute.name);
click("#clear");

/* Why: phrases and a drawing as the server has them; closing ends the asking. */
write("a dog on the grass\na pizza");
give("drop", [await fileOf("dog.jpg")]);
await run();
click("#list .numbers button");
same([$("why").open, document.querySelector("#why-body .explained").textContent], [true, shownRows()[0][0]], "the dialog");
await until(() => document.querySelector("#why-body .phrases"), "an explanation");
const {phrases, heat} = await ask("/v1/explain", {image: base64Of(await readFile({file: state.outcome.files[0], name: ""})), text: shownRows()[0][0], heat: true});
same(Array.from(document.querySelectorAll("#why-body tbody tr"), (row) => [row.children[0].textContent, Number(row.children[1].textContent), row.children[2].textContent]),
     phrases.map(({text, effect, verdict}) => [text, Number(effect.toFixed(4)), say(verdict)]), "phrases");
same(Array.from(document.querySelectorAll("#why-body .explained mark"), (mark) => mark.textContent), phrases.map(({text}) => text), "marked phrases");
same([document.querySelector("#why-body .explained").textContent, document.querySelector(".heat").src], [shownRows()[0][0], heat], "the whole text and the drawing");
check(document.querySelector("#why-body .hint") && /\d/.test(document.querySelector(".heat").alt), "what it is, and in words");
await document.querySelector(".heat").decode().catch(() => check(false, "a drawing that is no picture"));
const leaning = "two red dogs, no cat, left of a tree";
const doubts = await ask("/v1/explain", {image: base64Of(await readFile({file: state.outcome.files[0], name: ""})), text: leaning});
drawExplanation(doubts, leaning);
same([document.querySelectorAll("#why-body .cut").length, document.querySelectorAll("#why-body .contrasts li").length],
    [doubts.warnings.length, doubts.contrasts.length], "warnings and contrasts");
check(doubts.warnings.length === 3 && doubts.contrasts.length > 0, "such a text has both");
checkContrast("#why *", "why");
click("#why-close");
await until(() => !$("why").open, "the end of the dialog");
click("#list .numbers button");
click("#why-close");
await until(() => explaining.signal.aborted, "the end of the asking");
click("#clear");

/* A model that is being loaded is waited for, and so is whatever else says when to come again; a server that ends is not. */
const realFetch = window.fetch, asked = [];
let answers = [];
const refuse = (status, code, message, retryAfter) => () => Promise.resolve(new Response(JSON.stringify({error: {message, code, param: null}}),
    {status, headers: retryAfter ? {"Retry-After": retryAfter} : {}}));
window.fetch = (path, options) => {
    asked.push([path, options && options.headers]);
    return answers.length > 0 ? answers.shift()() : realFetch(path, options);
};
write("a dog");
give("drop", [await fileOf("dog.jpg")]);
asked.length = 0;
for (const [refusal, word] of [[refuse(503, "loading", "loading", "1"), "waitLoading"], [refuse(503, "out_of_memory", "full", "1"), "waitBusy"],
                               [refuse(429, "overloaded", "busy", "1"), "waitBusy"], [refuse(429, "rate_limited", "120 times", "1"), "waitRate"]]) {
    answers = [refusal];
    click("#match");
    await until(() => $("status").textContent === say(word, {seconds: 1}), "to be told: " + word);
    await until(() => !state.running, "the end of waiting");
    same([$("problem").hidden, shownRows().length], [true, 1], "after " + word);
}
answers = [refuse(503, "shutting_down", "the server is shutting down", "1")];
await run();
same($("problem").textContent, "the server is shutting down", "a server that ends");

/* Keys: the field comes to the top when one is wanted, a wrong one is told from none, and it goes back when it is accepted. */
answers = [refuse(401, "invalid_api_key", "a header is needed")];
await run();
same([$("door").hidden, $("door-words").textContent, $("problem").textContent, $("door").contains($("key"))],
     [false, say("keyNeeded"), say("keyNeeded"), true], "a key is wanted");
$("key").focus();
answers = [() => realFetch("/ready"), refuse(401, "invalid_api_key", "a header is needed")];
choose("key", "not the \u94a5 one");
$("key").dispatchEvent(new Event("change"));
await until(() => $("door-words").textContent === say("keyWrong"), "a wrong key");
same([document.activeElement.id, asked[asked.length - 1][1].Authorization], ["key", "Bearer not the ? one"], "where the key is written");
$("key").dispatchEvent(new Event("change"));
await until(() => $("door").hidden, "the right key");
same([$("settings").contains($("key")), document.activeElement.id], [true, "choose"], "the field goes back");
choose("key", "");
same(asked.filter(([, headers]) => !headers || headers["Accept-Language"] !== "en"), [], "the language of requests");

/* Limits in the page's words. A request of several pictures that is too large goes in parts; a picture that alone is, is not sent again. */
const bytesOver = "the body has more than 1048576 bytes, which is the limit; --max-body sets it";
give("drop", [await fileOf("sunset-city.png")]);
answers = [refuse(413, "body_too_large", bytesOver)];
await run();
same([$("errors").hidden, document.querySelectorAll("#matrix tbody td").length], [true, 2], "in parts");
bodyLimit = Infinity;
click("#clear");
give("drop", [await fileOf("dog.jpg"), new File([new Uint8Array(900000)], "huge.png")]);
answers = [refuse(413, "body_too_large", bytesOver)];
asked.length = 0;
await run();
same([asked.length, bodyLimit, $("errors").textContent], [2, 1048576, "huge.png: " + say("tooLarge", {limit: "0.7"})], "a picture that is too large");
click("#clear");
give("drop", [new File([new Uint8Array(900000)], "huge.png")]);
asked.length = 0;
await run();
same([asked.length, $("problem").textContent], [0, "huge.png: " + say("tooLarge", {limit: "0.7"})], "and is not sent");
bodyLimit = Infinity;
click("#clear");
give("drop", [await fileOf("dog.jpg")]);
for (const [message, param, word, limit] of [["texts has 3000 elements; the limit is 2048, which --max-items sets", "texts", "tooManyTexts", "2,048"],
                                             ["2 张图片与 9 段文本的图文对数超过上限 7", null, "tooManyPairs", "7"]]) {
    answers = [() => Promise.resolve(new Response(JSON.stringify({error: {message, code: "too_many_items", param}}), {status: 413}))];
    await run();
    same($("problem").textContent, say(word, {limit}), word);
}

/* Words: the same keys in both languages, with the same blanks. */
same(Object.keys(WORDS.zh), Object.keys(WORDS.en), "keys of words");
const blanks = (text) => (text.match(/\{\w+\}/g) || []).sort();
same(["1", "2", "1,000"].map((rows) => say("tableName", {name: "a", rows})), ["a: 1 row", "a: 2 rows", "a: 1,000 rows"], "one and many");
for (const key of Object.keys(WORDS.en))
    same(blanks(WORDS.zh[key]), blanks(WORDS.en[key]), "blanks of " + key);
click("#language");
same([document.documentElement.lang, $("match").textContent, document.title], ["zh-CN", "开始匹配", "图文匹配 - tuwen"], "in Chinese");
check(/^[^a-z]+$/.test(document.querySelector("#list .pill").textContent), "bands in Chinese");
click("#language");

/* History: texts and scores, no pictures; and nothing if that is not wanted. */
localStorage.removeItem("tuwen.history");
click("#examples button");
await until(() => state.outcome.names[0] === "traffic-light.webp" && !state.running && readHistory().length === 1, "an example");
const kept = JSON.stringify(localStorage), first = shownRows();
same(first[0][0], "a traffic light", "the best of the example");
check(first.length === 5 && kept.includes("a dog") && !kept.includes("blob:") && !kept.includes("base64"), "what is kept");
write("");
click("#examples button:nth-child(2)");
await until(() => readHistory().length === 2 && !state.running, "another example");
click("#entries li:nth-child(2) button");
same([shownRows(), textsNow().length, $("one").querySelector("img")], [first, 5, null], "what was before");
give("drop", [await fileOf("dog.jpg", "a name that is longer than any card is wide ".repeat(6) + ".jpg")]);
await run();
$("history").open = true;
const card = $("history").closest(".card");
for (const width of ["", "280px"]) {
    card.style.width = width;
    for (const entry of document.querySelectorAll("#entries button"))
        check(entry.getBoundingClientRect().right < card.getBoundingClientRect().right, "an entry is wider than its card: " + width);
}
card.style.width = "";
$("history").open = false;
click("#clear");
give("drop", [sunset]);
await run();
click("#keep");
same([localStorage.getItem("tuwen.history"), $("entries").children.length], [null, 0], "no history");
await run();
same(localStorage.getItem("tuwen.history"), null, "still none");
click("#keep");
store.set("history", '[{"names": 1}, null, 7]');
drawHistory();
same($("entries").children.length, 0, "a damaged history");

/* An instruction changes texts, not pictures. */
const before = shownRows();
choose("instruction", "Find a picture of food.");
await run();
check(JSON.stringify(shownRows()) !== JSON.stringify(before), "the instruction");
choose("instruction", "");

/* Without a profile there is no match. */
same([$("profile-field").hidden, Array.from($("profile").options, (option) => option.value)], [false, ["", "tuwen-demo", "none"]], "profiles");
choose("profile", "none");
await run();
same([state.outcome.cells[0].some((cell) => isNumber(cell.match)), /match \d/.test($("list").textContent)], [false, false], "no profile");
same([$("threshold-label").textContent, Number($("threshold-number").value), $("legend").textContent],
     [say("thresholdScore"), model.threshold.score, say("legendScore")], "the threshold is of the score then");
document.querySelectorAll("#list .row").forEach((row, at) =>
    check(Math.abs(parseFloat(row.querySelector(".fill").style.width) - 100 * Number(shownRows()[at][1])) < 0.01, "and so are bars"));
choose("profile", "");
