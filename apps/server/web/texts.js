/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, one a line, or a column of a table that was pasted from a spreadsheet. */

/* One row from `at` on: its cells, and where the next one begins; NULL if a quote in it is never closed. `ends` finds what ends
 * a cell. */
function readRow(source, at, ends) {
    const cells = [];
    for (;;) {
        let cell = "";
        if (source[at] === '"') {
            let from = at + 1, quote = source.indexOf('"', from);
            for (; quote >= 0 && source[quote + 1] === '"'; quote = source.indexOf('"', from)) {
                cell += source.slice(from, quote + 1);
                from = quote + 2;
            }
            if (quote < 0)
                return null;
            cell += source.slice(from, quote);
            at = quote + 1;
        }
        ends.lastIndex = at;
        const end = ends.exec(source), stop = end ? end.index : source.length, last = !end || end[0] === "\n";
        const rest = source.slice(at, stop);
        cells.push(cell + (last && rest.endsWith("\r") ? rest.slice(0, -1) : rest));
        at = stop + 1;
        if (last)
            return {cells, next: at};
    }
}

/* A line whose quotes cannot be told: from the first one on it is one cell as it stands. */
function readOpen(line, delimiter) {
    const cells = line.split(delimiter), first = cells.findIndex((cell) => cell.startsWith('"'));
    return [...cells.slice(0, first), cells.slice(first).join(delimiter)];
}

/* Rows of cells (RFC 4180), without blank lines. A row with a quote that is never closed is its first line. */
function readRows(source, delimiter) {
    const rows = [], ends = new RegExp("[" + delimiter + "\n]", "g");
    for (let at = 0; at < source.length;) {
        let row = readRow(source, at, ends);
        if (!row) {
            const end = source.indexOf("\n", at), line = source.slice(at, end < 0 ? undefined : end).replace(/\r$/, "");
            row = {cells: readOpen(line, delimiter), next: at + line.length + 1, open: true};
        }
        if (row.cells.length > 1 || row.cells[0].trim())
            rows.push(row);
        at = row.next;
    }
    return rows;
}

/* A table if every line that has something has a tab. NULL: lines. */
function tableOf(source) {
    const lines = source.split("\n").filter((line) => line.trim());
    if (lines.length === 0 || !lines[0].includes("\t"))
        return null;
    const rows = readRows(source, "\t").map(({cells}) => cells).filter((row) => row.some((text) => text.trim()));
    return rows.every((row) => row.length > 1) ? rows : null;
}

function textsNow() {
    const source = find("texts").value.replace(/\r\n?/g, "\n"), rows = tableOf(source);
    const texts = rows
        ? rows.slice(find("heading").checked ? 1 : 0).map((row) => row[Number(find("column").value)] || "")
        : source.split("\n");
    return texts.map((text) => text.trim()).filter(Boolean);
}

let proposed = {head: "", named: false}; /* for which first row, and whether that had the name of a column */

/* Of a new table the column is proposed whose name is known, and then its first row is a heading; else the one with most to read. */
function drawTable(rows) {
    const width = Math.max(...rows.map((row) => row.length)), select = find("column"), lengths = [], head = JSON.stringify(rows[0]);
    for (let i = 0; i < width; i++)
        lengths.push(rows.reduce((sum, row) => sum + (row[i] || "").length, 0));
    let before = Number(select.value);
    if (proposed.head !== head || select.options.length !== width) {
        const places = rows.length > 1 ? findColumns(rows[0]).texts : [], named = places.length > 0;
        if (named || proposed.named || select.options.length !== width)
            before = named ? places[0] : lengths.indexOf(Math.max(...lengths));
        if (named || proposed.named)
            find("heading").checked = named;
        proposed = {head, named};
    }
    select.replaceChildren();
    for (let i = 0; i < width; i++) {
        const name = Array.from(rows[0][i] || "").slice(0, 24).join("");
        const option = make("option", "", say("columnName", {number: i + 1, name}));
        option.value = String(i);
        select.append(option);
    }
    select.value = String(before);
}

function drawTexts() {
    const rows = tableOf(find("texts").value.replace(/\r\n?/g, "\n"));
    find("table").hidden = !rows;
    if (rows)
        drawTable(rows);
    drawStale();
    find("texts-count").textContent = say("textsCount", {count: count(textsNow().length)});
}
