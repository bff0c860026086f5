/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list: only the rows on the screen, and a few around, are elements. Text from the file becomes text nodes and
 * nothing else. Rows have one height, so a place on the page is a multiplication away.
 */

const OVERSCAN = 8;
const BAND_ICONS = ["✕", "≈", "✓", "★", "!"];
const LONGEST_SHOWN = 600; /* characters of a text in the list; the row in focus shows all */
const TALLEST = 8e6;       /* pixels; browsers do not lay out much taller elements */

function make(tag, name, ...children) {
    const element = document.createElement(tag);
    if (name)
        element.className = name;
    element.append(...children);
    return element;
}

/*
 * What would change how a text reads without being seen: controls, marks that turn the direction of writing, line
 * separators, invisible spaces. They are shown by their numbers. Lines of a text stay.
 */
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/;

function visible(text) {
    const parts = document.createDocumentFragment();
    let plain = "";
    for (const character of text) {
        if (!HIDDEN.test(character)) {
            plain += character;
            continue;
        }
        const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
        parts.append(plain, make("span", "code", "U+" + code));
        plain = "";
    }
    parts.append(plain);
    return parts;
}

function shortened(text) {
    return text.length > LONGEST_SHOWN ? text.slice(0, LONGEST_SHOWN).replace(/[\ud800-\udbff]$/, "") + "…" : text;
}

function percent(value, decimals) {
    return (100 * value).toFixed(decimals) + " %";
}

function baseName(path) {
    if (/^data:/i.test(path))
        return path.slice(0, 40) + (path.length > 40 ? "…" : "");
    const parts = path.split(/[/\\]/);
    return parts[parts.length - 1] || path;
}

function pillOf(kind) {
    const icon = make("span", "icon", BAND_ICONS[kind]);
    icon.setAttribute("aria-hidden", "true");
    return make("span", "pill kind" + kind, icon, " ", say(kind === 4 ? "error" : "band" + kind));
}

function thumbnailOf(row) {
    const address = pictureOf(row);
    if (!address)
        return make("span", "no-picture", say("noPicture"));
    const image = make("img");
    image.decoding = "async";
    image.alt = "";
    image.src = address;
    return image;
}

function decideButton(value) {
    const button = make("button", value ? "yes" : "no", value ? "✓" : "✗");
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.decide = value;
    button.setAttribute("aria-label", say(value ? "accept" : "reject"));
    button.title = say(value ? "accept" : "reject") + (value ? " (a)" : " (r)");
    return button;
}

function cell(name, ...children) {
    const element = make("div", "cell " + name, ...children);
    element.setAttribute("role", "gridcell");
    return element;
}

/* An element of a row, with its parts at hand: rows that leave the screen are filled anew, which costs half as much. */
function makeElement() {
    const parts = {
        number: cell("number"), thumbnail: cell("thumbnail"), verdict: cell("verdict"), text: make("div", "text"),
        name: make("div", "name"), problem: make("div", "problem"), fill: make("span", "fill"), score: make("span", ""),
        cosine: make("span", ""), match: make("span", "match"), yes: decideButton(1), no: decideButton(0),
    };
    const bar = make("span", "bar", parts.fill), element = make("div", "row");
    bar.setAttribute("aria-hidden", "true");
    parts.text.dir = "auto";
    parts.measure = cell("measure", bar, make("span", "numbers", parts.score, parts.cosine, parts.match));
    element.append(parts.number, parts.thumbnail, cell("words", parts.text, parts.name, parts.problem), parts.measure,
                   parts.verdict, cell("decide", parts.yes, parts.no));
    element.setAttribute("role", "row");
    element.parts = parts;
    return element;
}

function fillNumbers(parts, row) {
    const scored = row[COSINE] !== null;
    parts.measure.classList.toggle("nothing", !scored);
    if (!scored)
        return;
    parts.fill.className = "fill kind" + kindOf(row);
    parts.fill.style.width = Math.max(0, Math.min(100, 100 * row[SCORE])) + "%";
    parts.score.textContent = say("score") + " " + row[SCORE].toFixed(2);
    parts.cosine.textContent = say("cosine") + " " + row[COSINE].toFixed(4);
    parts.match.textContent = row[MATCH] === null ? "" : say("match") + " " + percent(row[MATCH], 1);
}

function fillElement(element, place) {
    const row = rows[place], decision = decisions.get(place), kind = kindOf(row), parts = element.parts;
    element.className = "row kind" + kind + (decision === 1 ? " yes" : decision === 0 ? " no" : "");
    parts.number.textContent = count(row[NUMBER]);
    parts.thumbnail.replaceChildren(thumbnailOf(row));
    parts.text.replaceChildren(row[TEXT] === "" ? make("span", "faint", say("noText")) : visible(shortened(row[TEXT])));
    parts.name.replaceChildren(visible(shortened(baseName(row[IMAGE]))));
    parts.problem.replaceChildren(row[ERROR] ? visible(shortened(row[ERROR])) : "");
    fillNumbers(parts, row);
    parts.verdict.replaceChildren(pillOf(kind));
    if (row[TRUNCATED])
        parts.verdict.append(make("span", "pill cut", say("truncated")));
    parts.yes.setAttribute("aria-pressed", String(decision === 1));
    parts.no.setAttribute("aria-pressed", String(decision === 0));
    return element;
}

function makeRow(place) {
    return fillElement(makeElement(), place);
}

const list = {
    grid: document.getElementById("grid"),
    box: document.getElementById("list"),
    view: [],          /* places in rows, in the order shown */
    current: 0,        /* place in the view */
    shown: new Map(),  /* place in the view -> element */
    spare: [],         /* elements that were shown */
    settled: 0,        /* the timer of sortElements */
    rowHeight: 0,
    onMove: () => {},
};

/* Height of the box, and how many pixels of rows one pixel of it stands for. */
function measureList() {
    list.rowHeight = parseFloat(getComputedStyle(list.box).getPropertyValue("--row-height")) || 80;
    const wanted = list.view.length * list.rowHeight, tools = document.getElementById("tools");
    const sticky = getComputedStyle(tools).position === "sticky";
    document.documentElement.style.setProperty("--tools-height", (sticky ? tools.offsetHeight : 0) + "px");
    list.height = Math.min(wanted, TALLEST);
    list.box.style.height = list.height + "px";
    list.ratio = list.height > innerHeight ? (wanted - innerHeight) / (list.height - innerHeight) : 1;
}

/* How far the rows are scrolled, in pixels of rows. */
function scrolledTo() {
    return -list.box.getBoundingClientRect().top * list.ratio;
}

function position(element, at, scrolled) {
    const below = at * list.rowHeight - scrolled; /* the top of the window */
    element.style.transform = "translateY(" + (below + scrolled / list.ratio) + "px)";
}

/* Elements that are used again stand in any order; those who read the document itself get them in the order seen. */
function sortElements() {
    const sorted = Array.from(list.shown).sort((a, b) => a[0] - b[0]).map(([, element]) => element);
    if (sorted.length !== list.box.children.length || sorted.some((element, i) => element !== list.box.children[i]))
        list.box.replaceChildren(...sorted);
    list.spare = [];
}

function showElement(at, scrolled) {
    const spare = list.spare.pop(), element = fillElement(spare || makeElement(), list.view[at]);
    element.id = "row" + at;
    element.dataset.at = at;
    element.setAttribute("aria-rowindex", at + 2);
    list.shown.set(at, element);
    position(element, at, scrolled);
    if (!spare)
        list.box.append(element);
}

function drawList() {
    const scrolled = scrolledTo(), height = list.rowHeight;
    const first = Math.max(0, Math.floor(scrolled / height) - OVERSCAN);
    const after = Math.min(list.view.length, Math.ceil((scrolled + innerHeight) / height) + OVERSCAN);
    for (const [at, element] of list.shown)
        if (at < first || at >= after) {
            list.spare.push(element);
            list.shown.delete(at);
        }
    for (let at = first; at < after; at++) {
        const element = list.shown.get(at);
        if (!element)
            showElement(at, scrolled);
        else if (list.ratio !== 1)
            position(element, at, scrolled);
        list.shown.get(at).setAttribute("aria-selected", String(at === list.current));
    }
    for (const element of list.spare) {
        element.removeAttribute("id");
        element.style.transform = "translateY(-9999px)";
    }
    clearTimeout(list.settled);
    list.settled = setTimeout(sortElements, 200);
    const active = list.shown.get(list.current);
    if (active)
        list.grid.setAttribute("aria-activedescendant", active.id);
    else
        list.grid.removeAttribute("aria-activedescendant");
}

/* Draws all rows anew: other rows, another decision; in another language, with new elements. */
function redrawList(anew) {
    list.spare.push(...list.shown.values());
    list.shown.clear();
    if (anew === true)
        sortElements();
    measureList();
    list.grid.setAttribute("aria-rowcount", list.view.length + 1);
    drawList();
}

/* Shows other rows; the row in focus stays so if it is among them, else the one at its place. */
function showView(view, keep) {
    const old = list.view[list.current], found = keep ? view.indexOf(old) : -1;
    list.view = view;
    list.current = found >= 0 ? found : Math.max(0, Math.min(list.current, view.length - 1));
    redrawList();
    list.onMove();
}

/* What covers the top of the window. */
function covered() {
    const tools = parseFloat(document.documentElement.style.getPropertyValue("--tools-height")) || 0;
    return tools + document.getElementById("heads").offsetHeight;
}

function moveTo(at) {
    if (list.view.length === 0)
        return;
    list.current = Math.max(0, Math.min(at, list.view.length - 1));
    const scrolled = scrolledTo(), top = list.current * list.rowHeight - scrolled, bottom = top + list.rowHeight;
    const detail = document.getElementById("detail"), sheet = getComputedStyle(detail).position === "fixed";
    const least = covered(), most = innerHeight - (sheet ? detail.offsetHeight : 8);
    const by = top < least ? top - least : bottom > most ? bottom - most : 0;
    if (by !== 0)
        scrollBy({top: by / list.ratio, behavior: "instant"});
    drawList();
    list.onMove();
}
