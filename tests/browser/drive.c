/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a script against a page in headless Chromium: drive PAGE PRELUDE TEST [FILE]. PAGE is a file, or an address (http://...)
 * whose server may then be asked for more, and may refuse. PRELUDE runs in every document before its own
 * scripts, TEST after the page has loaded; TEST is the body of an async function that returns a list of what is wrong,
 * and may leave a text in window.exported, which is written to FILE.
 * Exit code 0 = nothing was, 1 = something (it is printed), 77 = there is no Chromium here.
 *
 * The browser is spoken to by its DevTools protocol over a pipe (--remote-debugging-pipe): messages of JSON, each ended by
 * a zero byte, read by it on descriptor 3 and written on 4. Whatever the page reports by itself counts as wrong too:
 * exceptions, violations of its policy, and requests for anything that is not ours, data: or blob:.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

enum { SKIPPED = 77, PATIENCE = 120000 /* milliseconds without a word from the browser */ };

struct browser {
    pid_t process;
    int to, from;    /* descriptors */
    char folder[64]; /* its profile */
    char *buffer;
    size_t size, capacity; /* of what was read */
    int last;              /* number of the last command */
    const char *session;
    const char *page;
    bool served; /* by a server, not a file */
    bool loaded;
    int wrong;
};

static void die(const char *what)
{
    fprintf(stderr, "drive: %s: %s\n", what, strerror(errno));
    exit(2);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    long size = ftell(file);
    char *text = malloc((size_t)size + 1);
    rewind(file);
    if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
        die(path);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* Starting and ending. */

static void run_browser(const char *folder, const int in[2], const int out[2])
{
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome"};
    char profile[128];
    snprintf(profile, sizeof profile, "--user-data-dir=%s", folder);
    /* Through high numbers: 3 and 4 may be taken by the pipes themselves. */
    int from = dup2(in[0], 60), to = dup2(out[1], 61);
    if (dup2(from, 3) < 0 || dup2(to, 4) < 0)
        _exit(2);
    for (int i = 5; i < 70; i++)
        close(i);
    if (!getenv("DRIVE_VERBOSE") && !freopen("/dev/null", "w", stderr))
        _exit(2);
    setpgid(0, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        execlp(names[i], names[i], "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
               "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
               "--mute-audio", "--window-size=1280,900", profile, geteuid() == 0 ? "--no-sandbox" : "--disable-sync",
               "about:blank", (char *)NULL);
    _exit(SKIPPED);
}

static void start(struct browser *browser)
{
    int in[2], out[2];
    snprintf(browser->folder, sizeof browser->folder, "/tmp/tuwen-browser.XXXXXX");
    if (!mkdtemp(browser->folder) || pipe(in) != 0 || pipe(out) != 0)
        die("starting");
    browser->process = fork();
    if (browser->process < 0)
        die("fork");
    if (browser->process == 0)
        run_browser(browser->folder, in, out);
    close(in[0]);
    close(out[1]);
    browser->to = in[1];
    browser->from = out[0];
}

static void stop(struct browser *browser)
{
    kill(-browser->process, SIGKILL);
    kill(browser->process, SIGKILL);
    waitpid(browser->process, NULL, 0);
    pid_t remover = fork();
    if (remover == 0) {
        execlp("rm", "rm", "-rf", browser->folder, (char *)NULL);
        _exit(2);
    }
    waitpid(remover, NULL, 0);
    free(browser->buffer);
}

/* Nothing comes any more: the browser is not there, or it hangs. */
static void give_up(struct browser *browser)
{
    int status = 0;
    if (waitpid(browser->process, &status, WNOHANG) == browser->process && WIFEXITED(status) &&
        WEXITSTATUS(status) == SKIPPED) {
        puts("skipped: no Chromium here");
        stop(browser);
        exit(SKIPPED);
    }
    fprintf(stderr, "drive: the browser says nothing any more\n");
    stop(browser);
    exit(2);
}

/* Messages. */

static void send_command(struct browser *browser, const char *method, json_t *parameters)
{
    json_t *message = json_pack("{s:i, s:s, s:o}", "id", ++browser->last, "method", method, "params", parameters);
    if (browser->session)
        json_object_set_new(message, "sessionId", json_string(browser->session));
    char *text = json_dumps(message, JSON_COMPACT);
    for (size_t size = strlen(text) + 1, sent = 0; sent < size;) {
        ssize_t written = write(browser->to, text + sent, size - sent);
        if (written < 0 && errno != EINTR)
            give_up(browser);
        sent += written > 0 ? (size_t)written : 0;
    }
    free(text);
    json_decref(message);
}

static void count_wrong(struct browser *browser, const char *what, const char *detail)
{
    printf("%s: %.300s\n", what, detail);
    browser->wrong++;
}

static json_t *read_message(struct browser *browser)
{
    for (;;) {
        char *end = browser->size > 0 ? memchr(browser->buffer, '\0', browser->size) : NULL;
        if (end) {
            json_t *message = json_loads(browser->buffer, JSON_ALLOW_NUL, NULL);
            if (!message)
                count_wrong(browser, "not JSON", browser->buffer);
            size_t length = (size_t)(end - browser->buffer) + 1;
            memmove(browser->buffer, end + 1, browser->size -= length);
            return message;
        }
        if (browser->capacity - browser->size < 65536) {
            browser->buffer = realloc(browser->buffer, browser->capacity += 1 << 20);
            if (!browser->buffer)
                die("memory");
        }
        struct pollfd wait = {.fd = browser->from, .events = POLLIN};
        ssize_t count =
            poll(&wait, 1, PATIENCE) == 1 ? read(browser->from, browser->buffer + browser->size, 65536) : 0;
        if (count <= 0) {
            usleep(100000); /* so that its exit code is there */
            give_up(browser);
        }
        browser->size += (size_t)count;
    }
}

static const char *string_in(json_t *object, const char *first, const char *second)
{
    json_t *inner = json_object_get(object, first);
    const char *text = json_string_value(second ? json_object_get(inner, second) : inner);
    return text ? text : "";
}

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What the page does by itself. */
static void note_event(struct browser *browser, json_t *message)
{
    const char *method = string_in(message, "method", NULL);
    json_t *parameters = json_object_get(message, "params");
    if (strcmp(method, "Page.loadEventFired") == 0)
        browser->loaded = true;
    if (strcmp(method, "Runtime.exceptionThrown") == 0)
        count_wrong(browser, "exception",
                    string_in(json_object_get(json_object_get(parameters, "exceptionDetails"), "exception"),
                              "description", NULL));
    if (strcmp(method, "Log.entryAdded") == 0 &&
        !(browser->served && strcmp(string_in(parameters, "entry", "source"), "network") == 0))
        count_wrong(browser, "log", string_in(parameters, "entry", "text"));
    if (strcmp(method, "Page.javascriptDialogOpening") == 0)
        count_wrong(browser, "dialog", string_in(parameters, "message", NULL));
    if (strcmp(method, "Network.requestWillBeSent") == 0) {
        const char *address = string_in(parameters, "request", "url");
        bool ours = browser->served ? begins(address, browser->page) : strcmp(address, browser->page) == 0;
        if (!ours && !begins(address, "data:") && !begins(address, "blob:"))
            count_wrong(browser, "request", address);
    }
}

/* Sends a command and waits for its answer; free with json_decref. */
static json_t *call(struct browser *browser, const char *method, json_t *parameters)
{
    send_command(browser, method, parameters);
    for (;;) {
        json_t *message = read_message(browser);
        if (json_integer_value(json_object_get(message, "id")) == browser->last) {
            if (json_object_get(message, "error"))
                count_wrong(browser, method, string_in(message, "error", "message"));
            return message;
        }
        note_event(browser, message);
        json_decref(message);
    }
}

static void tell(struct browser *browser, const char *method)
{
    json_decref(call(browser, method, json_object()));
}

static char *open_page(struct browser *browser, const char *prelude)
{
    json_t *answer = call(browser, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"));
    json_t *target = json_incref(json_object_get(json_object_get(answer, "result"), "targetId"));
    json_decref(answer);
    answer = call(browser, "Target.attachToTarget", json_pack("{s:o, s:b}", "targetId", target, "flatten", 1));
    char *session = strdup(string_in(answer, "result", "sessionId"));
    json_decref(answer);
    browser->session = session;
    tell(browser, "Page.enable");
    tell(browser, "Runtime.enable");
    tell(browser, "Log.enable");
    tell(browser, "Network.enable");
    json_decref(call(browser, "Page.addScriptToEvaluateOnNewDocument", json_pack("{s:s}", "source", prelude)));
    json_decref(call(browser, "Page.navigate", json_pack("{s:s}", "url", browser->page)));
    while (!browser->loaded) {
        json_t *message = read_message(browser);
        note_event(browser, message);
        json_decref(message);
    }
    return session;
}

static void write_exported(struct browser *browser, const char *path)
{
    json_t *answer = call(browser, "Runtime.evaluate", json_pack("{s:s}", "expression", "window.exported"));
    json_t *text = json_object_get(json_object_get(json_object_get(answer, "result"), "result"), "value");
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(json_string_value(text), 1, json_string_length(text), file) != json_string_length(text) ||
        fclose(file) != 0)
        die(path);
    json_decref(answer);
}

/* Runs the test, and prints what it returns. */
static void run_test(struct browser *browser, const char *test)
{
    size_t size = strlen(test) + 64;
    char *expression = malloc(size);
    if (!expression)
        die("memory");
    snprintf(expression, size, "(async () => {\n%s\n})()", test);
    json_t *answer =
        call(browser, "Runtime.evaluate",
             json_pack("{s:s, s:b, s:b}", "expression", expression, "awaitPromise", 1, "returnByValue", 1));
    json_t *result = json_object_get(answer, "result"), *details = json_object_get(result, "exceptionDetails");
    json_t *lines = json_object_get(json_object_get(result, "result"), "value"), *line;
    size_t i;
    if (details)
        count_wrong(browser, "the test failed", string_in(details, "exception", "description"));
    else if (!json_is_array(lines))
        count_wrong(browser, "the test", "returned no list");
    json_array_foreach(lines, i, line)
    {
        count_wrong(browser, "test", json_string_value(line) ? json_string_value(line) : "?");
    }
    json_decref(answer);
    free(expression);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fputs("usage: drive PAGE PRELUDE TEST [FILE]\n", stderr);
        return 2;
    }
    struct browser browser = {0};
    browser.served = begins(argv[1], "http://");
    char *prelude = read_file(argv[2]), *test = read_file(argv[3]), page[4096];
    char *path = browser.served ? strdup(argv[1]) : realpath(argv[1], NULL);
    if (!path)
        die(argv[1]);
    snprintf(page, sizeof page, "%s%s", browser.served ? "" : "file://", path);
    browser.page = page;
    signal(SIGPIPE, SIG_IGN);
    start(&browser);
    char *session = open_page(&browser, prelude);
    run_test(&browser, test);
    if (argc == 5)
        write_exported(&browser, argv[4]);
    stop(&browser);
    free(session);
    free(prelude);
    free(test);
    free(path);
    return browser.wrong > 0;
}
