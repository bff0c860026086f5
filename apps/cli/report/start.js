/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, clicks, and reading the file while it is still coming. */

const KEYS = {
    j: () => moveTo(list.current + 1),
    ArrowDown: () => moveTo(list.current + 1),
    k: () => moveTo(list.current - 1),
    ArrowUp: () => moveTo(list.current - 1),
    PageDown: () => moveTo(list.current + rowsOfWindow()),
    PageUp: () => moveTo(list.current - rowsOfWindow()),
    Home: () => moveTo(0),
    End: () => moveTo(list.view.length - 1),
    a: () => decide(list.current, 1, true),
    r: () => decide(list.current, 0, true),
    c: () => decide(list.current, undefined, false),
    Enter: () => openDetail(!find("detail").classList.contains("open")),
    Escape: () => openDetail(false),
    u: undo,
    n: nextUndecided,
    "/": () => find("search").focus(),
    "?": () => find("help").showModal(),
};
/* Where these keys have a meaning of their own. */
const OWN_KEYS = /^(INPUT|SELECT|TEXTAREA)$/;
const MOVING = /^(Arrow|Page|Home|End)/;

function rowsOfWindow() {
    return Math.max(1, Math.floor((innerHeight - covered()) / list.rowHeight) - 1);
}

function onKey(event) {
    if (find("help").open) {
        if (event.key === "Escape")
            find("help").close();
        return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
    const element = event.target, typing = OWN_KEYS.test(element.tagName);
    if (event.key === "Escape" && typing) {
        list.grid.focus();
        return;
    }
    if (typing && element.id === "search" && event.key === "Enter")
        list.grid.focus();
    const action = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (!action || typing || (event.key === "Enter" && element.tagName === "BUTTON") || (MOVING.test(event.key) && element !== document.body && !list.grid.contains(element)))
        return;
    event.preventDefault();
    action();
}

function onListClick(event) {
    const element = event.target.closest("[data-at]"), button = event.target.closest("[data-decide]");
    if (!element)
        return;
    const at = Number(element.dataset.at);
    list.current = at;
    if (button) {
        const value = Number(button.dataset.decide);
        decide(at, decisions.get(list.view[at]) === value ? undefined : value, false);
    } else {
        openDetail(true);
    }
}

function onChip(event) {
    const button = event.target.closest("[data-filter]");
    if (!button)
        return;
    const name = button.dataset.filter;
    if (name === "truncated") {
        filter.truncated = !filter.truncated;
    } else {
        const kind = Number(name.slice(4));
        if (!filter.kinds.delete(kind))
            filter.kinds.add(kind);
    }
    setFilter({});
    document.querySelector(`[data-filter="${name}"]`).focus();
}

function onHead(event) {
    const button = event.target.closest("[data-sort]");
    if (!button)
        return;
    const column = button.dataset.sort, numeric = column === "score" || column === "band";
    setSorting(column, sorting.column === column ? !sorting.descending : numeric);
    document.querySelector(`[data-sort="${column}"]`).focus();
}

function listen() {
    let timer = 0, drawn = false;
    const on = (id, event, action) => find(id).addEventListener(event, action);
    on("search", "input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => setFilter({words: find("search").value.toLowerCase().split(/\s+/).filter(Boolean)}), 100);
    });
    on("decision", "change", () => setFilter({decision: find("decision").value}));
    on("side", "change", () => setFilter({side: find("side").value}));
    on("sort", "change", () => setSorting(find("sort").value.slice(0, -1), find("sort").value.endsWith("-")));
    on("measure", "change", () => setMeasure(find("measure").value));
    on("threshold", "input", () => setThreshold(find("threshold").valueAsNumber));
    on("threshold-number", "input", () => setThreshold(find("threshold-number").valueAsNumber));
    on("reset", "click", resetFilters);
    on("undo", "click", undo);
    on("export-decisions", "click", saveDecisions);
    on("export-rows", "click", saveRows);
    on("bands", "click", onChip);
    on("heads", "click", onHead);
    on("list", "click", onListClick);
    on("help-open", "click", () => find("help").showModal());
    on("language", "click", () => {
        setLanguage(language === "zh" ? "en" : "zh");
        store.set("language", language);
    });
    on("theme", "click", () => {
        const themes = ["", "light", "dark"];
        drawTheme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % 3]);
        store.set("theme", document.documentElement.dataset.theme);
    });
    addEventListener("keydown", onKey);
    addEventListener("scroll", () => {
        if (drawn)
            return;
        drawn = true;
        requestAnimationFrame(() => {
            drawn = false;
            drawList();
        });
    }, {passive: true});
    addEventListener("resize", redrawList);
    addEventListener("beforeprint", drawPrint);
    addEventListener("afterprint", () => find("print").replaceChildren());
    addEventListener("beforeunload", (event) => {
        if (!store.works && decisions.size > 0)
            event.preventDefault();
    });
    list.onMove = drawDetail;
}

/* Reading: blocks come one after the other, and one is whole when another element follows or the file has ended. */
let nextScript = 0;

function takeBlocks() {
    const before = rows.length, all = document.scripts, complete = document.readyState !== "loading";
    while (nextScript < all.length && (complete || all[nextScript].nextElementSibling))
        takeBlock(all[nextScript++]);
    return rows.length > before;
}

function chooseLanguage() {
    const kept = store.get("language");
    const wanted = kept || facts.language || navigator.language;
    language = wanted.startsWith("zh") ? "zh" : "en";
    document.documentElement.dataset.theme = store.get("theme") || "";
}

function drawMore() {
    forgetOrders();
    drawWords();
    drawHistogram();
    refresh(true);
}

function finish() {
    takeBlocks();
    if (!end || end.rows !== rows.length)
        note(say("cutOff"));
    else if (damaged)
        note(say("damaged"));
    if (end)
        readDecisions();
    if (hasMatch())
        setMeasure("match");
    drawMore();
}

let started = false;

function start() {
    started = true;
    chooseLanguage();
    document.querySelector("main").hidden = false;
    listen();
    setMeasure("score");
    drawMore();
}

/* Shows the first rows as soon as they are there; later ones are counted in now and then, and all at the end. */
let pumping = 0;

function pump() {
    clearTimeout(pumping);
    const more = takeBlocks(), loading = document.readyState === "loading";
    if (!started && (rows.length > 0 || !loading))
        start();
    else if (started && more && loading)
        drawMore();
    if (loading)
        pumping = setTimeout(pump, started ? 300 : 20);
    else
        finish();
}

addEventListener("DOMContentLoaded", pump);

pump();
