/* SPDX-License-Identifier: Apache-2.0 */
/* In which language a request is answered. */
#ifndef TUWEN_SERVER_LANGUAGE_H
#define TUWEN_SERVER_LANGUAGE_H

#include "tuwen/tuwen.h"

/* The one of ours that a header Accept-Language (RFC 9110, 12.5.4) likes best; `otherwise` if it is NULL or names none of them. */
tuwen_language language_accepted(const char *header, tuwen_language otherwise);

#endif
