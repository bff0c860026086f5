/* SPDX-License-Identifier: Apache-2.0 */
/* What was matched before: texts, names and scores in this browser alone, without pictures, and only if that is wanted. */

const HISTORY_ENTRIES = 20, HISTORY_BYTES = 200000;

const keepsHistory = () => store.get("keep") !== "no";

function readHistory() {
    try {
        const entries = JSON.parse(store.get("history") || "[]");
        return Array.isArray(entries) ? entries.filter((entry) => entry && Array.isArray(entry.names) && Array.isArray(entry.texts) &&
            Array.isArray(entry.cells) && entry.cells.length === entry.names.length) : [];
    } catch {
        return [];
    }
}

function remember(outcome) {
    if (!keepsHistory())
        return;
    const entry = {...outcome, urls: outcome.names.map(() => null), files: undefined};
    if (JSON.stringify(entry).length > HISTORY_BYTES) {
        find("status").textContent += " (" + say("tooLong") + ")";
        return;
    }
    const entries = [entry, ...readHistory()].slice(0, HISTORY_ENTRIES);
    while (entries.length > 0 && !store.set("history", JSON.stringify(entries)))
        entries.pop();
    drawHistory();
}

function recall(entry) {
    find("texts").value = entry.texts.join("\n");
    find("instruction").value = (entry.settings && entry.settings.instruction) || "";
    drawTexts();
    showOutcome(entry, questionNow());
    find("answer-title").focus();
}

function drawHistory() {
    const entries = readHistory();
    find("keep").checked = keepsHistory();
    find("history-count").textContent = entries.length > 0 ? "(" + entries.length + ")" : "";
    find("forget").hidden = entries.length === 0;
    find("entries").replaceChildren(...entries.map((entry) => {
        const when = new Date(entry.time).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", {dateStyle: "short", timeStyle: "short"});
        const button = makeButton(say("entry", {when, pictures: entry.names.join(", ")}), "", () => recall(entry));
        button.append(make("span", "faint", entry.texts.slice(0, 3).join(" · ")));
        return make("li", "", button);
    }));
}

function listenForHistory() {
    find("keep").addEventListener("change", () => {
        store.set("keep", find("keep").checked ? "yes" : "no");
        if (!find("keep").checked)
            store.remove("history");
        drawHistory();
    });
    find("forget").addEventListener("click", () => {
        store.remove("history");
        drawHistory();
        find("keep").focus();
    });
}
