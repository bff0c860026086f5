/* SPDX-License-Identifier: Apache-2.0 */
/* Before the page's own script: what its policy stops is noted, and what it saves and copies is kept for the test. */
window.violations = [];
window.blobs = [];
window.copied = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective + " " + event.blockedURI));
const makeAddress = URL.createObjectURL.bind(URL);
URL.createObjectURL = (blob) => {
    window.blobs.push(blob);
    return makeAddress(blob);
};
HTMLAnchorElement.prototype.click = () => {};
Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => window.copied.push(text)}});
