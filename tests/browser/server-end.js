/* SPDX-License-Identifier: Apache-2.0 */
/* The last part of the test of the server's page: what everything that is shown must have. */

/* Names of controls, and contrast in both themes. */
for (const name of ["settings", "history"])
    $(name).open = true;
give("drop", [sunset]);
await run();
checkControls();
for (const theme of ["light", "dark"]) {
    while (document.documentElement.dataset.theme !== theme)
        click("#theme");
    await frames();
    await until(() => document.getAnimations().length === 0, "the end of transitions");
    for (const mode of ["match", "review"]) {
        click("#mode-" + mode);
        checkContrast("main *, header *", theme);
    }
}
same(window.violations, [], "violations of the policy");
localStorage.clear();
return wrong;
