/* SPDX-License-Identifier: Apache-2.0 */
/* Names, texts, fields and errors that want to be markup, script or something else: all arrive, all are seen, none acts. */
const all = corpus.concat(broken);
same(rows.length, 2 * all.length, "number of rows");
const beforeNul = (text) => text.split("\u0000")[0]; /* an error is a string of C */
all.forEach((text, i) => {
    const good = rows[2 * i], bad = rows[2 * i + 1];
    same(good[IMAGE], text, "name " + i);
    same(good[TEXT], text, "text " + i);
    same(good[FIELDS], [text, "plain"], "fields " + i);
    same(bad[ERROR], beforeNul(text), "error " + i);
});

/* As people see it: hidden characters by their numbers. */
const shown = (text) => Array.from(text, (c) => {
    const code = c.codePointAt(0);
    const hidden = (code < 0x20 && code !== 10) || (code >= 0x7f && code < 0xa0) ||
        [0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0xfeff].includes(code) ||
        (code >= 0x2060 && code <= 0x2069);
    return hidden ? "U+" + code.toString(16).toUpperCase().padStart(4, "0") : c;
}).join("");
const lastPart = (text) => text.startsWith("data:") ? text.slice(0, 40) + (text.length > 40 ? "…" : "")
                                                    : text.split(/[\/\\]/).pop() || text;
const shortOf = (text) => text.length > 600 ? text.slice(0, 600) + "…" : text;
const elements = new Set();
for (let at = 0; at < rows.length; at++) {
    moveTo(at);
    const element = list.shown.get(at), text = all[at >> 1], detail = document.getElementById("detail");
    same(element.querySelector(".text").textContent, shown(shortOf(text)), "text in the list " + at);
    same(element.querySelector(".name").textContent, shown(shortOf(lastPart(text))), "name in the list " + at);
    same(detail.querySelector(".text").textContent, shown(text), "text in focus " + at);
    check(Array.from(detail.querySelectorAll("dd"), (d) => d.textContent).includes(shown(text)), "name in focus " + at);
    if (at % 2 === 1)
        same(detail.querySelector(".problem").textContent, shown(beforeNul(text)), "error in focus " + at);
    else
        check(/^data:image\/jpeg;base64,[A-Za-z0-9+/]+=*$/.test(detail.querySelector("img").src), "picture " + at);
    for (const e of document.querySelectorAll("*")) {
        elements.add(e.localName);
        for (const attribute of e.attributes)
            check(!/^on|^srcdoc$|^action$/i.test(attribute.name) && !/^\s*javascript:/i.test(attribute.value),
                  "attribute " + attribute.name + " of " + e.localName);
    }
}
const allowed = "html head meta title style body header h1 h2 p span div button noscript main section label select option input " +
    "svg rect b aside dialog form script img dl dt dd kbd";
for (const name of elements)
    check(allowed.split(" ").includes(name), "element " + name);
moveTo(0);
check(document.images.length > 4, "thumbnails");
for (const image of document.images)
    await image.decode().catch(() => check(false, "a thumbnail that is no picture"));
check(document.getElementById("facts-line").textContent.includes(corpus[0]), "the model's name is seen");

/* Searching for each string finds its rows, and saving takes them. */
for (let i = 0; i < all.length; i++) {
    await search(all[i]);
    if (all[i].trim() && !/[\n\t]/.test(all[i]))
        check(list.view.includes(2 * i), "search " + i);
}
document.getElementById("reset").click();
document.getElementById("export-rows").click();
const lines = readCsv((await window.saved[0].text()).replace(/^\ufeff/, ""));
same(lines.length, rows.length + 1, "saved rows");
for (const line of lines.slice(1))
    for (const cell of line)
        check(!/^[\s'"]*[=+@]/.test(cell) && !/^-[^0-9]/.test(cell) || cell.startsWith("'"), "a formula: " + cell.slice(0, 40));

for (const key of ["?"])
    press(key);
document.getElementById("help").close();
for (const name of ["language", "theme"])
    document.getElementById(name).click();
dispatchEvent(new Event("beforeprint"));
dispatchEvent(new Event("afterprint"));
await frames();
same(window.hit, undefined, "something ran");
same(window.violations, [], "violations of the policy");
return wrong;
