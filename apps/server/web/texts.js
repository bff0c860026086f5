/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, one a line, or a column of a table that was pasted from a spreadsheet. */

/* Rows of cells: separated by tabs, and with quotes around those that have tabs, quotes or ends of lines in them. */
function readTable(source) {
    const rows = [[]];
    let cell = "", quoted = false, fresh = true;
    const endCell = () => {
        rows[rows.length - 1].push(cell);
        cell = "";
        fresh = true;
    };
    for (let i = 0; i < source.length; i++) {
        const c = source[i];
        if (quoted && c === '"' && source[i + 1] === '"') {
            cell += c;
            i++;
        } else if (c === '"' && (quoted || fresh)) {
            quoted = !quoted;
            fresh = false;
        } else if (!quoted && c === "\t") {
            endCell();
        } else if (!quoted && c === "\n") {
            endCell();
            rows.push([]);
        } else {
            cell += c;
            fresh = false;
        }
    }
    endCell();
    return rows.filter((row) => row.some((text) => text.trim()));
}

/* A table if every line that has something has a tab. NULL: lines. */
function tableOf(source) {
    const lines = source.split("\n").filter((line) => line.trim());
    if (lines.length === 0 || !lines[0].includes("\t"))
        return null;
    const rows = readTable(source);
    return rows.every((row) => row.length > 1) ? rows : null;
}

function textsNow() {
    const source = find("texts").value.replace(/\r\n?/g, "\n"), rows = tableOf(source);
    const texts = rows
        ? rows.slice(find("heading").checked ? 1 : 0).map((row) => row[Number(find("column").value)] || "")
        : source.split("\n");
    return texts.map((text) => text.trim()).filter(Boolean);
}

/* Of a new table the column with most to read is proposed. */
function drawTable(rows) {
    const width = Math.max(...rows.map((row) => row.length)), select = find("column"), lengths = [];
    for (let i = 0; i < width; i++)
        lengths.push(rows.reduce((sum, row) => sum + (row[i] || "").length, 0));
    const before = select.options.length === width ? Number(select.value) : lengths.indexOf(Math.max(...lengths));
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
    find("texts-count").textContent = say("textsCount", {count: count(textsNow().length)});
}
