/* SPDX-License-Identifier: Apache-2.0 */
/* Reviewing tables on the server's page: what comes out is what `tuwen review` writes of the same table. */
const inFolder = (file, path) => Object.defineProperty(file, "webkitRelativePath", {value: path});
const pictures = [inFolder(await fileOf("dog.jpg"), "shop/pictures/dog.jpg"), inFolder(await fileOf("sunset-city.png"), "shop/pictures/sunset-city.png"),
                  inFolder(new File(["no picture\n"], "bad.png"), "shop/pictures/bad.png")];
const chooseFiles = (id, files) => {
    const data = new DataTransfer();
    for (const file of files)
        data.items.add(file);
    $(id).files = data.files;
    $(id).dispatchEvent(new Event("change"));
};
const reviewed = () => until(() => review.table && review.running === null && doneRows().length === review.rows.length, "the end of the review");
const savedText = async () => new TextDecoder("utf-8", {ignoreBOM: true}).decode(await window.blobs[window.blobs.length - 1].arrayBuffer());
const textOf = (bytes) => new TextDecoder("utf-8", {ignoreBOM: true}).decode(bytes);
const useTable = async (bytes, name) => {
    chooseFiles("table-file", [new File([bytes], name)]);
    await until(() => review.table && review.table.name === name && !$("columns").hidden, "the table " + name);
};

/* The same names of columns as the command's. */
for (const [names, image, text] of [[["SKU", "Product Image", "Title 1", "title_2（中文）"], 1, [2, 3]], [["url", "picture", "描述", "TITLE [x]"], 1, [3]],
                                     [["a", "b"], -1, []], [["图片-链接", " 文 本 "], 0, [1]]])
    same(findColumns(names), {image, texts: text}, "columns of " + names);

/* A dropped table; pictures are asked for, and a row whose picture is missing is an error until it is there. */
same(give("drop", [new File([tableBytes], "table.csv")]), true, "a drop is taken");
await until(() => review.table !== null, "the dropped table");
same([$("mode-review").getAttribute("aria-pressed"), $("review-card").hidden, $("start").disabled], ["true", false, false], "the review is open");
same([$("image-column").value, $("text-columns").value], ["1", "2,3"], "columns");
same($("review-pictures").textContent, say("picturesMissing", {count: 4, missing: 4, files: 0}), "missing pictures");
click("#start");
await reviewed();
check(review.rows.every((row) => row.error !== null) && $("review-list").textContent.includes(say("notChosen", {name: "pictures/dog.jpg"})), "no picture was found");
review.files = [];
addReviewPictures(pictures);
same($("review-pictures").textContent, say("picturesAll", {count: 4}), "all pictures");
same($("start").textContent, say("goOn"), "to go on");
click("#start");
await reviewed();

/* The table that comes out: numbers to the last decimal; sentences of errors may be others, their kinds not. */
const kindsOnly = (text) => readCsv(text.replaceAll(";", ",")).map((row) => row.map((cell) => cell.replace(/^([A-Z_]+): .*/, "$1")));
click("#review-save-csv");
same(kindsOnly(await savedText()), kindsOnly(textOf(reviewedBytes)), "the reviewed table");
const withoutErrors = (text) => text.split("\n").filter((line) => !/[A-Z_]{4,}: /.test(line)).join("\n");
same(withoutErrors(await savedText()), withoutErrors(textOf(reviewedBytes)), "its bytes");

/* The report: the same page and the same data. */
const blocksOf = (html) => Array.from(html.matchAll(/<script type="application\/json" (?:id|class)="(\w+)"[^>]*>([^<]*)<\/script>/g), ([, name, text]) =>
    [name, JSON.parse(text)]);
const comparable = (html) => blocksOf(html).map(([name, value]) => name === "facts" ? [name, {...value, made: ""}]
    : name === "pictures" ? [name, value.length]
    : name === "rows" ? [name, value.map((row) => row.map((cell, at) => at === ERROR_PLACE && cell !== null ? "error" : cell))] : [name, value]);
const ERROR_PLACE = 9;
const blobsBefore = window.blobs.length;
click("#review-save-report");
await until(() => window.blobs.length > blobsBefore, "the report");
const report = await savedText(), wantedReport = textOf(reportBytes);
comparable(wantedReport).forEach((block, i) => same(comparable(report)[i], block, "block " + i + " of the report"));
same(report.slice(0, report.indexOf('<script type="application')), wantedReport.slice(0, wantedReport.indexOf('<script type="application')), "its page");
check(!report.includes("</script> &") && !report.includes("<b>sunset"), "a text as markup");

/* The same files once more are the same files. */
const fileCount = review.files.length;
addReviewPictures(pictures);
same(review.files.length, fileCount, "files that were chosen twice");

/* The list: filter, order, search. */
same($("review-list").children.length, review.rows.length, "rows in the list");
same(document.querySelectorAll("#review-list b, #review-list script").length, 0, "texts are text");
click('#review-kinds [data-kind="4"]');
same([$("review-list").children.length, document.activeElement.dataset.kind, document.activeElement.getAttribute("aria-pressed")],
     [review.rows.filter((row) => row.error !== null).length, "4", "true"], "errors alone");
click('#review-kinds [data-kind="4"]');
choose("review-search", "0018");
same($("review-list").children.length, 1, "a search in another column");
choose("review-search", "nowhere");
same($("review-shown").textContent, say("reviewNone"), "a search for what is not there");
choose("review-search", "");
choose("review-sort", "best");
const scores = Array.from(document.querySelectorAll("#review-list .score"), (e) => Number(e.lastChild.data));
same(scores, scores.slice().sort((a, b) => b - a), "the best first");
choose("review-sort", "number");

/* Other columns. */
choose("text-columns", "3");
same([review.rows.length, $("start").disabled, $("review-results").hidden], [9, false, false], "another column of texts");

/* JSON Lines, which become a table. */
await useTable(linesBytes, "table.jsonl");
click("#start");
await reviewed();
click("#review-save-csv");
const commas = (text) => readCsv(text).map((row) => row.map((cell) => cell.replace(/^([A-Z_]+): .*/, "$1")));
same(commas(await savedText()), commas(textOf(reviewedLinesBytes)), "reviewed JSON Lines");

/* A server that is busy is asked again; one that is gone stops the review, which goes on later. */
answers = [refuse(429, "overloaded", "busy", "1")];
await useTable("picture,text\npictures/dog.jpg,a dog\n", "busy.csv");
click("#start");
await until(() => $("review-counts").textContent === say("reviewBusy", {done: 0, total: 1, why: say("waitBusy", {seconds: 1})}), "to be told that the server is busy");
await reviewed();
same(review.rows[0].error, null, "the row after a busy server");
answers = [1, 2, 3].map(() => () => Promise.reject(new TypeError("gone")));
await useTable("picture,text\npictures/dog.jpg,a dog\npictures/sunset-city.png,a dog\n", "gone.csv");
click("#start");
await until(() => review.running === null, "the end without a server");
same($("review-problem").textContent, say("stopped", {message: say("unreachable")}), "a server that is gone");
same([doneRows().length, $("start").textContent, $("start").disabled], [0, say("goOn"), false], "nothing is lost");
answers = [];
click("#start");
await reviewed();
same([$("review-problem").hidden, review.rows.filter((row) => row.error).length], [true, 0], "going on");

/* Limits of the server are those of requests, not of tables: a group that is too large goes in parts. */
answers = [() => Promise.resolve(new Response('{"error":{"message":"texts has 2 elements","code":"too_many_items","param":"texts"}}', {status: 413}))];
await useTable("picture,text\npictures/dog.jpg,a dog\npictures/dog.jpg,a pizza\n", "parts.csv");
click("#start");
await reviewed();
same(review.rows.map((row) => row.error), [null, null], "in parts");
window.fetch = realFetch;

/* What is no table is said. */
for (const [bytes, name, word] of [[new Uint8Array(await (await fileOf("dog.jpg")).arrayBuffer()), "picture.csv", "tableIsPicture"],
                                   [new Uint8Array([0xd5, 0xd5, 0xc6, 0xac]), "gbk.csv", "tableNotUtf8"], ["a,b\n", "empty.csv", "tableEmpty"]]) {
    chooseFiles("table-file", [new File([bytes], name)]);
    await until(() => $("review-problem").textContent === say(word, {name}), "the sentence of " + word);
}
await useTable("x,y\ndog.jpg,a dog\n", "unknown.csv");
same([$("review-problem").textContent, $("start").disabled], [say("chooseColumns"), true], "columns that nobody knows");
choose("image-column", "0");
choose("text-columns", "1");
same($("start").disabled, false, "columns that were chosen");

/* A thousand rows: the page has elements for a hundred, and stopping and going on loses nothing. */
const rowCount = 1000;
await useTable("image,text,n\n" + Array.from({length: rowCount}, (_, i) => `${i % 200 < 100 ? "dog.jpg" : "sunset-city.png"},number ${i % 50},${i}\n`).join(""), "many.csv");
click("#start");
await until(() => doneRows().length > 100, "the first hundred");
click("#stop");
await until(() => review.running === null, "a stop");
const doneBefore = doneRows().length;
check(doneBefore < rowCount, "stopped in the middle: " + doneBefore);
same([$("start").textContent, $("review-said").textContent], [say("goOn"), say("stoppedHere")], "to go on");
click("#start");
for (let more = -1; review.running && more < doneRows().length;) {
    more = doneRows().length;
    await until(() => doneRows().length > more || !review.running, "more rows");
}
same(doneRows().filter((row) => row.error === null).length, rowCount, "rows that are done");
same([$("review-list").children.length, $("review-more").hidden], [100, false], "rows on the page");
click("#review-more");
same($("review-list").children.length, 200, "more rows");

/* A report of strings that want to be something else goes to the test of reports. */
const thumbnail = await makeSmall("/page/traffic-light.webp"), hostile = corpus.concat(broken).flatMap((text) => [
    {image: text, text, cosine: 0.3, score: 0.5, match: null, band: 2, truncated: false, thumbnail, error: null, fields: [text, "plain"]},
    {image: text, text, truncated: false, thumbnail: "", error: text.split("\u0000")[0], fields: [text, "plain"]},
]);
const page = await (await fetch("/page/report.html")).text();
window.exported = makeReport(page, {language: "en", source: corpus[0], model: corpus[0], fingerprint: corpus[1], profile: corpus[2], made: corpus[3],
                                    version: corpus[4], threshold: {match: null, score: 0.5, cosine: 0.2}, columns: [corpus[0], corpus[5]]}, hostile).join("");
