/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows: reading them from the blocks of the file, orders, filters, counts at a threshold, and CSV. Nothing here
 * touches the page but the blocks.
 */

/* Places in a row as the file has it. MATCH is null without a profile, numbers are null in a row with an error. */
const NUMBER = 0, IMAGE = 1, TEXT = 2, COSINE = 3, SCORE = 4, MATCH = 5, BAND = 6, TRUNCATED = 7, PICTURE = 8, ERROR = 9,
    FIELDS = 10;

const PLACE = {number: NUMBER, picture: IMAGE, text: TEXT, cosine: COSINE, score: SCORE, match: MATCH, band: COSINE};

const rows = [];        /* in the order of the file */
const decisions = new Map(); /* place in rows -> 1 accepted, 0 rejected */
let facts = {};
let end = null;         /* what the end of the file says; null until it was read */
let damaged = false;

/* Pictures are many megabytes of text, so a block of them is read when one of its pictures is first shown. */
const pictureBlocks = []; /* {first, element or null, pictures or null} */

function parseBlock(element) {
    try {
        return JSON.parse(element.textContent);
    } catch (error) {
        damaged = true;
        return null;
    }
}

/* Takes over one block of the file. */
function takeBlock(element) {
    if (element.className === "pictures") {
        pictureBlocks.push({first: Number(element.dataset.first), element, pictures: null});
        return;
    }
    if (element.className !== "rows" && element.id !== "facts" && element.id !== "end")
        return;
    const value = parseBlock(element);
    element.textContent = "";
    if (value && element.className === "rows")
        for (const row of value)
            rows.push(row);
    else if (value && element.id === "facts")
        facts = value;
    else if (value)
        end = value;
}

/* The address of a row's thumbnail, or "" without one. */
function pictureOf(row) {
    const number = row[PICTURE];
    if (number === null || number < 0)
        return "";
    let low = 0, high = pictureBlocks.length;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (pictureBlocks[middle].first <= number)
            low = middle;
        else
            high = middle;
    }
    const block = pictureBlocks[low];
    if (!block)
        return "";
    if (!block.pictures) {
        block.pictures = parseBlock(block.element) || [];
        block.element.textContent = "";
    }
    const text = block.pictures[number - block.first];
    return typeof text === "string" && /^[A-Za-z0-9+/=]+$/.test(text) ? "data:image/jpeg;base64," + text : "";
}

/* What a row is filtered by: 0..3 its band, 4 an error. */
function kindOf(row) {
    return row[ERROR] ? 4 : row[BAND];
}

function hasMatch() {
    return rows.some((row) => row[MATCH] !== null);
}

/* Orders are kept until rows are added: a filter then only walks over one. */
const orders = new Map();

function forgetOrders() {
    orders.clear();
}

/* Places in rows, sorted. Rows without a value come last in both directions; ties stay in the order of the file. */
function orderOf(column, descending) {
    const key = column + (descending ? "-" : "+");
    let order = orders.get(key);
    if (order)
        return order;
    order = Array.from(rows.keys());
    if (column !== "number" || descending) {
        const place = PLACE[column], sign = descending ? -1 : 1;
        const missing = (row) => row[place] === null || (row[ERROR] !== null && place >= COSINE && place <= BAND);
        const compare = place === IMAGE || place === TEXT ? new Intl.Collator(language, {numeric: true}).compare
                                                          : (a, b) => a - b;
        const present = order.filter((i) => !missing(rows[i]));
        present.sort((a, b) => sign * compare(rows[a][place], rows[b][place]) || a - b);
        order = present.concat(order.filter((i) => missing(rows[i])));
    }
    orders.set(key, order);
    return order;
}

/* What search looks through. */
const haystacks = [];

function haystackOf(place) {
    const row = rows[place];
    if (haystacks[place] === undefined)
        haystacks[place] = [row[IMAGE], row[TEXT], row[ERROR] || "", ...(row[FIELDS] || [])].join("\n").toLowerCase();
    return haystacks[place];
}

/* filter: {kinds: Set or empty, truncated, words, decision, side, measure, threshold} */
function passesFilter(place, filter) {
    const row = rows[place];
    if (filter.kinds.size > 0 && !filter.kinds.has(kindOf(row)))
        return false;
    if (filter.truncated && !row[TRUNCATED])
        return false;
    const decision = decisions.get(place);
    if ((filter.decision === "none" && decision !== undefined) || (filter.decision === "any" && decision === undefined) ||
        (filter.decision === "yes" && decision !== 1) || (filter.decision === "no" && decision !== 0))
        return false;
    if (filter.side !== "all" && passesThreshold(row, filter) !== (filter.side === "pass"))
        return false;
    return filter.words.every((word) => haystackOf(place).includes(word));
}

function filterRows(filter, column, descending) {
    return orderOf(column, descending).filter((place) => passesFilter(place, filter));
}

/* A row without a number never passes. */
function passesThreshold(row, filter) {
    const value = row[PLACE[filter.measure]];
    return row[ERROR] === null && value !== null && value >= filter.threshold;
}

/* How all rows, and the decided ones, fall on the two sides of the threshold. */
function countSides(filter) {
    const counts = {pass: 0, fail: 0, errors: 0, truePass: 0, falsePass: 0, missed: 0, decided: 0};
    for (let place = 0; place < rows.length; place++) {
        const pass = passesThreshold(rows[place], filter), decision = decisions.get(place);
        counts[pass ? "pass" : rows[place][ERROR] === null ? "fail" : "errors"]++;
        if (decision === undefined)
            continue;
        counts.decided++;
        if (pass)
            counts[decision === 1 ? "truePass" : "falsePass"]++;
        else if (decision === 1)
            counts.missed++;
    }
    return counts;
}

/* CSV by RFC 4180, with a byte order mark, since spreadsheets take UTF-8 for something else without it. */

function csvField(value) {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n\t]|^\s|\s$/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function csvText(lines) {
    return "\ufeff" + lines.map((line) => line.map(csvField).join(",") + "\r\n").join("");
}

function looksLikeFormula(text) {
    return /^[\s'"]*[=+\-@＝＋－＠]/.test(text) || /^[\t\r\n]/.test(text);
}

/* A cell that a spreadsheet shows and does not compute. */
function defused(value) {
    return typeof value === "string" && looksLikeFormula(value) ? "'" + value : value;
}

/* The same file under a name that no spreadsheet takes for a formula; addresses and absolute names are none. */
function harmlessName(name) {
    return looksLikeFormula(name) && name.trim() === name ? "./" + name : name;
}

/* For `tuwen calibrate`: texts are exactly what was compared. */
function decisionsCsv() {
    const lines = [["image", "text", "label", "cosine", "score"]];
    let formulas = 0;
    for (const place of Array.from(decisions.keys()).sort((a, b) => a - b)) {
        const row = rows[place];
        formulas += looksLikeFormula(row[TEXT]);
        lines.push([harmlessName(row[IMAGE]), row[TEXT], decisions.get(place), row[COSINE], row[SCORE]]);
    }
    return {text: csvText(lines), count: lines.length - 1, formulas};
}

/* For people: shown rows in their order, with the columns that came with them. */
function rowsCsv(places) {
    const columns = facts.columns || [], names = ["mismatch", "fair", "high", "very high"];
    const head = ["row", "image", "text", "cosine", "score", "match", "band", "truncated", "error", "decision"];
    const lines = [head.concat(columns.map(defused))];
    for (const place of places) {
        const row = rows[place], decision = decisions.get(place);
        lines.push([
            row[NUMBER], defused(row[IMAGE]), defused(row[TEXT]), row[COSINE], row[SCORE], row[MATCH],
            row[ERROR] ? "" : names[row[BAND]], row[TRUNCATED] ? "true" : "false", defused(row[ERROR]),
            decision === undefined ? "" : decision === 1 ? "accepted" : "rejected", ...(row[FIELDS] || []).map(defused),
        ]);
    }
    return csvText(lines);
}
