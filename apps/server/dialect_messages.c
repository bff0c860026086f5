/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vLLM's other form of /v1/embeddings: {"messages": [{"role": "system", "content": instruction}?, {"role": "user", "content":
 * text | [parts]}]}, all of which is one vector. An assistant's message, which its examples put at the end, must be empty.
 */
#include <stdio.h>
#include <string.h>

#include "dialect.h"

struct found {
    value instruction, content;
    size_t user; /* the place of the user's message */
};

/* The text of a content that must be one text: itself, or its only part. */
static value only_text(value content)
{
    if (value_kind(content) == KIND_LIST && value_length(content) == 1)
        content = value_member(value_at(content, 0), "text");
    return value_kind(content) == KIND_TEXT ? content : NULL;
}

static bool is_empty(value content)
{
    size_t size = 1;
    value text = only_text(content);
    if (text)
        value_text(text, &size);
    return size == 0 || value_kind(content) <= KIND_NULL ||
           (value_kind(content) == KIND_LIST && !value_length(content));
}

static bool take_message(struct found *found, value message, size_t index, const struct terms *terms,
                         struct refusal *refusal)
{
    char param[PARAM_SIZE], part[PARAM_SIZE + 16];
    value role = value_member(message, "role"), content = value_member(message, "content");
    bool chinese = terms->language == TUWEN_CHINESE;
    place_name(param, (struct place){.field = "messages", .index = index, .length = 1});
    snprintf(part, sizeof part, "%s.content", param);
    if (value_is(role, "system") || value_is(role, "developer")) {
        value text = only_text(content);
        if (!text || found->instruction)
            return refuse(refusal, terms->language, REFUSE_BAD_VALUE, part,
                          WITH(part, chinese ? "唯一的系统指令（字符串）" : "a string, the only instruction"));
        found->instruction = text;
        return true;
    }
    if (value_is(role, "assistant") && is_empty(content))
        return true;
    if (value_is(role, "user") && !found->content && content) {
        found->content = content;
        found->user = index;
        return true;
    }
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, param,
                  WITH(param, chinese
                                  ? "system 消息（指令），或唯一的 user 消息及其 content"
                                  : "a system message (the instruction), or the only user message, with content"));
}

static bool messages_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    struct found found = {NULL, NULL, 0};
    char param[PARAM_SIZE];
    value messages = value_member(call->document, "messages");
    if (!openai_read_format(call, terms, refusal))
        return false;
    if (value_kind(messages) != KIND_LIST)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "messages",
                      WITH("messages", "[{\"role\": \"user\", \"content\": ...}]"));
    for (size_t i = 0; i < value_length(messages); i++)
        if (!take_message(&found, value_at(messages, i), i, terms, refusal))
            return false;
    if (!found.content)
        return refuse(refusal, terms->language, REFUSE_MISSING, "messages",
                      WITH("messages: {\"role\": \"user\", \"content\": ...}"));
    snprintf(param, sizeof param, "messages[%zu].content", found.user);
    return parts_add(call, found.content, (struct place){.field = "messages", .index = found.user, .length = 1},
                     param, found.instruction, terms, refusal);
}

static bool messages_write(const struct call *call, const struct terms *terms, struct buffer *body,
                           struct refusal *refusal)
{
    return openai_write_list(call, terms, body, "embd-", refusal);
}

void vllm_refuse(const struct refusal *refusal, struct buffer *body)
{
    const char *type = refusal->status == 404   ? "NotFoundError"
                       : refusal->status >= 500 ? "InternalServerError"
                                                : "BadRequestError";
    buffer_text(body, "{\"error\":{\"message\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    BUFFER_FORMAT(body, ",\"type\":\"%s\",\"param\":", type);
    if (*refusal->param)
        buffer_json(body, refusal->param, strlen(refusal->param));
    else
        buffer_text(body, "null");
    BUFFER_FORMAT(body, ",\"code\":%d}}\n", refusal->status);
}

const struct dialect dialect_messages = {.read = messages_read, .write = messages_write, .refuse = vllm_refuse};
