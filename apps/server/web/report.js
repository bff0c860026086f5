/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report with its data, block by block as apps/cli/html_report.c writes it (docs/report.md). */

const BLOCK_ROWS = 256, LONGEST_ADDRESS = 4096, CUT_ADDRESS = 64;

/* Nothing in a string can end its block: what means something to HTML is written by its number. */
const quoted = (text) => '"' + text.replace(/[\u0000-\u001f\u007f"\\<>&'\u2028\u2029]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0")) + '"';

function encode(value) {
    if (Array.isArray(value))
        return "[" + value.map(encode).join(",") + "]";
    if (value !== null && typeof value === "object")
        return "{" + Object.entries(value).map(([key, member]) => quoted(key) + ":" + encode(member)).join(",") + "}";
    return typeof value === "string" ? quoted(value) : JSON.stringify(value);
}

const block = (attributes, value) => '<script type="application/json" ' + attributes + ">" + encode(value) + "<\/script>\n";

/* An address that holds a picture itself would be in the report twice; the thumbnail shows it. */
const shortAddress = (text) => text.startsWith("data:") && text.length > LONGEST_ADDRESS ? text.slice(0, CUT_ADDRESS) : text;

const rounded = (number, decimals) => isNumber(number) ? Number(number.toFixed(decimals)) : null;

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */

const WORD = (1n << 64n) - 1n;
const rotate = (value, bits) => (value << bits | value >> (64n - bits)) & WORD;

function sipRound(v) {
    v[0] = v[0] + v[1] & WORD;
    v[2] = v[2] + v[3] & WORD;
    v[1] = rotate(v[1], 13n) ^ v[0];
    v[3] = rotate(v[3], 16n) ^ v[2];
    v[0] = rotate(v[0], 32n);
    v[2] = v[2] + v[1] & WORD;
    v[0] = v[0] + v[3] & WORD;
    v[1] = rotate(v[1], 17n) ^ v[2];
    v[3] = rotate(v[3], 21n) ^ v[0];
    v[2] = rotate(v[2], 32n);
}

function sip(key, text) {
    const v = [key[0] ^ 0x736f6d6570736575n, key[1] ^ 0x646f72616e646f6dn, key[0] ^ 0x6c7967656e657261n, key[1] ^ 0x7465646279746573n];
    const bytes = BYTES.encode(text);
    let word = 0n;
    const take = () => {
        v[3] ^= word;
        sipRound(v);
        sipRound(v);
        v[0] ^= word;
        word = 0n;
    };
    bytes.forEach((byte, i) => {
        word |= BigInt(byte) << BigInt(8 * (i & 7));
        if ((i & 7) === 7)
            take();
    });
    word |= BigInt(bytes.length & 255) << 56n;
    take();
    v[2] ^= 0xffn;
    for (let i = 0; i < 4; i++)
        sipRound(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* What the rows are about, so that decisions on a report are found again by the next one on the same rows. */
function identityOf(rows) {
    let identity = 0n;
    rows.forEach(({image, text}, i) => {
        const key = [identity, BigInt(i)];
        identity = sip(key, shortAddress(image)) ^ rotate(sip(key, text), 1n);
    });
    return identity.toString(16).padStart(16, "0");
}

/* rows: {image, text, cosine, score, match, band, truncated, thumbnail, error, fields}. Returns the parts of the file. */
function makeReport(page, facts, rows) {
    const parts = [page, block('id="facts"', facts)], numbers = new Map();
    for (let first = 0; first < rows.length; first += BLOCK_ROWS) {
        const before = numbers.size, lines = rows.slice(first, first + BLOCK_ROWS).map((row, i) => {
            if (row.thumbnail && !numbers.has(row.thumbnail))
                numbers.set(row.thumbnail, numbers.size);
            return [first + i + 1, shortAddress(row.image), row.text, rounded(row.cosine, 6), rounded(row.score, 4), rounded(row.match, 4),
                    row.error === null ? row.band : 0, row.truncated ? 1 : 0, row.thumbnail ? numbers.get(row.thumbnail) : -1, row.error,
                    row.fields.map(shortAddress)];
        });
        if (numbers.size > before)
            parts.push(block('class="pictures" data-first="' + before + '"', Array.from(numbers.keys()).slice(before)));
        parts.push(block('class="rows"', lines));
    }
    parts.push(block('id="end"', {rows: rows.length, pictures: numbers.size, id: identityOf(rows)}), "</body>\n</html>\n");
    return parts;
}
