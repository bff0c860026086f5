/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that were chosen, dropped, pasted or photographed. They stay files until they are sent. */

function addPictures(files) {
    for (const file of files)
        state.pictures.push({file, name: file.name || "picture", url: URL.createObjectURL(file)});
    drawPictures();
    showProblem("");
}

/* Addresses that the results show are still needed. */
function release(pictures) {
    for (const {url} of pictures)
        if (!state.outcome || !state.outcome.urls.includes(url))
            URL.revokeObjectURL(url);
}

function removePicture(at) {
    release(state.pictures.splice(at, 1));
    drawPictures();
    const next = find("pictures").children[Math.min(at, state.pictures.length - 1)];
    (next ? next.querySelector("button") : find("choose")).focus();
}

function clearPictures() {
    release(state.pictures.splice(0));
    drawPictures();
}

function drawPictures() {
    find("pictures").replaceChildren(...state.pictures.map(({name, url}, at) => {
        const button = makeButton("×", say("remove", {name}), () => removePicture(at));
        return make("li", "", makeThumbnail(url, name, "small"), make("span", "name", name), button);
    }));
    drawStale();
    find("drop-hint").hidden = state.pictures.length > 0;
    find("clear").hidden = state.pictures.length === 0;
}

/* The bytes of a file as a data: URL. */
function readFile({file, name}) {
    return new Promise((done, fail) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.onerror = () => fail(new Error(say("unreadable", {name})));
        reader.readAsDataURL(file);
    });
}

const base64Of = (url) => url.slice(url.indexOf(",") + 1);

const hasFiles = (data) => data && Array.from(data.types).includes("Files");

function listenForPictures() {
    for (const [button, input] of [["choose", "files"], ["photograph", "camera"]]) {
        find(button).addEventListener("click", () => find(input).click());
        find(input).addEventListener("change", () => {
            addPictures(find(input).files);
            find(input).value = "";
        });
    }
    find("clear").addEventListener("click", () => {
        clearPictures();
        find("choose").focus();
    });
    /* Anywhere on the page, so that a picture that misses the field does not replace the page. */
    let depth = 0;
    const over = (on) => find("drop").classList.toggle("over", on);
    addEventListener("dragenter", (event) => over(hasFiles(event.dataTransfer) && ++depth > 0));
    addEventListener("dragleave", (event) => over(hasFiles(event.dataTransfer) && --depth > 0));
    addEventListener("dragover", (event) => hasFiles(event.dataTransfer) && event.preventDefault());
    addEventListener("drop", (event) => {
        over(false);
        depth = 0;
        if (!hasFiles(event.dataTransfer))
            return;
        event.preventDefault();
        takeDropped(event.dataTransfer);
    });
    addEventListener("paste", (event) => {
        const files = event.clipboardData ? event.clipboardData.files : [];
        /* A table from a spreadsheet comes as text and as a picture of itself. */
        if (files.length === 0 || event.clipboardData.getData("text/plain"))
            return;
        event.preventDefault();
        addPictures(files);
    });
}
