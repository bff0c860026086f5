/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables to review, read as `tuwen review` reads them (docs/review.md): CSV, TSV and JSON Lines. A table is {name, delimiter, mark,
 * lines, columns, records}: `lines` if it is JSON Lines; of a record `cells` are its texts by column, `values` what JSON has
 * there, `error` what is wrong with it.
 */

const TABLE_BYTES = 256 << 20;

const isTableName = (name) => /\.(csv|tsv|tab|jsonl|ndjson)$/i.test(name);
const isBlank = (text) => text === null || /^[ \t\n\v\f\r\u3000]*$/.test(text);

/* What counts of a name: neither case nor blanks, underscores and dashes, nor brackets at its end. */
function plainName(name) {
    const bare = name.trim().replace(/(.)(?:\([^(]*\)|\[[^[]*\]|（[^（]*）|【[^【]*】)$/s, "$1");
    return bare.replace(/[ _-]/g, "").toLowerCase();
}

const PLAIN_NAMES = {image: COLUMN_NAMES.image.map(plainName), text: COLUMN_NAMES.text.map(plainName)};

/* How well a name stands for a role: the least is best, Infinity: not at all. "text2" and "text_2" rank as "text". */
function nameRank(role, name) {
    const names = PLAIN_NAMES[role], plain = plainName(name), at = names.indexOf(plain);
    const stem = at < 0 && role === "text" ? names.indexOf(plain.replace(/\d+$/, "")) : at;
    return stem < 0 ? Infinity : stem;
}

/* The places of the pictures' column (-1: none) and of the texts'. */
function findColumns(columns) {
    const ranks = (role) => columns.map((name) => nameRank(role, name));
    const images = ranks("image"), texts = ranks("text"), best = Math.min(...texts);
    const image = Math.min(...images);
    return {image: image < Infinity ? images.indexOf(image) : -1,
            texts: best < Infinity ? columns.map((name, at) => at).filter((at) => texts[at] === best) : []};
}

/* The delimiter that the first line has most often. */
function findDelimiter(name, line) {
    const times = (c) => line.split(c).length;
    if (/\.(tsv|tab)$/i.test(name) || line.includes("\t"))
        return "\t";
    return times(";") > times(",") ? ";" : ",";
}

function readDelimited(name, source) {
    const told = /^sep=([,;\t])\r?\n/i.exec(source), text = told ? source.slice(told[0].length) : source;
    const delimiter = told ? told[1] : findDelimiter(name, text.trimStart().split("\n", 1)[0]);
    const [head, ...rows] = readRows(text, delimiter), columns = head ? head.cells : [], width = columns.length;
    const records = rows.map(({cells, open}) => {
        const error = open ? say("quoteOpen") : cells.length > width ? say("moreFields", {count: cells.length, columns: width}) : null;
        if (cells.length > width)
            cells.splice(width - 1, cells.length, cells.slice(width - 1).join(delimiter));
        while (cells.length < width)
            cells.push("");
        return {cells, values: cells, error};
    });
    return {delimiter, lines: false, columns, records};
}

/* An object of a line. Numbers of its own stay as they are written, where the browser tells how that is. */
function parseLine(line) {
    const numbers = new Map();
    const object = JSON.parse(line, function (key, value, context) {
        if (typeof value === "number" && context && context.source)
            numbers.set(this, {...numbers.get(this), [key]: context.source});
        return value;
    });
    if (!object || typeof object !== "object" || Array.isArray(object))
        throw new TypeError();
    return {object, numbers: numbers.get(object) || {}};
}

function readObjects(source) {
    const records = [];
    let columns = null;
    for (const line of source.split("\n")) {
        if (!line.trim())
            continue;
        try {
            const {object, numbers} = parseLine(line), own = (key) => Object.hasOwn(object, key) ? object[key] : null;
            columns = columns || Object.keys(object);
            const text = (key) => Object.hasOwn(numbers, key) ? numbers[key] : own(key) === null ? "" : typeof own(key) === "string" ? own(key)
                : JSON.stringify(own(key));
            records.push({object, text, own, error: null});
        } catch (error) {
            records.push({object: {}, text: () => "", own: () => null, error: say(error instanceof TypeError ? "noObject" : "noJson")});
        }
    }
    columns = columns || [];
    return {delimiter: ",", lines: true, columns,
            records: records.map(({text, own, error}) => ({cells: columns.map(text), values: columns.map(own), error}))};
}

/* By how files of the commonest formats begin. */
function isPicture(bytes) {
    const begin = String.fromCharCode(...bytes);
    return /^(\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftyp(heic|heix|mif1|avif))/s.test(begin);
}

/* Reads a chosen file; an Error with a sentence if it is no table. */
async function readTable(file) {
    const name = file.name;
    if (/^image\//.test(file.type) || isPicture(new Uint8Array(await file.slice(0, 12).arrayBuffer().catch(() => new ArrayBuffer()))))
        throw new Error(say("tableIsPicture", {name}));
    if (file.size > TABLE_BYTES)
        throw new Error(say("tableLarge", {name}));
    const bytes = new Uint8Array(await file.arrayBuffer().catch(() => {
        throw new Error(say("unreadable", {name}));
    }));
    let source;
    try {
        source = new TextDecoder("utf-8", {fatal: true}).decode(bytes);
    } catch {
        throw new Error(say("tableNotUtf8", {name}));
    }
    const lines = /\.(jsonl|ndjson)$/i.test(name) || source.trimStart().startsWith("{");
    const table = lines ? readObjects(source) : readDelimited(name, source);
    if (table.records.length === 0 || table.columns.length === 0)
        throw new Error(say("tableEmpty", {name}));
    return {...table, name, mark: bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf};
}

/* Pictures that a table names: its names and the chosen files' paths agree from the end on. A folder's own name does not count. */

const pathOf = (name) => name.trim().replace(/^file:\/\/(localhost)?/i, "").replaceAll("\\", "/").split("/").filter((part) => part && part !== ".");

function indexFiles(files) {
    const index = new Map();
    for (const file of files) {
        const parts = pathOf(file.webkitRelativePath || file.name), last = parts[parts.length - 1];
        const paths = file.webkitRelativePath ? parts.slice(1) : parts;
        index.set(last, [...(index.get(last) || []), {file, parts: paths}]);
    }
    return index;
}

/* The file, NULL if there is none, or undefined if there are several. */
function findFile(index, name) {
    const parts = pathOf(name), candidates = index.get(parts[parts.length - 1]) || [];
    const agree = (a, b) => a.slice(-b.length).join("/") === b.slice(-a.length).join("/");
    const found = candidates.filter((candidate) => agree(candidate.parts, parts));
    const exact = found.filter((candidate) => candidate.parts.length === parts.length);
    const best = exact.length === 1 ? exact : found;
    return best.length === 1 ? best[0].file : best.length === 0 ? null : undefined;
}
