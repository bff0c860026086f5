/* SPDX-License-Identifier: Apache-2.0 */
/* Why a picture and a text match as they do: phrases, and a drawing of regions, in a dialog. */

let explaining = null; /* {controller} of the one that is shown */

const BYTES = new TextEncoder(), LETTERS = new TextDecoder();

/* The text, with its phrases marked. Their places are bytes of UTF-8. */
function markPhrases(text, phrases) {
    const bytes = BYTES.encode(text), parts = [];
    let at = 0;
    for (const {begin, size, verdict, effect} of phrases) {
        const phrase = make("mark", verdict, LETTERS.decode(bytes.subarray(begin, begin + size)));
        phrase.title = four(effect);
        parts.push(LETTERS.decode(bytes.subarray(at, begin)), phrase);
        at = begin + size;
    }
    return [...parts, LETTERS.decode(bytes.subarray(at))];
}

function makePhraseTable(phrases) {
    const head = make("tr", "", ...["phrase", "effect", "verdict"].map((word) => {
        const cell = make("th", "", say(word));
        cell.scope = "col";
        return cell;
    }));
    return make("table", "phrases", make("caption", "", say("phrasesCaption")), make("thead", "", head),
        make("tbody", "", ...phrases.map(({text, effect, verdict}) => {
            const name = make("th", "", text);
            name.scope = "row";
            name.dir = "auto";
            return make("tr", "", name, make("td", "", (effect > 0 ? "+" : "") + four(effect)), make("td", "", say(verdict)));
        })));
}

/* The strongest region in words, for those who do not see the drawing. */
function sayRegions({rows, columns, cells}) {
    let best = {value: -Infinity};
    cells.forEach((line, row) => line.forEach((value, column) => {
        if (value > best.value)
            best = {value, row, column};
    }));
    return say("regions", {rows, columns, row: best.row + 1, column: best.column + 1});
}

/* Whether the picture tells a word from its best rival. */
function sayContrast({word, others, best, told}) {
    const {cosine} = others.find((other) => other.word === best);
    return say("told-" + told, {word, best, cosine: four(cosine)});
}

function drawExplanation(answer, text) {
    const shown = [make("p", "hint", say("hint"))];
    if (answer.heat && answer.heat.startsWith("data:image/png;base64,")) {
        const image = make("img", "heat");
        image.src = answer.heat;
        image.alt = sayRegions(answer.regions);
        shown.push(image, make("p", "faint counts", say("heatLegend")), make("p", "counts", image.alt));
    }
    const words = make("p", "explained", ...markPhrases(text, answer.phrases));
    words.dir = "auto";
    shown.push(words);
    if (answer.phrases.length > 1)
        shown.push(make("p", "legend counts", ...["supported", "unclear", "unsupported"].map((verdict) => make("mark", verdict, say(verdict)))),
            makePhraseTable(answer.phrases));
    else
        shown.push(make("p", "faint", say("onePhrase")));
    if (answer.truncated)
        shown.push(make("p", "cut", say("truncated")));
    for (const {kind, words} of answer.warnings)
        shown.push(make("p", "cut", say("warns-" + kind, {words: words.join(say("comma"))})));
    if (answer.contrasts.length)
        shown.push(make("ul", "contrasts", ...answer.contrasts.map((contrast) => make("li", "told-" + contrast.told, sayContrast(contrast)))));
    find("why-body").replaceChildren(...shown);
}

async function explain(outcome, picture, text) {
    const controller = explaining = new AbortController(), words = outcome.texts[text];
    find("why-name").textContent = outcome.names[picture];
    find("why-body").replaceChildren(make("p", "explained", words));
    find("why-status").textContent = say("explaining");
    find("why").showModal();
    try {
        const image = base64Of(await readFile({file: outcome.files[picture], name: outcome.names[picture]}));
        const answer = await askPatiently("/v1/explain", {image, text: words, heat: true, ...outcome.settings}, controller.signal, (why) => {
            find("why-status").textContent = why;
        });
        drawExplanation(answer, words);
        find("why-status").textContent = "";
    } catch (error) {
        if (error.name === "AbortError")
            return;
        find("why-status").textContent = error.message;
    }
}

function listenForExplanations() {
    find("why-close").addEventListener("click", () => find("why").close());
    find("why").addEventListener("close", () => explaining && explaining.abort());
}
