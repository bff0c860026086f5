/* SPDX-License-Identifier: Apache-2.0 */
/* The page around the list: filters, threshold, decisions, keys, export, language and theme. */

const find = (id) => document.getElementById(id);
const filter = {kinds: new Set(), truncated: false, words: [], decision: "all", side: "all", measure: "score", threshold: 0};
const sorting = {column: "number", descending: false};
const history = []; /* of decisions: {place, before} */

/* What the browser keeps: settings for all reports, decisions for this one. Some browsers keep nothing for files. */
const store = {
    works: true,
    get(key) {
        try {
            return localStorage.getItem("tuwen-report-" + key);
        } catch (error) {
            this.works = false;
            return null;
        }
    },
    set(key, value) {
        try {
            localStorage.setItem("tuwen-report-" + key, value);
        } catch (error) {
            this.works = false;
        }
    },
};

function tell(text) {
    find("said").textContent = text;
}

function note(text) {
    find("note").textContent = text;
    find("note").hidden = text === "";
}

/* Decisions. */

function keepDecisions() {
    store.set("decisions-" + end.id, JSON.stringify(Array.from(decisions)));
    if (!store.works)
        note(say("noStorage"));
}

function readDecisions() {
    let kept = [];
    try {
        kept = JSON.parse(store.get("decisions-" + end.id)) || [];
    } catch (error) {
        kept = [];
    }
    if (!Array.isArray(kept))
        return;
    for (const pair of kept) {
        const [place, value] = Array.isArray(pair) ? pair : [];
        if (Number.isInteger(place) && rows[place] && (value === 0 || value === 1))
            decisions.set(place, value);
    }
}

function setDecision(place, value) {
    if (value === undefined)
        decisions.delete(place);
    else
        decisions.set(place, value);
    if (end)
        keepDecisions();
}

/* Decides the row in focus; `go` moves on to the next. */
function decide(at, value, go) {
    const place = list.view[at];
    if (place === undefined)
        return;
    history.push({place, before: decisions.get(place)});
    setDecision(place, value);
    const leaves = !passesFilter(place, filter), decision = decisions.get(place);
    tell(say("decided", {number: count(rows[place][NUMBER]),
                         decision: say(decision === 1 ? "accepted" : decision === 0 ? "rejected" : "undecided")}));
    if (leaves)
        refresh(false);
    else
        refreshRow(at);
    drawThreshold();
    if (go && !leaves)
        moveTo(at + 1);
}

function undo() {
    const last = history.pop();
    if (!last)
        return;
    setDecision(last.place, last.before);
    refresh(false);
    const at = list.view.indexOf(last.place);
    if (at >= 0)
        moveTo(at);
    drawThreshold();
    tell(say("undone", {number: count(rows[last.place][NUMBER])}));
}

function nextUndecided() {
    for (let step = 1; step <= list.view.length; step++) {
        const at = (list.current + step) % list.view.length;
        if (!decisions.has(list.view[at]))
            return moveTo(at);
    }
}

/* Drawing. */

function refreshRow(at) {
    const element = list.shown.get(at);
    if (element)
        fillElement(element, list.view[at]);
    drawCounts();
    drawDetail();
}

function refresh(keep) {
    showView(filterRows(filter, sorting.column, sorting.descending), keep);
    drawCounts();
}

function drawCounts() {
    const total = count(rows.length), shown = list.view.length;
    let yes = 0;
    for (const value of decisions.values())
        yes += value;
    find("shown").textContent =
        shown === rows.length ? say("shownAll", {total}) : say("shown", {total, shown: count(shown)});
    find("done").textContent = say("done", {yes: count(yes), no: count(decisions.size - yes),
                                            left: count(rows.length - decisions.size)});
    [yes, decisions.size - yes, rows.length - decisions.size].forEach((number, i) => {
        find("progress").children[i].style.flexGrow = number;
    });
    find("export-decisions").textContent = say("exportDecisions", {count: count(decisions.size)});
    find("undo").disabled = history.length === 0;
    find("empty").hidden = shown > 0;
    find("empty").textContent = end ? say("nothing") : say("loading");
}

function drawBands() {
    const counts = [0, 0, 0, 0, 0];
    let cut = 0;
    for (const row of rows) {
        counts[kindOf(row)]++;
        cut += row[TRUNCATED] ? 1 : 0;
    }
    const stack = [], chips = [];
    for (const kind of [3, 2, 1, 0, 4]) {
        const part = make("span", "kind" + kind);
        part.style.flexGrow = counts[kind];
        stack.push(part);
        if (kind < 4 || counts[kind] > 0)
            chips.push(chip(pillOf(kind), counts[kind], filter.kinds.has(kind), "kind" + kind));
    }
    if (cut > 0)
        chips.push(chip(make("span", "pill cut", say("truncated")), cut, filter.truncated, "truncated"));
    find("stack").replaceChildren(...stack);
    find("bands").replaceChildren(...chips);
}

function chip(label, number, pressed, name) {
    const button = make("button", "chip", label, " ", make("b", "", count(number)));
    button.type = "button";
    button.dataset.filter = name;
    button.setAttribute("aria-pressed", String(pressed));
    return button;
}

/* The threshold. */

function thresholdRange() {
    return filter.measure === "cosine" ? [-0.2, 1] : [0, 1];
}

function setThreshold(value) {
    const [least, most] = thresholdRange();
    if (!Number.isFinite(value))
        return;
    filter.threshold = Math.max(least, Math.min(most, value));
    find("threshold").value = filter.threshold;
    if (document.activeElement !== find("threshold-number"))
        find("threshold-number").value = filter.threshold;
    list.box.style.setProperty("--threshold", filter.measure === "score" ? 100 * filter.threshold + "%" : "-10%");
    drawThreshold();
    if (filter.side !== "all")
        refresh(true);
}

function setMeasure(measure) {
    filter.measure = measure;
    const [least, most] = thresholdRange();
    for (const id of ["threshold", "threshold-number"]) {
        find(id).min = least;
        find(id).max = most;
    }
    find("measure").value = measure;
    const fits = facts.threshold && facts.threshold[measure];
    setThreshold(typeof fits === "number" ? fits : 0.5);
    drawHistogram();
}

function drawThreshold() {
    const counts = countSides(filter), all = counts.pass + counts.fail;
    find("threshold-counts").textContent = say("counts", {
        pass: count(counts.pass), fail: count(counts.fail),
        share: all > 0 ? (100 * counts.pass / all).toFixed(1) : "0",
    }) + (counts.errors > 0 ? say("countsErrors", {count: count(counts.errors)}) : "");
    const passed = counts.truePass + counts.falsePass;
    find("threshold-quality").textContent = counts.decided === 0 ? say("qualityNone") : say("quality", {
        count: count(counts.decided), precision: passed > 0 ? percent(counts.truePass / passed, 1) : "–",
        false: count(counts.falsePass), missed: count(counts.missed),
    });
    const [least, most] = thresholdRange();
    for (const bar of find("histogram").children)
        bar.classList.toggle("pass", Number(bar.dataset.from) >= filter.threshold - 1e-9 - (most - least) / 120);
}

/* How many rows have which value, in 60 bars. */
function drawHistogram() {
    const bins = new Array(60).fill(0), [least, most] = thresholdRange(), place = PLACE[filter.measure];
    for (const row of rows)
        if (row[ERROR] === null && row[place] !== null)
            bins[Math.max(0, Math.min(59, Math.floor((row[place] - least) / (most - least) * 60)))]++;
    const highest = Math.max(1, ...bins);
    find("histogram").replaceChildren(...bins.map((number, i) => {
        const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const height = number === 0 ? 0 : Math.max(1, 39 * number / highest);
        bar.setAttribute("x", 5 * i + 0.5);
        bar.setAttribute("width", 4);
        bar.setAttribute("y", 40 - height);
        bar.setAttribute("height", height);
        bar.dataset.from = least + (most - least) * i / 60;
        return bar;
    }));
    drawThreshold();
}

/* On narrow screens the row in focus is a sheet, which a tap on a row opens. */
function openDetail(open) {
    find("detail").classList.toggle("open", open);
    moveTo(list.current);
}

function closeButton() {
    const button = make("button", "close", "✕");
    button.type = "button";
    button.setAttribute("aria-label", say("close"));
    button.addEventListener("click", () => openDetail(false));
    return button;
}

/* The row in focus, with nothing shortened. */
function drawDetail() {
    const place = list.view[list.current], row = rows[place], detail = find("detail");
    if (!row) {
        detail.replaceChildren();
        return;
    }
    const decision = decisions.get(place), facts_of = make("dl", "");
    const fact = (name, value) => {
        facts_of.append(make("dt", "", visible(name)), make("dd", "", visible(value)));
    };
    const text = make("p", "text", row[TEXT] === "" ? say("noText") : visible(row[TEXT]));
    text.dir = "auto";
    const verdict = make("p", "", pillOf(kindOf(row)));
    if (row[TRUNCATED])
        verdict.append(" ", make("span", "pill cut", say("truncated")));
    fact(say("number"), count(row[NUMBER]));
    fact(say("picture"), row[IMAGE]);
    if (row[COSINE] !== null) {
        fact(say("score"), row[SCORE].toFixed(4));
        fact(say("cosine"), row[COSINE].toFixed(4));
    }
    if (row[MATCH] !== null)
        fact(say("match"), percent(row[MATCH], 1));
    fact(say("decision"), say(decision === 1 ? "accepted" : decision === 0 ? "rejected" : "undecided"));
    (row[FIELDS] || []).forEach((value, i) => {
        if (value !== row[IMAGE] && value !== row[TEXT])
            fact((facts.columns || [])[i] || String(i + 1), value);
    });
    detail.replaceChildren(closeButton(), thumbnailOf(row), text, verdict);
    if (row[ERROR])
        detail.append(make("p", "problem", visible(row[ERROR])));
    detail.append(facts_of);
}

/* Words, language, theme. */

function sortChoices() {
    const columns = ["number", "picture", "text", "score", "cosine", "band"];
    if (hasMatch())
        columns.splice(4, 0, "match");
    return columns;
}

function fillSelect(id, choices, value) {
    find(id).replaceChildren(...choices.map(([name, text]) => {
        const option = make("option", "", text);
        option.value = name;
        return option;
    }));
    find(id).value = value;
}

function drawHeads() {
    const columns = [["number", "number"], ["thumbnail", "picture"], ["words", "text"], ["measure", "score"],
                     ["verdict", "band"], ["decide", null]];
    find("heads").replaceChildren(...columns.map(([name, column]) => {
        const head = make("div", "cell " + name);
        head.setAttribute("role", "columnheader");
        if (!column) {
            head.textContent = say("decision");
            return head;
        }
        const sorted = sorting.column === column;
        head.setAttribute("aria-sort", !sorted ? "none" : sorting.descending ? "descending" : "ascending");
        const button = make("button", "", say(column), sorted ? (sorting.descending ? " ▼" : " ▲") : "");
        button.type = "button";
        button.dataset.sort = column;
        head.append(button);
        return head;
    }));
    find("sort").value = sorting.column + (sorting.descending ? "-" : "+");
}

function drawFacts() {
    const parts = [];
    if (facts.source)
        parts.push(facts.source);
    if (facts.model)
        parts.push(say("model", {name: facts.model}) + (facts.fingerprint ? " (" + facts.fingerprint + ")" : ""));
    if (facts.profile)
        parts.push(say("profile", {name: facts.profile}));
    if (facts.version)
        parts.push("tuwen " + facts.version);
    if (facts.made)
        parts.push(facts.made);
    find("facts-line").replaceChildren(visible(parts.join(" · ")));
    find("title").textContent = say("title");
    document.title = say("title") + (facts.source ? ": " + baseName(facts.source) : "") + " – tuwen";
}

function drawHelp() {
    const keys = make("dl", "keys");
    for (const [key, meaning] of WORDS[language].helpKeys)
        keys.append(make("dt", "", make("kbd", "", key)), make("dd", "", meaning));
    find("help-text").replaceChildren(keys, ...WORDS[language].helpText.map((text) => make("p", "", text)));
}

/* Everything that is said, in the language of the moment. */
function drawWords() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    for (const element of document.querySelectorAll("[data-word]"))
        element.textContent = say(element.dataset.word);
    for (const element of document.querySelectorAll("[data-label]"))
        element.setAttribute("aria-label", say(element.dataset.label));
    find("language").textContent = say("other");
    find("language").lang = language === "zh" ? "en" : "zh";
    find("search").placeholder = say("search");
    fillSelect("decision", [["all", say("decisionAll")], ["none", say("decisionNone")], ["any", say("decisionAny")],
                            ["yes", say("decisionYes")], ["no", say("decisionNo")]], filter.decision);
    fillSelect("side", [["all", say("sideAll")], ["pass", say("sidePass")], ["fail", say("sideFail")]], filter.side);
    fillSelect("measure", (hasMatch() ? ["match", "score", "cosine"] : ["score", "cosine"]).map((m) => [m, say(m)]),
               filter.measure);
    fillSelect("sort", sortChoices().flatMap((c) => {
        const end = c === "text" || c === "picture" ? "Text" : "";
        return [[c + "+", say("ascending" + end, {column: say(c)})], [c + "-", say("descending" + end, {column: say(c)})]];
    }), "number+");
    drawTheme(document.documentElement.dataset.theme || "");
    drawFacts();
    drawHelp();
    drawHeads();
    drawBands();
    drawThreshold();
}

function drawTheme(theme) {
    document.documentElement.dataset.theme = theme;
    find("theme").textContent = say(theme === "light" ? "themeLight" : theme === "dark" ? "themeDark" : "themeAuto");
}

function setLanguage(name) {
    language = name;
    forgetOrders();
    drawWords();
    redrawList(true);
    refresh(true);
}

function setSorting(column, descending) {
    sorting.column = column;
    sorting.descending = descending;
    drawHeads();
    refresh(true);
}

function setFilter(changes) {
    Object.assign(filter, changes);
    tell("");
    drawBands();
    refresh(true);
}

function resetFilters() {
    find("search").value = "";
    find("decision").value = find("side").value = "all";
    filter.kinds.clear();
    setFilter({truncated: false, words: [], decision: "all", side: "all"});
}

/* Saving. */

function save(text, name, message) {
    const link = make("a"), address = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    tell(message);
}

function saveDecisions() {
    const csv = decisionsCsv();
    if (csv.count === 0)
        return tell(say("noDecisions"));
    save(csv.text, "decisions.csv", say(csv.formulas > 0 ? "savedFormulas" : "saved",
                                        {count: count(csv.count), formulas: count(csv.formulas), file: "decisions.csv"}));
}

function saveRows() {
    save(rowsCsv(list.view), "rows.csv", say("saved", {count: count(list.view.length), file: "rows.csv"}));
}

/* Paper takes rows as they are, but not twenty thousand of them. */
function drawPrint() {
    const most = 1000, places = list.view.slice(0, most).map(makeRow);
    if (list.view.length > most)
        places.unshift(make("p", "", say("printed", {count: count(most), total: count(list.view.length)})));
    find("print").replaceChildren(...places);
}
