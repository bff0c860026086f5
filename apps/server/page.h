/* SPDX-License-Identifier: Apache-2.0 */
/* The page for people, at /, the pictures of its examples, and the page of the reports that it makes. */
#ifndef TUWEN_SERVER_PAGE_H
#define TUWEN_SERVER_PAGE_H

struct service;
struct exchange;

#define PAGE_LIGHT "/page/traffic-light.webp"
#define PAGE_SUNSET "/page/sunset-city.png"
#define PAGE_REPORT "/page/report.html"

void page_answer(struct service *service, struct exchange *exchange);

#endif
