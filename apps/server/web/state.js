/* SPDX-License-Identifier: Apache-2.0 */
/* What the page knows, what it keeps in the browser, and how it makes elements: always from text, never from markup. */

const find = (id) => document.getElementById(id);

/* pictures: {file, name, url}. outcome: what is shown, see results.js; question: what it was of; chosen: the picture whose list it is. threshold: the one
 * of the outcome; thresholds: those that people chose, by what they are of. */
const state = {pictures: [], outcome: null, question: null, chosen: 0, threshold: 0, thresholds: {}, hide: false, running: null};

/* Browsers may refuse storage; then nothing is kept. */
const store = {
    get(name) {
        try {
            return localStorage.getItem("tuwen." + name);
        } catch {
            return null;
        }
    },
    set(name, value) {
        try {
            localStorage.setItem("tuwen." + name, value);
            return true;
        } catch {
            return false;
        }
    },
    remove(name) {
        try {
            localStorage.removeItem("tuwen." + name);
        } catch {
            /* nothing is there */
        }
    },
};

/* make("li", "class names", text or elements...) */
function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className)
        element.className = className;
    element.append(...children);
    return element;
}

function makeButton(text, label, action) {
    const button = make("button", "", text);
    button.type = "button";
    if (label)
        button.setAttribute("aria-label", label);
    button.addEventListener("click", action);
    return button;
}

/* A picture as far as the browser can show it: formats that it does not know are told by name. */
function makeThumbnail(url, name, className) {
    if (!url)
        return make("span", "no-picture " + className, say("noPicture"));
    const image = make("img", className);
    image.alt = name;
    image.addEventListener("error", () => image.replaceWith(make("span", "no-picture " + className, say("noPreview"))));
    image.src = url;
    return image;
}

function showProblem(text) {
    find("problem").textContent = text;
    find("problem").hidden = !text;
}

function drawWords() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = say("title") + " - tuwen";
    for (const element of document.querySelectorAll("[data-word]"))
        element.textContent = say(element.dataset.word);
    for (const element of document.querySelectorAll("[data-label]"))
        element.setAttribute("aria-label", say(element.dataset.label));
    find("language").textContent = say("other");
    find("language").lang = language === "zh" ? "en" : "zh-CN";
    find("texts").placeholder = say("textsHint");
    find("review-search").placeholder = say("search");
}

function drawTheme(theme) {
    document.documentElement.dataset.theme = theme;
    find("theme").textContent = say(theme === "light" ? "themeLight" : theme === "dark" ? "themeDark" : "themeAuto");
}
