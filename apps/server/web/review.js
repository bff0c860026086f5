/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reviewing a table: its rows are matched a few at a time, with pictures read from the chosen files when their turn has come.
 * A row is {record, image, text, state, cosine, score, match, band, truncated, kind, error}: `state` is "" while it waits, "asked",
 * and "done" when it has numbers, or the kind and sentence of an error.
 */

const REVIEW_AHEAD = 32, REVIEW_AT_ONCE = 3, SHOWN_STEP = 100, THUMBNAIL_EDGE = 96;
const ADDED = ["text", "cosine", "score", "match", "band", "truncated", "error"];

const review = {
    table: null, image: -1, texts: [], files: [], index: new Map(), rows: [], thumbnails: new Map(), /* by name of the picture; "" for none */
    next: 0, running: null, busy: "", begun: 0, before: 0, profile: null,
    shown: SHOWN_STEP, kinds: new Set(), words: "", sort: "number", /* the list */
};

const doneRows = () => review.rows.filter((row) => row.state === "done");

/* Rows. */

function failRow(row, kind, message) {
    Object.assign(row, {state: "done", kind, error: message.replace(/[\u0000-\u001f]/g, " ")});
}

/* Of a record that cannot be judged; a single column of texts has its text all the same. */
function badRow(record, kind, message) {
    const row = {record, image: review.image >= 0 ? record.cells[review.image] : "", state: ""};
    row.text = review.texts.length === 1 && !review.table.lines ? record.cells[review.texts[0]] : "";
    failRow(row, kind, message);
    return [row];
}

/* A record has a row for each of its texts. */
function rowsOf(record) {
    const image = record.values[review.image], texts = review.texts.flatMap((at) => record.values[at] === null ? [] : record.values[at]);
    const given = texts.filter((text) => !isBlank(text));
    if (record.error)
        return badRow(record, "INVALID_ARGUMENT", record.error);
    if ((image !== null && typeof image !== "string") || texts.some((text) => typeof text !== "string"))
        return badRow(record, "INVALID_ARGUMENT", say("wrongType"));
    if (isBlank(image))
        return badRow(record, "INVALID_ARGUMENT", say("noImage"));
    if (given.length === 0)
        return badRow(record, "BAD_TEXT", say("noText"));
    return given.map((text) => ({record, image, text, state: "", error: null}));
}

function resetRows() {
    review.rows = review.table && review.texts.length > 0 && review.image >= 0 ? review.table.records.flatMap(rowsOf) : [];
    review.thumbnails = new Map();
    Object.assign(review, {begun: 0, shown: SHOWN_STEP});
    find("review-said").textContent = "";
    drawReview();
}

async function openTable(file) {
    stopReview();
    showReviewProblem("");
    try {
        const table = await readTable(file);
        Object.assign(review, {table, ...findColumns(table.columns)});
    } catch (error) {
        review.table = null;
        showReviewProblem(error.message);
    }
    drawColumns();
    resetRows();
    if (review.table && (review.image < 0 || review.texts.length === 0))
        showReviewProblem(say("chooseColumns"));
}

function addReviewPictures(files) {
    const identity = (file) => JSON.stringify([file.webkitRelativePath || file.name, file.size, file.lastModified]);
    const known = new Set(review.files.map(identity));
    review.files.push(...Array.from(files).filter((file) => !isTableName(file.name) && !known.has(identity(file))));
    review.index = indexFiles(review.files);
    find("review-said").textContent = "";
    /* What was not found before may be there now. */
    for (const row of review.rows)
        if (row.kind === "NOT_FOUND")
            Object.assign(row, {state: "", kind: undefined, error: null});
    drawReview();
}

/* Pictures. */

function rowError(kind, message) {
    return Object.assign(new Error(message), {kind});
}

/* The picture that a row names, as a data: URL. */
async function readNamed(name) {
    if (/^data:/i.test(name))
        return name;
    if (/^https?:/i.test(name))
        throw rowError("UNSUPPORTED", say("network", {name}));
    const file = findFile(review.index, name);
    if (!file)
        throw rowError(file === null ? "NOT_FOUND" : "INVALID_ARGUMENT", say(file === null ? "notChosen" : "ambiguous", {name}));
    if (file.size > pictureLimit())
        throw rowError("LIMIT", say("errorOf", {name: shortAddress(name), message: tooLarge()}));
    try {
        return await readFile({file, name});
    } catch (error) {
        throw rowError("IO", error.message);
    }
}

/* For the list and the report: JPEG in base64; "" of a picture that the browser cannot show. */
async function makeSmall(url) {
    const image = new Image(), canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    image.src = url;
    try {
        await image.decode();
    } catch {
        return "";
    }
    const scale = Math.min(1, THUMBNAIL_EDGE / Math.max(image.naturalWidth, image.naturalHeight));
    canvas.width = Math.max(1, Math.round(scale * image.naturalWidth));
    canvas.height = Math.max(1, Math.round(scale * image.naturalHeight));
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return base64Of(canvas.toDataURL("image/jpeg", 0.85));
}

/* Asking. */

/* The next rows that wait and have one picture, which is sent once for them. */
function nextGroup() {
    while (review.next < review.rows.length && review.rows[review.next].state)
        review.next++;
    const ahead = review.rows.slice(review.next, review.next + REVIEW_AHEAD);
    const group = ahead.filter((row) => !row.state && row.image === ahead[0].image);
    for (const row of group)
        row.state = "asked";
    return group;
}

function takeRows(answer, group) {
    review.profile = answer.profile || null;
    for (const {index, cosine, score, match, band, truncated} of answer.results)
        Object.assign(group[index], {state: "done", cosine, score, match, band: BANDS.indexOf(band), truncated});
    for (const {index, param, status, message} of answer.errors)
        failRow(group[index], status, say("theText") + message.slice(message.startsWith(param) ? param.length : 0));
}

/* A refusal that is the rows' own fault is theirs; of several texts each is asked alone then. */
async function askGroup(image, group, signal) {
    try {
        takeRows(await askPatiently("/v1/match", {image, texts: group.map((row) => row.text), ...settingsNow()}, signal, (why) => {
            review.busy = why;
        }), group);
    } catch (error) {
        if (error.status !== 400 && error.status !== 413)
            throw error;
        const ofImage = error.param === "image" || error.code === "body_too_large", half = group.length >> 1;
        if (half > 0 && !ofImage) {
            await askGroup(image, group.slice(0, half), signal);
            await askGroup(image, group.slice(half), signal);
            return;
        }
        const rest = error.param && error.message.startsWith(error.param) ? error.message.slice(error.param.length) : ": " + error.message;
        const kind = error.status === 413 ? "LIMIT" : ofImage ? "BAD_IMAGE" : /^texts/.test(error.param) ? "BAD_TEXT" : "INVALID_ARGUMENT";
        for (const row of group)
            failRow(row, kind, (ofImage ? shortAddress(row.image) : say("theText")) + rest);
    }
    review.busy = "";
}

async function reviewGroup(group, signal) {
    const name = group[0].image;
    let url;
    try {
        url = await readNamed(name);
    } catch (error) {
        for (const row of group)
            failRow(row, error.kind, error.message);
        return;
    }
    await askGroup(/^data:/i.test(name) ? name : base64Of(url), group, signal);
    if (!review.thumbnails.has(name) && group.some((row) => row.error === null))
        review.thumbnails.set(name, await makeSmall(url));
}

/* Until nothing waits, or something is wrong with more than a row: then all stop, and may go on later. */
async function reviewSome(controller) {
    for (let group = nextGroup(); group.length > 0; group = nextGroup()) {
        try {
            await reviewGroup(group, controller.signal);
            controller.signal.throwIfAborted();
        } catch (error) {
            for (const row of group)
                row.state = row.state === "done" ? "done" : "";
            if (!controller.signal.aborted)
                controller.abort(error);
            return;
        }
    }
}

async function startReview() {
    if (review.running || review.rows.length === 0)
        return;
    const controller = review.running = new AbortController(), before = doneRows().length;
    Object.assign(review, {next: 0, busy: "", begun: performance.now(), before});
    showReviewProblem("");
    find("review-said").textContent = "";
    drawReview();
    watchReview();
    if (innerWidth < 900)
        find("reviewed").scrollIntoView();
    await Promise.all(Array.from({length: REVIEW_AT_ONCE}, () => reviewSome(controller)));
    review.running = null;
    const reason = controller.signal.reason;
    if (reason && reason.name !== "AbortError")
        showReviewProblem(say("stopped", {message: reason.message}));
    drawReview();
    if (reason && reason.name === "AbortError")
        find("review-said").textContent = say("stoppedHere");
    if (!reason) {
        const {total, errors} = countsNow();
        find("review-said").textContent = say("reviewDone", {total: count(total), errors: count(errors)});
    }
}

function stopReview() {
    if (review.running)
        review.running.abort();
}

/* The state of things is drawn now and then while it changes, the seldomer the more rows there are. */
function watchReview() {
    setTimeout(() => {
        if (!review.running)
            return;
        drawReview();
        watchReview();
    }, Math.min(2000, 250 + review.rows.length / 20));
}

/* Drawing. */

function showReviewProblem(text) {
    find("review-problem").textContent = text;
    find("review-problem").hidden = !text;
}

/* The columns to choose from; several columns of texts are one choice, if their names say so. */
function drawColumns() {
    const {table, image, texts} = review, option = (places) => {
        const element = make("option", "", places.map((at) => say("columnName", {number: at + 1, name: table.columns[at]})).join(", ") || "–");
        element.value = places.join(",");
        return element;
    };
    find("columns").hidden = !table;
    if (!table)
        return;
    const each = table.columns.map((name, at) => [at]), found = findColumns(table.columns).texts;
    find("image-column").replaceChildren(...(image < 0 ? [[], ...each] : each).map(option));
    find("text-columns").replaceChildren(...(texts.length === 0 ? [[], ...each] : found.length > 1 ? [found, ...each] : each).map(option));
    find("image-column").value = image < 0 ? "" : String(image);
    find("text-columns").value = texts.join(",");
}

const kindOfRow = (row) => row.error === null ? row.band : 4;

function countsNow() {
    const done = doneRows(), kinds = [0, 0, 0, 0, 0];
    for (const row of done)
        kinds[kindOfRow(row)]++;
    return {done: done.length, total: review.rows.length, kinds, errors: kinds[4]};
}

/* 75 -> "1:15". */
const clock = (seconds) => Math.floor(seconds / 60) + ":" + String(Math.floor(seconds % 60)).padStart(2, "0");

function sayProgress({done, total, errors}) {
    const seconds = (performance.now() - review.begun) / 1000, rate = (done - review.before) / seconds;
    if (!review.running && review.begun === 0)
        return say("reviewBefore", {errors: count(errors), total: count(total)});
    if (!review.running)
        return done === total ? "" : say("reviewSome", {done: count(done), total: count(total)});
    if (review.busy)
        return say("reviewBusy", {done: count(done), total: count(total), why: review.busy});
    return say("reviewing", {done: count(done), total: count(total), rate: rate.toFixed(1), left: rate > 0 ? clock((total - done) / rate) : "–"});
}

function drawChips({kinds}) {
    find("review-kinds").replaceChildren(...[3, 2, 1, 0, 4].map((kind) => {
        const button = makeButton(say(kind === 4 ? "error" : "band" + kind) + " " + count(kinds[kind]), "", () => {
            if (!review.kinds.delete(kind))
                review.kinds.add(kind);
            review.shown = SHOWN_STEP;
            drawReview();
            find("review-kinds").querySelector(`[data-kind="${kind}"]`).focus();
        });
        button.className = "chip band" + kind;
        button.dataset.kind = String(kind);
        button.setAttribute("aria-pressed", String(review.kinds.has(kind)));
        return button;
    }));
}

function shownReviewRows() {
    const words = review.words.toLowerCase().split(/\s+/).filter(Boolean), has = (row) =>
        words.length === 0 || words.every((word) => [row.image, row.text, row.error || "", ...row.record.cells].join("\n").toLowerCase().includes(word));
    const rows = doneRows().filter((row) => (review.kinds.size === 0 || review.kinds.has(kindOfRow(row))) && has(row));
    const sign = {best: -1, worst: 1}[review.sort];
    return sign ? rows.sort((a, b) => (a.error !== null) - (b.error !== null) || sign * (a.cosine - b.cosine)) : rows;
}

function makeReviewRow(row) {
    const band = row.error === null ? row.band : 0, item = make("li", "row reviewed band" + band);
    const small = review.thumbnails.get(row.image), words = make("span", "text", row.text), facts = make("span", "facts");
    words.dir = "auto";
    const picture = small ? makeThumbnail("data:image/jpeg;base64," + small, "", "tiny") : make("span", "no-picture tiny");
    facts.append(words, make("span", "name faint", shortAddress(row.image)));
    item.append(picture, facts);
    if (row.error !== null) {
        facts.append(make("span", "problem", row.error));
        item.append(make("span", "verdict problem", say("error")));
        return item;
    }
    const fill = make("span", "fill"), bar = make("span", "bar plain", fill);
    fill.style.width = 100 * measureOf(row) + "%";
    bar.setAttribute("aria-hidden", "true");
    facts.append(bar);
    if (row.truncated)
        facts.append(make("span", "cut", say("truncated")));
    item.append(make("span", "verdict", make("span", "score", make("span", "hidden", say("score") + " "), four(row.score)), makePill(row),
        ...(isNumber(row.match) ? [make("span", "match", say("matchNumber") + " " + percent(row.match))] : [])));
    return item;
}

function drawReviewList() {
    const rows = shownReviewRows();
    find("review-list").replaceChildren(...rows.slice(0, review.shown).map(makeReviewRow));
    find("review-legend").textContent = say(rows.some((row) => isNumber(row.match)) ? "reviewLegendMatch" : "reviewLegendScore");
    find("review-legend").hidden = rows.length === 0;
    find("review-more").hidden = rows.length <= review.shown;
    find("review-more").textContent = say("showMore", {count: count(rows.length - review.shown)});
    find("review-shown").textContent = rows.length === 0 ? say("reviewNone") : say("reviewShown", {shown: count(Math.min(rows.length, review.shown)), total: count(rows.length)});
}

function drawReviewCard(counts) {
    const {table, files, rows, running} = review, waiting = counts.done < counts.total;
    find("table-name").textContent = table ? say("tableName", {name: table.name, rows: count(table.records.length)}) : say("tableHint");
    const names = new Set(rows.map((row) => row.image).filter((name) => name && !/^(data|https?):/i.test(name)));
    const missing = Array.from(names).filter((name) => !findFile(review.index, name)).length;
    find("review-pictures").textContent = names.size === 0 ? say("picturesHint")
        : say(missing > 0 ? "picturesMissing" : "picturesAll", {count: count(names.size), missing: count(missing), files: count(files.length)});
    find("review-pictures").classList.toggle("cut", missing > 0);
    find("start").textContent = say(review.begun > 0 && waiting ? "goOn" : "start");
    find("start").disabled = running !== null || !waiting;
    find("stop").hidden = running === null;
    for (const id of ["image-column", "text-columns", "choose-table"])
        find(id).disabled = running !== null;
}

function drawReview() {
    const counts = countsNow(), some = counts.done > 0 || review.running !== null;
    drawReviewCard(counts);
    find("review-nothing").hidden = some;
    find("review-results").hidden = !some;
    if (!some)
        return;
    find("review-progress").max = counts.total;
    find("review-progress").value = counts.done;
    find("review-counts").textContent = sayProgress(counts);
    find("review-save-report").disabled = find("review-save-csv").disabled = review.running !== null || counts.done === 0;
    drawChips(counts);
    drawReviewList();
}

/* Taking along. */

/* The row as it came, with what was found out behind it, as `tuwen review` writes it. */
function reviewCsv() {
    const {table, texts} = review, taken = new Set(table.columns.map((name) => name.toLowerCase()));
    const field = (text) => new RegExp('["\\r\\n' + table.delimiter + "]").test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    const free = (name) => taken.has(name) ? free("tuwen_" + name) : name;
    const withText = table.lines || texts.length > 1, added = withText ? ADDED : ADDED.slice(1);
    const lines = doneRows().map((row) => {
        const found = row.error === null
            ? [six(row.cosine), six(row.score), six(row.match), BANDS[row.band], String(row.truncated), ""]
            : ["", "", "", "", "", row.kind + ": " + row.error];
        return [...row.record.cells, ...(withText ? [row.text] : []), ...found].map(field).join(table.delimiter) + "\n";
    });
    const head = [...table.columns, ...added.map(free)].map(field).join(table.delimiter) + "\n";
    return (table.mark ? "\ufeff" : "") + head + lines.join("");
}

async function reviewReport() {
    const need = async (path) => {
        const response = await get(path).catch(() => null);
        if (!response || !response.ok)
            throw refusalOf(response ? response.status : 0);
        return response;
    };
    const page = await (await need("/page/report.html")).text(), {version} = await (await need("/health")).json();
    const model = (await (await need("/v1/models")).json()).data[0], now = new Date(), two = (number) => String(number).padStart(2, "0");
    const {match, score, cosine} = model.threshold, roles = [review.image, ...(review.texts.length === 1 ? review.texts : [])];
    const kept = review.table.columns.map((name, at) => at).filter((at) => !roles.includes(at));
    const facts = {
        language, source: review.table.name, model: model.id, fingerprint: model.space, profile: review.profile,
        made: `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}:${two(now.getMinutes())}`, version,
        threshold: {match: review.profile === null ? null : match[review.profile], score, cosine}, columns: kept.map((at) => review.table.columns[at]),
    };
    return makeReport(page, facts, doneRows().map((row) => ({
        ...row, thumbnail: row.error === null || row.kind === "BAD_TEXT" ? review.thumbnails.get(row.image) || "" : "",
        fields: kept.map((at) => row.record.cells[at]),
    })));
}

const baseOf = (name) => name.replace(/\.[^.]*$/, "");

function saveReview() {
    const file = baseOf(review.table.name) + ".reviewed." + (review.table.delimiter === "\t" ? "tsv" : "csv");
    save([reviewCsv()], "text/csv", file);
    find("review-said").textContent = say("saved", {file});
}

async function saveReport() {
    const file = baseOf(review.table.name) + ".html";
    try {
        save(await reviewReport(), "text/html", file);
        find("review-said").textContent = say("saved", {file});
    } catch (error) {
        showReviewProblem(error.message);
    }
}

/* Files that were dropped: a table begins a review; pictures are for what is on the screen. */
function takeDropped(data) {
    const files = Array.from(data.files), table = files.find((file) => isTableName(file.name));
    if (!table && find("review-card").hidden) {
        addPictures(files);
        return;
    }
    setMode("review");
    if (files.some((file) => !isTableName(file.name)))
        addReviewPictures(files);
    if (table)
        openTable(table);
}

async function showExampleTable() {
    const lines = ["image,text", "traffic-light.webp,a traffic light", "traffic-light.webp,a pizza", "sunset-city.png,城市日落", "sunset-city.png,a red apple", "missing.jpg,a cup of coffee"];
    try {
        addReviewPictures(await Promise.all(["traffic-light.webp", "sunset-city.png"].map(exampleFile)));
        await openTable(new File([lines.join("\n") + "\n"], "example.csv"));
        await startReview();
    } catch {
        showReviewProblem(say("unreachable"));
    }
}

function listenForReview() {
    const on = (id, event, action) => find(id).addEventListener(event, action);
    const chooser = (button, input, take) => {
        on(button, "click", () => find(input).click());
        on(input, "change", () => {
            take(Array.from(find(input).files));
            find(input).value = "";
        });
    };
    chooser("choose-table", "table-file", ([file]) => file && openTable(file));
    chooser("choose-files", "review-files", addReviewPictures);
    chooser("choose-folder", "review-folder", addReviewPictures);
    on("example-table", "click", showExampleTable);
    on("image-column", "change", () => {
        review.image = find("image-column").value === "" ? -1 : Number(find("image-column").value);
        resetRows();
    });
    on("text-columns", "change", () => {
        review.texts = find("text-columns").value.split(",").filter(Boolean).map(Number);
        resetRows();
    });
    on("start", "click", startReview);
    on("stop", "click", stopReview);
    on("review-search", "input", () => {
        review.words = find("review-search").value;
        review.shown = SHOWN_STEP;
        drawReviewList();
    });
    on("review-sort", "change", () => {
        review.sort = find("review-sort").value;
        drawReviewList();
    });
    on("review-more", "click", () => {
        review.shown += SHOWN_STEP;
        drawReviewList();
    });
    on("review-save-csv", "click", saveReview);
    on("review-save-report", "click", saveReport);
    addEventListener("beforeunload", (event) => {
        if (review.running)
            event.preventDefault();
    });
}
