/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Immich's /predict, a form: `entries`, JSON that asks for {"clip": {"visual"}} of the file `image`, or {"clip": {"textual"}}
 * of `text`. The answer has the vector as JSON in a string. Texts are what somebody looks for among pictures, so they get the
 * model's instruction for matching. Faces and letters in pictures are not found here.
 */
#include <stdio.h>
#include <string.h>

#include "dialect.h"
#include "form.h"

enum { VISUAL = 1 };

/* A refusal that FastAPI gives for what does not fit its schema. */
static bool bad_entries(const struct terms *terms, const char *why, struct refusal *refusal)
{
    refuse(refusal, terms->language, REFUSE_BAD_VALUE, "entries", WITH("entries", why));
    refusal->status = 422;
    return false;
}

static bool read_entries(struct call *call, const struct form_part *entries, const struct terms *terms,
                         struct refusal *refusal)
{
    static const char wanted[] = "{\"clip\": {\"visual\": {...}}} | {\"clip\": {\"textual\": {...}}}";
    static const char *const known[] = {"clip", NULL};
    char why[256];
    if (!entries)
        return bad_entries(terms, wanted, refusal);
    value document = document_read(entries->data, entries->size, why, sizeof why);
    value clip = value_member(document, "clip");
    bool visual = value_kind(value_member(clip, "visual")) == KIND_OBJECT,
         textual = value_kind(value_member(clip, "textual")) == KIND_OBJECT,
         good = document && visual != textual && !value_other_member(document, known);
    document_free(document);
    call->wanted = visual ? VISUAL : 0;
    return good || bad_entries(terms, wanted, refusal);
}

static bool immich_read(struct call *call, const struct form *form, const struct terms *terms,
                        struct refusal *refusal)
{
    size_t counts[3];
    const struct form_part *entries = form_find(form, "entries", &counts[0]),
                           *image = form_find(form, "image", &counts[1]), *text = form_find(form, "text", &counts[2]);
    if (counts[0] > 1 || counts[1] > 1 || counts[2] > 1)
        return refuse(refusal, terms->language, REFUSE_BAD_FORM, NULL, WITH("two parts have the same name"));
    if (!read_entries(call, entries, terms, refusal))
        return false;
    bool visual = call->wanted == VISUAL;
    const struct form_part *part = visual ? image : text;
    if (!part || part->size == 0)
        return refuse(refusal, terms->language, REFUSE_MISSING, visual ? "image" : "text",
                      WITH(visual ? "image" : "text"));
    if (visual)
        return items_add_bytes(call, part->data, part->size, (struct place){.field = "image"}, terms, refusal);
    call->document = document_text(part->data, part->size);
    if (!call->document)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "text", WITH("text", "UTF-8"));
    if (!items_add(call, call->document, (struct place){.field = "text"}, NULL, terms, refusal))
        return false;
    items_set_instruction(call, 0, call->count, terms);
    return true;
}

static bool immich_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{\"clip\":\"");
    vector_write(call, 0, VECTOR_FLOAT, body);
    buffer_text(body, "\"");
    if (call->wanted == VISUAL)
        BUFFER_FORMAT(body, ",\"imageHeight\":%d,\"imageWidth\":%d", call->outputs[0].picture_height,
                      call->outputs[0].picture_width);
    buffer_text(body, "}\n");
    return true;
}

const struct dialect dialect_immich = {.read_form = immich_read, .write = immich_write, .refuse = detail_refuse};
