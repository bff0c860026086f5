/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results. An outcome is {time, names, urls, files, sizes, texts, cells, errors, settings, profile}: cells[picture][text] is
 * {cosine, score, match, band, share, truncated}, or null where one of the two could not be used; errors are {name, message};
 * without files, as in the history, nothing can be explained. Verdicts go by match where there is one, as the server judges, and
 * so do bars and the threshold, as with `tuwen match` and in reports; otherwise by the score.
 */

const BANDS = ["mismatch", "fair", "high", "very high"];
const MATRIX_ROWS = 300;

function emptyOutcome(pictures, texts, settings) {
    return {time: Date.now(), names: pictures.map(({name}) => name), urls: pictures.map(({url}) => url), files: pictures.map(({file}) => file),
            texts, settings, errors: [], sizes: pictures.map(() => null), cells: pictures.map(() => texts.map(() => null))};
}

/* Puts the server's answer for the pictures from `first` on into an outcome. */
function takeAnswer(outcome, answer, first) {
    outcome.profile = answer.profile || null;
    for (const {image, index, cosine, score, match, band, share, truncated} of answer.results)
        outcome.cells[first + image][index] = {cosine, score, match, band: Math.max(0, BANDS.indexOf(band)), share, truncated};
    for (const {index, width, height} of answer.images)
        outcome.sizes[first + index] = width > 0 ? {width, height} : null;
    for (const {image, index, message} of answer.errors) {
        const name = image !== undefined ? outcome.names[first + image] : say("textNumber", {number: index + 1});
        if (!outcome.errors.some((error) => error.name === name && error.message === message))
            outcome.errors.push({name, message});
    }
}

/* The texts of a picture that have results, best first, as places in outcome.texts. */
function ranking(outcome, picture) {
    const cells = outcome.cells[picture];
    return outcome.texts.map((text, at) => at).filter((at) => cells[at]).sort((a, b) => cells[b].cosine - cells[a].cosine || a - b);
}

/* Without a profile there is no match. */
const isNumber = (value) => typeof value === "number";
const six = (number) => isNumber(number) ? number.toFixed(6) : "";
const four = (number) => number.toFixed(4);
const percent = (number) => (100 * number).toFixed(1) + " %";
const measureOf = (cell) => isNumber(cell.match) ? cell.match : cell.score;
const hasMatch = (outcome) => outcome.cells.some((cells) => cells.some((cell) => cell && isNumber(cell.match)));

/* The one that was chosen, or where "fair" begins. */
function thresholdOf(outcome) {
    const fair = model ? model.threshold : {score: 0.5, match: {}};
    if (hasMatch(outcome))
        return state.thresholds.match ?? fair.match[outcome.profile] ?? 0.2;
    return state.thresholds.score ?? fair.score;
}

const passes = (cell) => measureOf(cell) >= state.threshold;

/* What the verdict goes by stands in its title. */
function makePill({band, score, match}) {
    const pill = make("span", "pill band" + band, say("band" + band));
    pill.title = isNumber(match) ? say("byMatch", {match: percent(match)}) : say("byScore", {score: four(score)});
    return pill;
}

/* `explain` is called for why it is so; NULL: that cannot be told any more. */
function makeRow(text, cell, explain) {
    const row = make("li", "row band" + cell.band + (passes(cell) ? "" : " fails"));
    row.hidden = state.hide && !passes(cell);
    const fill = make("span", "fill"), bar = make("span", "bar", fill), words = make("span", "text", text);
    words.dir = "auto";
    fill.style.width = 100 * measureOf(cell) + "%";
    bar.style.setProperty("--at", 100 * state.threshold + "%");
    bar.setAttribute("aria-hidden", "true");
    const numbers = make("span", "numbers", make("span", "", say("cosine") + " " + four(cell.cosine)));
    if (isNumber(cell.share))
        numbers.append(make("span", "", say("share") + " " + percent(cell.share)));
    const score = make("span", "score", make("span", "hidden", say("score") + " "), four(cell.score));
    const match = isNumber(cell.match) ? [make("span", "match", say("matchNumber") + " " + percent(cell.match))] : [];
    const verdict = make("span", "verdict", makePill(cell), ...match, make("span", "", say("advice" + cell.band)),
                         make("span", "hidden", ", " + say(passes(cell) ? "above" : "below")));
    row.append(words, score, bar, numbers, verdict);
    if (explain)
        numbers.append(makeButton(say("why"), say("whyOf", {text}), explain));
    if (cell.truncated)
        row.append(make("span", "cut", say("truncated")));
    return row;
}

function drawList() {
    const outcome = state.outcome, at = state.chosen, name = outcome.names[at], size = outcome.sizes[at];
    const facts = make("div", "", make("strong", "name", name));
    if (size)
        facts.append(make("span", "faint counts", say("size", size)));
    find("one").replaceChildren(makeThumbnail(outcome.urls[at], name, "large"), facts);
    find("list").replaceChildren(...ranking(outcome, at).map((text) => makeRow(outcome.texts[text], outcome.cells[at][text],
        outcome.files ? () => explain(outcome, at, text) : null)));
    const hidden = find("list").querySelectorAll("[hidden]").length;
    find("hidden-rows").hidden = hidden === 0;
    find("hidden-rows").textContent = say("hidden", {count: count(hidden)});
}

function choosePicture(at) {
    state.chosen = at;
    drawMatrix();
    drawList();
    find("matrix").querySelector(`[data-at="${at}"]`).focus();
}

function makeMatrixHead(outcome) {
    const head = make("tr", "", make("th", "", say("text")));
    outcome.names.forEach((name, at) => {
        const button = makeButton("", "", () => choosePicture(at));
        button.append(makeThumbnail(outcome.urls[at], "", "small"), make("span", "name", name));
        button.dataset.at = String(at);
        button.setAttribute("aria-pressed", String(at === state.chosen));
        const cell = make("th", "", button);
        cell.scope = "col";
        head.append(cell);
    });
    return make("thead", "", head);
}

function makeMatrixCell(cell, best) {
    if (!cell)
        return make("td", "", "–");
    const element = make("td", "band" + cell.band + (passes(cell) ? "" : " fails") + (best ? " best" : ""), four(cell.score));
    element.style.setProperty("--score", Math.round(45 * measureOf(cell)) + "%");
    if (best)
        element.append(make("span", "hidden", ", " + say("best")));
    return element;
}

function drawMatrix() {
    const outcome = state.outcome, several = outcome.names.length > 1;
    find("matrix").hidden = !several;
    if (!several)
        return;
    const bests = outcome.cells.map((cells, at) => ranking(outcome, at).find((text) => cells[text].band > 0)), body = make("tbody");
    outcome.texts.slice(0, MATRIX_ROWS).forEach((text, at) => {
        const words = make("span", "clamp", text), head = make("th", "text", words);
        words.title = text;
        head.scope = "row";
        head.dir = "auto";
        body.append(make("tr", "", head, ...outcome.cells.map((cells, picture) => makeMatrixCell(cells[at], bests[picture] === at))));
    });
    find("matrix").replaceChildren(make("table", "", make("caption", "", say("matrix")), makeMatrixHead(outcome), body));
    if (outcome.texts.length > MATRIX_ROWS)
        find("matrix").append(make("p", "faint counts", say("matrixCut", {count: MATRIX_ROWS, total: count(outcome.texts.length)})));
}

function drawPassing() {
    const cells = state.outcome.cells.flat().filter(Boolean), match = hasMatch(state.outcome), label = say(match ? "thresholdMatch" : "thresholdScore");
    state.threshold = thresholdOf(state.outcome);
    find("threshold").value = find("threshold-number").value = String(state.threshold);
    find("threshold-label").textContent = label;
    find("threshold-number").setAttribute("aria-label", label);
    find("legend").textContent = say(match ? "legendMatch" : "legendScore");
    find("passing").textContent = say("passing", {pass: count(cells.filter(passes).length), total: count(cells.length)});
}

function drawErrors() {
    find("errors").hidden = state.outcome.errors.length === 0;
    find("errors").replaceChildren(...state.outcome.errors.map((error) => make("li", "problem", say("errorOf", error))));
}

/* What the results are of, to be compared with what is there now. */
const questionNow = () => JSON.stringify([state.pictures.map(({url}) => url), textsNow(), settingsNow()]);

function drawStale() {
    const stale = state.outcome !== null && state.question !== questionNow();
    find("stale").textContent = stale ? say("stale") : "";
    find("stale").hidden = !stale;
    find("results").classList.toggle("stale", stale);
}

function drawResults() {
    find("nothing").hidden = state.outcome !== null;
    find("results").hidden = state.outcome === null;
    if (!state.outcome)
        return;
    drawStale();
    drawPassing();
    drawErrors();
    drawMatrix();
    drawList();
}

function showOutcome(outcome, question) {
    const before = state.outcome ? state.outcome.urls : [];
    state.outcome = outcome;
    state.question = question;
    state.chosen = Math.max(0, outcome.cells.findIndex((cells) => cells.some(Boolean)));
    for (const url of before)
        if (!outcome.urls.includes(url) && !state.pictures.some((picture) => picture.url === url))
            URL.revokeObjectURL(url);
    find("said").textContent = "";
    drawResults();
}

/* Taking results along. */

function outcomeText(outcome) {
    const lines = [];
    outcome.names.forEach((name, picture) => {
        lines.push(name);
        ranking(outcome, picture).forEach((at, rank) => {
            const {score, band} = outcome.cells[picture][at];
            lines.push(`${rank + 1}. ${four(score)}  ${say("band" + band)}  ${outcome.texts[at]}`);
        });
    });
    return lines.join("\n") + "\n";
}

/* For spreadsheets: what they would take for a formula gets a ' in front. */
function csvField(text) {
    const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r']/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

function outcomeCsv(outcome) {
    const lines = ["image,text,cosine,score,match,band,share,truncated"];
    outcome.names.forEach((name, picture) => {
        for (const at of ranking(outcome, picture)) {
            const {cosine, score, match, band, share, truncated} = outcome.cells[picture][at];
            lines.push([csvField(name), csvField(outcome.texts[at]), six(cosine), six(score), six(match), BANDS[band],
                        six(share), String(truncated)].join(","));
        }
    });
    return lines.join("\r\n") + "\r\n";
}

/* Browsers have a clipboard only for pages of this machine or over TLS; the older way works elsewhere. */
async function copy(text) {
    let good = false;
    try {
        await navigator.clipboard.writeText(text);
        good = true;
    } catch {
        const area = make("textarea", "hidden");
        area.value = text;
        document.body.append(area);
        area.select();
        good = document.execCommand("copy");
        area.remove();
    }
    find("said").textContent = say(good ? "copied" : "notCopied");
}

function save(parts, type, file) {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob(parts, {type}));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/* With the mark that tells spreadsheets that it is UTF-8. */
function saveCsv() {
    save(["\ufeff", outcomeCsv(state.outcome)], "text/csv", "tuwen.csv");
    find("said").textContent = say("saved", {file: "tuwen.csv"});
}
