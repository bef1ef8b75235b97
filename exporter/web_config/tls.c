#include "exporter/web_config/tls.h"

#include "exporter/web_config/config.h"
#include "exporter/web_config/tls_client.h"
#include "exporter/web_config/tls_no_certificate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PRIORITY_BYTES_MAX = 512,
};

struct tls {
    unsigned holders;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    struct tls_client client;
};

static int refuse(struct tls_error *error, enum tls_part part, const char *reason)
{
    *error = (struct tls_error){.part = part, .reason = reason};
    return -EINVAL;
}

static int out_of_memory(struct tls_error *error)
{
    refuse(error, TLS_PARTS, "does not fit into memory");
    return -ENOMEM;
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){
        .data = (unsigned char *)(uintptr_t)text,
        .size = (unsigned)strlen(text),
    };
}

static void free_certificates(gnutls_x509_crt_t *certificates, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(certificates[i]);
    }
    gnutls_free(certificates);
}

static int add_pair(struct tls *tls, const struct tls_texts *texts, gnutls_x509_privkey_t key,
                    struct tls_error *error)
{
    const gnutls_datum_t certificate_text = datum(texts->certificate);
    const gnutls_datum_t key_text = datum(texts->key);
    gnutls_x509_crt_t *certificates = NULL;
    unsigned count = 0;
    if (gnutls_x509_crt_list_import2(&certificates, &count, &certificate_text, GNUTLS_X509_FMT_PEM,
                                     0) < 0) {
        return refuse(error, TLS_CERTIFICATE, "has no certificate in PEM format");
    }
    int result = 0;
    if (gnutls_x509_privkey_import2(key, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0) < 0) {
        result = refuse(error, TLS_KEY, "has no private key in PEM format without a passphrase");
    } else {
        switch (gnutls_certificate_set_x509_key(tls->credentials, certificates, (int)count, key)) {
        case GNUTLS_E_SUCCESS:
            break;
        case GNUTLS_E_MEMORY_ERROR:
            result = out_of_memory(error);
            break;
        case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
            result = refuse(error, TLS_KEY, "does not belong to the certificate");
            break;
        default:
            result = refuse(error, TLS_CERTIFICATE, "cannot be used with its key");
        }
    }
    free_certificates(certificates, count);
    return result;
}

static int add_own(struct tls *tls, const struct tls_texts *texts, struct tls_error *error)
{
    gnutls_x509_privkey_t key;
    if (gnutls_x509_privkey_init(&key) < 0) {
        return out_of_memory(error);
    }
    int result = add_pair(tls, texts, key, error);
    gnutls_x509_privkey_deinit(key);
    return result;
}

static int add_client_ca(struct tls *tls, const char *text, struct tls_error *error)
{
    const gnutls_datum_t authorities = datum(text);
    int count =
        gnutls_certificate_set_x509_trust_mem(tls->credentials, &authorities, GNUTLS_X509_FMT_PEM);
    if (count == GNUTLS_E_MEMORY_ERROR) {
        return out_of_memory(error);
    }
    return count > 0 ? 0 : refuse(error, TLS_CLIENT_CA, "has no certificate in PEM format");
}

static size_t append(char priority[PRIORITY_BYTES_MAX], size_t used, const char *text)
{
    int length = snprintf(priority + used, PRIORITY_BYTES_MAX - used, "%s", text);
    return used + (size_t)length;
}

/* Only ciphers with forward secrecy and authenticated encryption: those of TLS 1.3, and the same of
 * 1.2. */
static int set_priority(struct tls *tls, const struct web_config_tls *config)
{
    static const char *const curves[WEB_CONFIG_CURVES] = {
        [WEB_CONFIG_P256] = ":+GROUP-SECP256R1",
        [WEB_CONFIG_P384] = ":+GROUP-SECP384R1",
        [WEB_CONFIG_P521] = ":+GROUP-SECP521R1",
        [WEB_CONFIG_X25519] = ":+GROUP-X25519",
    };
    char text[PRIORITY_BYTES_MAX];
    size_t used = append(text, 0,
                         "SECURE128:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-256-GCM:"
                         "+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:-VERS-ALL");
    if (config->version_max >= WEB_CONFIG_TLS13) {
        used = append(text, used, ":+VERS-TLS1.3");
    }
    if (config->version_min <= WEB_CONFIG_TLS12) {
        used = append(text, used, ":+VERS-TLS1.2");
    }
    used = append(text, used, ":-GROUP-ALL");
    if (config->curve_count == 0) {
        used = append(text, used,
                      ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
                      "+GROUP-SECP521R1");
    }
    for (unsigned i = 0; i < config->curve_count; i++) {
        used = append(text, used, curves[config->curves[i]]);
    }
    append(text, used, config->prefer_server ? ":%SERVER_PRECEDENCE" : "");
    return gnutls_priority_init(&tls->priority, text, NULL) == GNUTLS_E_SUCCESS ? 0 : -ENOMEM;
}

int tls_make(const struct web_config_tls *config, const struct tls_texts *texts, struct tls **out,
             struct tls_error *error)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return out_of_memory(error);
    }
    tls->holders = 1;
    int result = 0;
    if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0 ||
        set_priority(tls, config) != 0 || tls_client_make(config, &tls->client) != 0) {
        result = out_of_memory(error);
    }
    if (result == 0) {
        result = add_own(tls, texts, error);
    }
    if (result == 0 && texts->client_ca != NULL) {
        result = add_client_ca(tls, texts->client_ca, error);
    }
    if (result != 0) {
        tls_release(tls);
        return result;
    }
    *out = tls;
    return 0;
}

void tls_release(struct tls *tls)
{
    if (tls == NULL || --tls->holders > 0) {
        return;
    }
    if (tls->credentials != NULL) {
        gnutls_certificate_free_credentials(tls->credentials);
    }
    if (tls->priority != NULL) {
        gnutls_priority_deinit(tls->priority);
    }
    tls_client_free(&tls->client);
    free(tls);
}

struct tls *tls_begin(struct tls *tls, gnutls_session_t session)
{
    if (gnutls_priority_set(session, tls->priority) < 0 ||
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0) {
        return NULL;
    }
    gnutls_handshake_set_max_packet_length(session, TLS_HANDSHAKE_BYTES_MAX);
    tls_client_ask(&tls->client, session);
    tls->holders++;
    return tls;
}

int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
                       int authority_count, const gnutls_pk_algorithm_t *algorithms,
                       int algorithm_count, gnutls_pcert_st **certificates,
                       unsigned *certificate_count, // NOLINT(readability-non-const-parameter)
                       gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    (void)certificates;
    (void)certificate_count;
    (void)key;
    return -1;
}
