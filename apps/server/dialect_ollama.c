/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ollama's /api/embed {"model", "input": text | [texts], "truncate"?, "dimensions"?}, and the older /api/embeddings {"model",
 * "prompt"}. Ollama takes the base64 of a picture for a text; here it is refused.
 */
#include <string.h>

#include "clock.h"
#include "dialect.h"

static bool read_options(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value truncate = value_member(call->document, "truncate");
    call->keep_whole = value_kind(truncate) == KIND_BOOLEAN && !value_is_true(truncate);
    return items_check_dimensions(value_member(call->document, "dimensions"), "dimensions", terms, refusal);
}

static bool ollama_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_options(call, terms, refusal) &&
           items_add_list(call, value_member(call->document, "input"), "input", NULL, terms, refusal);
}

static bool single_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value prompt = value_member(call->document, "prompt");
    if (value_kind(prompt) != KIND_TEXT)
        return refuse(refusal, terms->language, REFUSE_MISSING, "prompt", WITH("prompt"));
    return read_options(call, terms, refusal) &&
           items_add(call, prompt, (struct place){.field = "prompt"}, NULL, terms, refusal);
}

static bool ollama_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    buffer_text(body, ",\"embeddings\":");
    vector_write_all(call, VECTOR_FLOAT, body);
    BUFFER_FORMAT(body, ",\"total_duration\":%.0f,\"load_duration\":0,\"prompt_eval_count\":%zu}\n",
                  (clock_seconds() - call->began) * 1e9, call_usage(call).tokens);
    return true;
}

static bool single_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{\"embedding\":");
    vector_write(call, 0, VECTOR_FLOAT, body);
    buffer_text(body, "}\n");
    return true;
}

void ollama_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{\"error\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    buffer_text(body, "}\n");
}

const struct dialect dialect_ollama = {.read = ollama_read, .write = ollama_write, .refuse = ollama_refuse};
const struct dialect dialect_ollama_single = {.read = single_read, .write = single_write, .refuse = ollama_refuse};
