#include "exporter/web_config/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ALTERNATIVE_NAMES_MAX = 64,  /* of one certificate; further ones are ignored */
    ALTERNATIVE_NAME_MAX = 1024, /* bytes; a longer one matches nothing */
    IPV4_BYTES = 4,
    IPV6_BYTES = 16,
};

int tls_client_make(const struct web_config_tls *config, struct tls_client *out)
{
    *out = (struct tls_client){.auth = config->client_auth};
    for (unsigned i = 0; i < config->name_count; i++) {
        out->names[i] = strdup(config->names[i]);
        if (out->names[i] == NULL) {
            return -ENOMEM;
        }
        out->name_count++;
    }
    return 0;
}

void tls_client_free(struct tls_client *client)
{
    for (unsigned i = 0; i < client->name_count; i++) {
        free(client->names[i]);
    }
}

static bool is_allowed(const struct tls_client *client, const char *name, size_t length)
{
    for (unsigned i = 0; i < client->name_count; i++) {
        /* A NUL inside the certificate's name does not end it. */
        if (strlen(client->names[i]) == length && memcmp(client->names[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* One alternative name; addresses are compared as text. */
static bool is_name_allowed(const struct tls_client *client, unsigned type, const char *name,
                            size_t length)
{
    char address[INET6_ADDRSTRLEN];
    switch (type) {
    case GNUTLS_SAN_DNSNAME:
    case GNUTLS_SAN_RFC822NAME:
    case GNUTLS_SAN_URI:
        return is_allowed(client, name, length);
    case GNUTLS_SAN_IPADDRESS:
        return (length == IPV4_BYTES || length == IPV6_BYTES) &&
               inet_ntop(length == IPV4_BYTES ? AF_INET : AF_INET6, name, address,
                         sizeof address) != NULL &&
               is_allowed(client, address, strlen(address));
    default:
        return false;
    }
}

static bool has_allowed_name(const struct tls_client *client, gnutls_x509_crt_t certificate)
{
    for (unsigned i = 0; i < ALTERNATIVE_NAMES_MAX; i++) {
        char name[ALTERNATIVE_NAME_MAX];
        size_t length = sizeof name;
        unsigned type;
        int result =
            gnutls_x509_crt_get_subject_alt_name2(certificate, i, name, &length, &type, NULL);
        if (result == GNUTLS_E_SHORT_MEMORY_BUFFER) {
            continue;
        }
        if (result < 0) {
            return false; /* no more of them */
        }
        if (is_name_allowed(client, type, name, length)) {
            return true;
        }
    }
    return false;
}

static bool is_named(const struct tls_client *client, const gnutls_datum_t *leaf)
{
    gnutls_x509_crt_t certificate;
    if (client->name_count == 0) {
        return true;
    }
    if (gnutls_x509_crt_init(&certificate) < 0) {
        return false;
    }
    bool named = gnutls_x509_crt_import(certificate, leaf, GNUTLS_X509_FMT_DER) == 0 &&
                 has_allowed_name(client, certificate);
    gnutls_x509_crt_deinit(certificate);
    return named;
}

/* Checks the chain against the session's authorities, for the purpose of a client. */
static bool is_verified(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
    };
    unsigned status = ~0U;
    return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

/* The alert gives the peer the reason, if the socket takes it at once. */
static int refuse(gnutls_session_t session, gnutls_alert_description_t why)
{
    gnutls_alert_send(session, GNUTLS_AL_FATAL, why);
    return GNUTLS_E_CERTIFICATE_ERROR;
}

static int check(gnutls_session_t session)
{
    const struct tls_client *client = gnutls_db_get_ptr(session);
    enum web_config_client_auth auth = client->auth;
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (chain == NULL || count == 0) {
        bool required = auth == WEB_CONFIG_REQUIRE_ANY_CLIENT_CERT ||
                        auth == WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT;
        return required ? refuse(session, GNUTLS_A_CERTIFICATE_REQUIRED) : 0;
    }
    bool verify = auth == WEB_CONFIG_VERIFY_CLIENT_CERT_IF_GIVEN ||
                  auth == WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT;
    if ((verify && !is_verified(session)) || !is_named(client, &chain[0])) {
        return refuse(session, GNUTLS_A_BAD_CERTIFICATE);
    }
    return 0;
}

void tls_client_ask(struct tls_client *client, gnutls_session_t session)
{
    bool ask = client->auth != WEB_CONFIG_NO_CLIENT_CERT;
    /* Sessions are not resumed, so this pointer is unused; libmicrohttpd uses the other one. */
    gnutls_db_set_ptr(session, client);
    gnutls_session_set_verify_function(session, check);
    /* Not "require": GnuTLS would then close without an alert if there is no certificate. */
    gnutls_certificate_server_set_request(session, ask ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
}
