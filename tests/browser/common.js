/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests share. Names of the page's own scripts (rows, list, ...) are seen from here. */
const wrong = [];
const check = (good, what) => {
    if (!good && wrong.length < 20)
        wrong.push(what);
};
const same = (actual, expected, what) => {
    const a = JSON.stringify(actual), b = JSON.stringify(expected);
    check(a === b, what + ": " + String(a).slice(0, 120) + " instead of " + String(b).slice(0, 120));
};
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const until = async (condition, what) => {
    for (let i = 0; i < 500 && !condition(); i++)
        await wait(20);
    check(condition(), "waited in vain for " + what);
};
/* What waits for the next pictures on the screen has been done. */
const frames = async () => {
    for (let i = 0; i < 3; i++)
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
};
const press = (key, element) =>
    (element || document.body).dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
const choose = (id, value) => {
    const element = document.getElementById(id);
    element.value = value;
    element.dispatchEvent(new Event(element.tagName === "SELECT" ? "change" : "input", {bubbles: true}));
};
const search = async (text) => {
    choose("search", text);
    await wait(200);
};
/* What bytes that are not UTF-8 must come out as: make_report.c has them. */
const broken = ["a\ufffd\ufffd\ufffdz", "a\ufffd\ufffdz", "a\ufffd\ufffd", "a\ufffd\ufffdscript>z", "a\u0000z"];
/* CSV by RFC 4180, read by a reader that is not the page's. */
const readCsv = (text) => {
    const lines = [[]];
    let field = "", quoted = false;
    for (let i = 0; i < text.length; i++) {
        const c = text[i];
        if (quoted && c === '"' && text[i + 1] === '"') {
            field += c;
            i++;
        } else if (c === '"') {
            quoted = !quoted;
        } else if (!quoted && (c === "," || c === "\n")) {
            lines[lines.length - 1].push(field.replace(/\r$/, ""));
            field = "";
            if (c === "\n")
                lines.push([]);
        } else {
            field += c;
        }
    }
    lines.pop();
    return lines;
};
await until(() => end !== null && document.readyState === "complete", "the end of the rows");
