/* SPDX-License-Identifier: Apache-2.0 */
/* Matching, examples, and everything that is clicked. */

/* Pictures are sent in requests of some so many bytes, well below the server's limit of a body. */
const REQUEST_BYTES = 24 << 20;

/* The pictures in groups that fit into a request. */
function groupsOf(pictures) {
    const groups = [], most = Math.min(REQUEST_BYTES, pictureLimit());
    let bytes = Infinity;
    for (const picture of pictures) {
        if (bytes + picture.file.size > most) {
            groups.push([]);
            bytes = 0;
        }
        groups[groups.length - 1].push(picture);
        bytes += picture.file.size;
    }
    return groups;
}

/* One group after the other; one that is refused as a whole is an error of its pictures if others are not. */
async function matchAll(pictures, texts, settings, signal) {
    const outcome = emptyOutcome(pictures, texts, settings);
    const groups = groupsOf(pictures);
    let first = 0, refusal = null, good = 0;
    for (const group of groups) {
        if (groups.length > 1)
            find("status").textContent = say("workingPart", {done: first, total: pictures.length});
        try {
            if (group.length === 1 && group[0].file.size > pictureLimit())
                throw Object.assign(new Error(tooLarge()), {code: "body_too_large"});
            const images = (await Promise.all(group.map(readFile))).map(base64Of);
            takeAnswer(outcome, await askPatiently("/v1/match", {images, texts, ...settings}, signal, (why) => {
                find("status").textContent = why;
            }), first);
            good++;
        } catch (error) {
            if (error.name === "AbortError")
                throw error;
            if (isLarge(error) && group.length > 1) {
                const half = group.length >> 1;
                groups.splice(groups.indexOf(group) + 1, 0, group.slice(0, half), group.slice(half));
                continue;
            }
            refusal = error;
            for (const {name} of group)
                outcome.errors.push({name, message: error.rest ? error.rest.replace(/^[:：]\s*/, "") : error.message});
            nameRefusal(error, group);
        }
        first += group.length;
    }
    if (good === 0)
        throw refusal;
    return outcome;
}

function setRunning(controller) {
    state.running = controller;
    find("match").disabled = controller !== null;
    find("cancel").hidden = controller === null;
    find("answer").setAttribute("aria-busy", String(controller !== null));
}

async function match() {
    const pictures = state.pictures.slice(), texts = textsNow(), question = questionNow(), started = performance.now();
    if (state.running)
        return;
    if (pictures.length === 0 || texts.length === 0) {
        showProblem(say(pictures.length === 0 ? "needPicture" : "needText"));
        find(pictures.length === 0 ? "choose" : "texts").focus();
        return;
    }
    showProblem("");
    setRunning(new AbortController());
    find("status").textContent = say("working");
    try {
        const outcome = await matchAll(pictures, texts, settingsNow(), state.running.signal);
        showOutcome(outcome, question);
        const pairs = outcome.cells.flat().filter(Boolean).length;
        find("status").textContent = say("done", {pairs: count(pairs), seconds: ((performance.now() - started) / 1000).toFixed(1)});
        remember(outcome);
        if (!model)
            watchModel();
        if (innerWidth < 900)
            find("answer").scrollIntoView();
    } catch (error) {
        find("status").textContent = error.name === "AbortError" ? say("cancelled") : "";
        if (error.name !== "AbortError")
            showProblem(error.message);
    }
    setRunning(null);
}

/* Examples. */

const EXAMPLES = [
    {word: "exampleLight", pictures: ["traffic-light.webp"], texts: {en: ["a traffic light", "a dog", "a girl on a bench", "a red apple", "sunset over the city"],
                                                                     zh: ["红绿灯", "一只狗", "坐在长椅上的女孩", "红苹果", "城市日落"]}},
    {word: "exampleSunset", pictures: ["sunset-city.png"], texts: ["城市日落", "一只狗", "红苹果", "sunset over the city", "a hot cup of coffee"]},
    {word: "exampleBoth", pictures: ["traffic-light.webp", "sunset-city.png"], texts: ["a traffic light", "红绿灯", "sunset over the city", "城市日落", "a pizza"]},
];

const exampleFile = async (name) => new File([await (await get("/page/" + name)).blob()], name, {lastModified: 0});

async function showExample({pictures, texts}) {
    try {
        const files = await Promise.all(pictures.map(exampleFile));
        clearPictures();
        addPictures(files);
        find("texts").value = (texts[language] || texts).join("\n");
        drawTexts();
        await match();
    } catch {
        showProblem(say("unreachable"));
    }
}

function drawExamples() {
    find("examples").replaceChildren(...EXAMPLES.map((example) => {
        const button = makeButton("", "", () => showExample(example));
        button.append(...example.pictures.map((name) => makeThumbnail("/page/" + name, "", "tiny")), make("span", "", say(example.word)));
        return button;
    }));
}

/* The whole. */

let model = null;

function drawModel() {
    find("model").textContent = model ? say("model", model) : "";
    find("demo").hidden = !model || model.id !== "tuwen-demo";
    drawProfiles(model ? model.profiles || [] : []);
}

/* Says that the model is not there yet, and then which it is. */
async function watchModel() {
    try {
        while ((await (await get("/ready")).json()).status === "loading") {
            find("model").textContent = say("loading");
            await new Promise((done) => setTimeout(done, 500));
        }
        let answer = await get("/v1/models");
        watchKey(answer.status);
        while (answer.status === 429) {
            await new Promise((done) => setTimeout(done, 1000 * (Number(answer.headers.get("Retry-After")) || 1)));
            answer = await get("/v1/models");
        }
        model = answer.ok ? (await answer.json()).data[0] || null : null;
        drawModel();
        drawResults();
    } catch {
        find("model").textContent = say("unreachable");
    }
}

function setLanguage(wanted) {
    language = wanted;
    drawWords();
    drawTheme(document.documentElement.dataset.theme);
    drawTexts();
    drawPictures();
    drawExamples();
    drawHistory();
    drawModel();
    drawResults();
    drawColumns();
    drawReview();
    find("status").textContent = "";
    showProblem("");
}

/* Matching, or reviewing a table. */
function setMode(mode) {
    for (const element of document.querySelectorAll("[data-mode]"))
        element.hidden = element.dataset.mode !== mode;
    for (const name of ["match", "review"])
        find("mode-" + name).setAttribute("aria-pressed", String(name === mode));
}

function setThreshold(value) {
    if (!(value >= 0 && value <= 1) || !state.outcome)
        return;
    const measure = hasMatch(state.outcome) ? "match" : "score";
    state.thresholds[measure] = value;
    store.set("threshold-" + measure, String(value));
    drawResults();
}

function listen() {
    const on = (id, event, action) => find(id).addEventListener(event, action);
    on("match", "click", match);
    on("cancel", "click", () => state.running && state.running.abort());
    on("texts", "input", drawTexts);
    on("column", "change", drawTexts);
    on("heading", "change", drawTexts);
    on("threshold", "input", () => setThreshold(find("threshold").valueAsNumber));
    on("threshold-number", "input", () => setThreshold(find("threshold-number").valueAsNumber));
    on("hide", "change", () => {
        state.hide = find("hide").checked;
        drawList();
    });
    on("key", "change", watchModel);
    on("instruction", "input", drawStale);
    on("profile", "change", drawStale);
    on("copy-text", "click", () => copy(outcomeText(state.outcome)));
    on("copy-csv", "click", () => copy(outcomeCsv(state.outcome)));
    on("save-csv", "click", saveCsv);
    on("mode-match", "click", () => setMode("match"));
    on("mode-review", "click", () => setMode("review"));
    on("language", "click", () => {
        setLanguage(language === "zh" ? "en" : "zh");
        store.set("language", language);
    });
    on("theme", "click", () => {
        const themes = ["", "light", "dark"];
        drawTheme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % 3]);
        store.set("theme", document.documentElement.dataset.theme);
    });
    addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing)
            return;
        event.preventDefault();
        if (find("mode-review").getAttribute("aria-pressed") === "true")
            startReview();
        else
            match();
    });
}

const keptTheme = store.get("theme");
document.documentElement.dataset.theme = keptTheme === "light" || keptTheme === "dark" ? keptTheme : "";
for (const measure of ["match", "score"]) {
    const kept = parseFloat(store.get("threshold-" + measure));
    if (kept >= 0 && kept <= 1)
        state.thresholds[measure] = kept;
}
setLanguage((store.get("language") || navigator.language).startsWith("zh") ? "zh" : "en");
listen();
listenForPictures();
listenForHistory();
listenForExplanations();
listenForReview();
watchModel();
