/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the server: what it says, or an Error with its sentence. */

const MOST_TRIES = 12; /* while the server is busy; a model that is being loaded is waited for longer */

let bodyLimit = Infinity; /* the server's, in bytes, as soon as it is known */

/* What base64 and a few texts leave of it for a picture. */
const pictureLimit = () => Math.max(0, 0.75 * (bodyLimit - 4096));

/* The server tells those who run it which option sets a limit; this is for those who use the page. NULL: its own sentence. */
function limitSentence({code, message, param}) {
    const limit = Number((/(\d+)\D*$/.exec(message) || [])[1]);
    if (!limit)
        return null;
    if (code === "body_too_large") {
        bodyLimit = limit;
        return tooLarge();
    }
    return code === "too_many_items" ? say(param === "texts" ? "tooManyTexts" : "tooManyPairs", {limit: count(limit)}) : null;
}

function tooLarge() {
    const megabytes = pictureLimit() / (1 << 20);
    return say("tooLarge", {limit: megabytes < 10 ? megabytes.toFixed(1) : String(Math.round(megabytes))});
}

/* Why it is asked again later; NULL: that would not help. */
function waitWord({status, code, retryAfter}) {
    if (status !== 429 && (status !== 503 || !retryAfter || code === "shutting_down"))
        return null;
    return code === "loading" ? "waitLoading" : code === "rate_limited" ? "waitRate" : "waitBusy";
}

/* The server's sentence, and what a program wants to know of it; status 0 stands for no answer at all. */
function refusalOf(status, error, retryAfter) {
    const words = status === 401 ? say(keyWord()) : error ? limitSentence(error) || error.message : null;
    const refusal = new Error(words || (status ? say("refused", {status}) : say("unreachable")));
    const {code, param} = error || {code: "", param: ""};
    Object.assign(refusal, {status, code, param, retryAfter: Number(retryAfter) || 0});
    const place = /^(images|texts)\[(\d+)\]$/.exec(param);
    if (place && refusal.message.startsWith(param)) {
        refusal.rest = refusal.message.slice(param.length);
        refusal[place[1]] = Number(place[2]);
    }
    return refusal;
}

/* What a request was too large for may fit into two. */
const isLarge = ({code, param}) => code === "body_too_large" || (code === "too_many_items" && param !== "texts");

/* With the name of a picture in place of its number in the request. */
function nameRefusal(refusal, group) {
    if (refusal.images !== undefined)
        refusal.message = group[refusal.images].name + refusal.rest;
    else if (refusal.code === "body_too_large")
        refusal.message = say("errorOf", {name: group[0].name, message: refusal.message});
    else if (refusal.texts !== undefined)
        refusal.message = say("textNumber", {number: refusal.texts + 1}) + refusal.rest;
}

/* What a header can carry; no key has anything else. */
const keyNow = () => find("key").value.trim().replace(/[^ -~]/g, "?");
const keyWord = () => keyNow() ? "keyWrong" : "keyNeeded";

/* Of every request. The server speaks the page's language then. */
function headersNow() {
    const key = keyNow();
    return {"Accept-Language": document.documentElement.lang, ...(key && {Authorization: "Bearer " + key})};
}

const get = (path) => fetch(path, {headers: headersNow()});

/* If the server wants a key its field stands above all, until one is accepted. */
function watchKey(status) {
    const wanted = status === 401, focused = document.activeElement === find("key"), place = find(wanted ? "door" : "settings");
    if (wanted) {
        find("door-words").dataset.word = keyWord();
        find("door-words").textContent = say(keyWord());
    }
    find("door").hidden = !wanted;
    if (find("key-field").parentElement === place)
        return;
    place.append(find("key-field"));
    if (focused)
        find(wanted ? "key" : "choose").focus();
}

async function ask(path, body, signal) {
    let response, answer = null;
    try {
        response = await fetch(path, {method: "POST", headers: {...headersNow(), "Content-Type": "application/json"},
                                      body: JSON.stringify(body), signal});
    } catch (error) {
        throw error.name === "AbortError" ? error : refusalOf(0);
    }
    try {
        answer = await response.json();
    } catch (error) {
        if (error.name === "AbortError")
            throw error;
    }
    watchKey(response.status);
    if (!response.ok || !answer)
        throw refusalOf(response.status, answer && answer.error, response.headers.get("Retry-After"));
    return answer;
}

function pause(seconds, signal) {
    return new Promise((done, fail) => {
        const timer = setTimeout(done, 1000 * seconds);
        signal.addEventListener("abort", () => {
            clearTimeout(timer);
            fail(signal.reason);
        }, {once: true});
    });
}

/* While the server cannot answer yet it is asked again when it says, and `sayWhy` gets the reason. */
async function askPatiently(path, body, signal, sayWhy) {
    for (let tries = 1;; tries++) {
        try {
            return await ask(path, body, signal);
        } catch (error) {
            const word = waitWord(error);
            if (!word || (tries >= MOST_TRIES && error.code !== "loading"))
                throw error;
            const seconds = Math.min(30, error.retryAfter || 1);
            sayWhy(say(word, {seconds}));
            await pause(seconds, signal);
        }
    }
}

/* Settings, as members of a request. */

function settingsNow() {
    const instruction = find("instruction").value.trim(), profile = find("profile").value;
    return {...(instruction && {instruction}), ...(profile && {profile})};
}

/* A choice only if there is one. */
function drawProfiles(profiles) {
    const chosen = find("profile").value;
    find("profile-field").hidden = profiles.length === 0;
    find("profile").replaceChildren(...["", ...profiles, "none"].map((name) => {
        const option = make("option", "", name === "" ? say("profileDefault") : name === "none" ? say("profileNone") : name);
        option.value = name;
        return option;
    }));
    find("profile").value = profiles.includes(chosen) || chosen === "none" ? chosen : "";
}
