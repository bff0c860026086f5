/* SPDX-License-Identifier: Apache-2.0 */
/* Before the page's own script: what its policy stops is noted, and files that it saves are kept for the test. */
window.violations = [];
window.saved = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective + " " + event.blockedURI));
URL.createObjectURL = (blob) => {
    window.saved.push(blob);
    return "blob:test";
};
HTMLAnchorElement.prototype.click = () => {};
