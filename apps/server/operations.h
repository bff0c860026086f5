/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for those who run the server, and for programs that ask what it can do. */
#ifndef TUWEN_SERVER_OPERATIONS_H
#define TUWEN_SERVER_OPERATIONS_H

struct service;
struct exchange;

void answer_metrics(struct service *service, struct exchange *exchange);
void answer_openapi(struct service *service, struct exchange *exchange);

#endif
