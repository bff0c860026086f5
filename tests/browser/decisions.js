/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting and rejecting, undoing, keeping, and the file for `tuwen calibrate`. */
const $ = (id) => document.getElementById(id);
const decided = () => Array.from(decisions).sort((a, b) => a[0] - b[0]);
same(list.current, 0, "begins at the first row");
press("a");
press("r");
press("a");
same([decided(), list.current], [[[0, 1], [1, 0], [2, 1]], 3], "three decisions");
press("u");
same([decided(), list.current], [[[0, 1], [1, 0]], 2], "undone");
press("k");
press("c");
same(decided(), [[0, 1]], "cleared");
press("u");
same(decided(), [[0, 1], [1, 0]], "clearing undone");
press("n");
same(list.current, 2, "the next undecided row");
for (const combination of [{ctrlKey: true}, {metaKey: true}, {altKey: true}])
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "a", bubbles: true, ...combination}));
same(decisions.size, 2, "keys of the browser stay the browser's");
list.shown.get(4).querySelector('[data-decide="1"]').click();
same(decided(), [[0, 1], [1, 0], [4, 1]], "by pointer");
same(list.shown.get(4).querySelector('[data-decide="1"]').getAttribute("aria-pressed"), "true", "pressed");
list.shown.get(4).querySelector('[data-decide="1"]').click();
same(decided(), [[0, 1], [1, 0]], "by pointer again");

/* In a filter for undecided rows a decided one goes, and the next takes its place. */
choose("decision", "none");
same(list.view.length, rows.length - 2, "undecided rows");
press("Home");
const first = list.view[0], second = list.view[1];
press("a");
same([decisions.get(first), list.view[list.current], list.current], [1, second, 0], "the next takes its place");
press("u");
$("reset").click();

/* The threshold is judged by decisions. */
choose("measure", "score");
choose("threshold-number", "0.5");
decisions.clear();
let truePass = 0, falsePass = 0, missed = 0;
for (let i = 0; i < 30; i++) {
    const value = i % 3 === 0 ? 0 : 1, pass = !rows[i][ERROR] && rows[i][SCORE] >= 0.5;
    moveTo(i);
    press(value ? "a" : "r");
    truePass += pass && value === 1;
    falsePass += pass && value === 0;
    missed += !pass && value === 1;
}
same($("threshold-quality").textContent, say("quality", {count: "30", precision: percent(truePass / (truePass + falsePass), 1),
                                                         false: String(falsePass), missed: String(missed)}), "quality");

/* Kept, and read again. */
const kept = localStorage.getItem("tuwen-report-decisions-" + end.id);
same(JSON.parse(kept).length, 30, "kept");
decisions.clear();
readDecisions();
same(decisions.size, 30, "read again");
for (const nonsense of ["", "{", "null", "[[1]]", "[1]", '[["0",1],[99999,1],[2,7],[-1,0]]']) {
    localStorage.setItem("tuwen-report-decisions-" + end.id, nonsense);
    decisions.clear();
    try {
        readDecisions();
    } catch (error) {
        check(false, "nonsense " + nonsense + ": " + error);
    }
    same(decisions.size, 0, "nonsense " + nonsense);
}

/* The file: every row, also the hostile ones. Texts are untouched, a name that looks like a formula is the same file. */
for (let i = 0; i < rows.length; i++) {
    moveTo(i);
    press(i % 2 ? "r" : "a");
}
$("export-decisions").click();
const bytes = new Uint8Array(await window.saved[window.saved.length - 1].arrayBuffer());
same(Array.from(bytes.slice(0, 3)), [0xef, 0xbb, 0xbf], "byte order mark");
const lines = readCsv(new TextDecoder().decode(bytes));
same(lines[0].slice(0, 3), ["image", "text", "label"], "columns");
same(lines.length, rows.length + 1, "lines");
lines.slice(1).forEach((line, i) => {
    same(line[1], rows[i][TEXT], "text " + i);
    same(line[2], i % 2 ? "0" : "1", "label " + i);
    const name = rows[i][IMAGE];
    check(line[0] === name || (line[0] === "./" + name && /^[=+@\-']/.test(name)), "name " + i + " " + line[0].slice(0, 40));
    check(!/^[=+@-]/.test(line[0]), "a name like a formula " + i);
});
check($("said").textContent.includes("calibrate"), "the formulas are mentioned");
window.exported = "\ufeff" + new TextDecoder().decode(bytes);
localStorage.clear();
same([window.hit, window.violations], [undefined, []], "nothing ran");
return wrong;
