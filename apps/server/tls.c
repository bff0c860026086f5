/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate and the private key that the server shows. libmicrohttpd would say of bad ones only that it cannot start; so
 * GnuTLS, which it uses, is asked beforehand. The one place of this program that knows GnuTLS.
 */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "small_file.h"

static int try_certificate(const gnutls_datum_t *pem)
{
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    int code = gnutls_x509_crt_list_import2(&chain, &count, pem, GNUTLS_X509_FMT_PEM, 0);
    for (unsigned i = 0; code >= 0 && i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
    if (code >= 0)
        gnutls_free(chain);
    return code;
}

static int try_key(const gnutls_datum_t *pem)
{
    gnutls_x509_privkey_t key;
    int code = gnutls_x509_privkey_init(&key);
    if (code < 0)
        return code;
    code = gnutls_x509_privkey_import2(key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_x509_privkey_deinit(key);
    return code;
}

static int try_both(const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
    gnutls_certificate_credentials_t credentials;
    int code = gnutls_certificate_allocate_credentials(&credentials);
    if (code < 0)
        return code;
    code = gnutls_certificate_set_x509_key_mem(credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    return code;
}

static bool complain(char *why, unsigned size, const char *path, const char *what, int code)
{
    snprintf(why, size, "%s: %s: %s", path, what, gnutls_strerror(code));
    return false;
}

static bool check(const gnutls_datum_t *certificate, const gnutls_datum_t *key, const char *certificate_path,
                  const char *key_path, tuwen_language language, char *why, unsigned size)
{
    bool chinese = language == TUWEN_CHINESE;
    int code = try_certificate(certificate);
    if (code < 0)
        return complain(why, size, certificate_path, chinese ? "不是 PEM 证书" : "no certificate in PEM", code);
    code = try_key(key);
    if (code < 0)
        return complain(why, size, key_path,
                        chinese ? "不是未加密的 PEM 私钥" : "no private key in PEM without a password", code);
    code = try_both(certificate, key);
    return code >= 0 ||
           complain(why, size, key_path,
                    chinese ? "与证书（--tls-cert）不匹配" : "does not belong to the certificate (--tls-cert)", code);
}

bool tls_read(struct tls *tls, const char *certificate, const char *key, tuwen_language language, char *why,
              unsigned size)
{
    size_t certificate_size = 0, key_size = 0;
    *tls = (struct tls){0};
    tls->certificate = small_file_read(certificate, false, &certificate_size, language, why, size);
    if (tls->certificate)
        tls->key = small_file_read(key, true, &key_size, language, why, size);
    const gnutls_datum_t first = {(unsigned char *)tls->certificate, (unsigned)certificate_size},
                         second = {(unsigned char *)tls->key, (unsigned)key_size};
    if (tls->key && check(&first, &second, certificate, key, language, why, size))
        return true;
    tls_free(tls);
    return false;
}

void tls_free(struct tls *tls)
{
    free(tls->certificate);
    free(tls->key);
    *tls = (struct tls){0};
}
