/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate and the private key that the server shows, looked at before anybody is answered. */
#ifndef TUWEN_SERVER_TLS_H
#define TUWEN_SERVER_TLS_H

#include <stdbool.h>

#include "tuwen/tuwen.h"

/* PEM, from malloc; NULL: no TLS. */
struct tls {
    char *certificate, *key;
};

/* Reads both files, and sees to it that they belong together. False with a sentence. */
bool tls_read(struct tls *tls, const char *certificate, const char *key, tuwen_language language, char *why,
              unsigned size);
void tls_free(struct tls *tls);

#endif
