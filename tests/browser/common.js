/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests share. Names of the page's own scripts (rows, list, ...) are seen from here. */
const wrong = [];
const check = (good, what) => {
    if (!good && wrong.length < 20)
        wrong.push(what);
};
const same = (actual, expected, what) => {
    const a = JSON.stringify(actual), b = JSON.stringify(expected);
    let from = 0;
    while (a !== b && a && b && a[from] === b[from])
        from++;
    from = Math.max(0, from - 40);
    check(a === b, what + ": " + String(a).slice(from, from + 120) + " instead of " + String(b).slice(from, from + 120));
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
/* Contrast of text with what is behind it (WCAG 2.2, success criterion 1.4.3: 4.5). */
const channels = (color) => color.match(/[\d.]+/g).map((c) => Number(c) * (color.startsWith("color(srgb") ? 255 : 1));
const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
    for (; element; element = element.parentElement) {
        const color = channels(getComputedStyle(element).backgroundColor);
        if (color.length === 3 || color[3] === 1)
            return color;
    }
    return [255, 255, 255];
};
const checkContrast = (selector, theme) => {
    for (const element of document.querySelectorAll(selector)) {
        const text = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim());
        if (!text || element.disabled || element.localName === "option" || element.getClientRects().length === 0)
            continue;
        const a = luminance(channels(getComputedStyle(element).color)), b = luminance(behind(element));
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        check(contrast >= 4.5, theme + ": contrast " + contrast.toFixed(2) + " of " + element.className + " " + element.textContent.slice(0, 30));
    }
};
/* Every control has a name; no identifier is there twice. */
const checkControls = () => {
    for (const control of document.querySelectorAll("button, select, input:not([type=file][hidden]), textarea, [role=grid], aside, dialog")) {
        const label = control.getAttribute("aria-label") || control.textContent.trim() ||
            (control.getAttribute("aria-labelledby") && document.getElementById(control.getAttribute("aria-labelledby")).textContent) ||
            (control.labels && control.labels.length > 0 && control.labels[0].textContent.trim());
        check(label, "a control without a name: " + control.outerHTML.slice(0, 80));
    }
    const ids = Array.from(document.querySelectorAll("[id]"), (e) => e.id);
    same(new Set(ids).size, ids.length, "identifiers");
};
