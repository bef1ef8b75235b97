/* What is asked of a client's certificate, for tls.c alone. */
#ifndef EXPORTER_WEB_CONFIG_TLS_CLIENT_H
#define EXPORTER_WEB_CONFIG_TLS_CLIENT_H

#include "exporter/web_config/config.h"

#include <gnutls/gnutls.h>

struct tls_client {
    enum web_config_client_auth auth;
    unsigned name_count;
    char *names[WEB_CONFIG_NAMES_MAX]; /* owned */
};

/* Returns 0, or -ENOMEM; in both cases tls_client_free frees it. */
int tls_client_make(const struct web_config_tls *config, struct tls_client *out);
void tls_client_free(struct tls_client *client);

/* Makes a server session ask for the certificate and refuse, within the handshake, clients without
 * a valid one. The session has its credentials, and ends before `client` does. */
void tls_client_ask(struct tls_client *client, gnutls_session_t session);

#endif
