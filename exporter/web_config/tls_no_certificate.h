/* For libmicrohttpd, which needs a certificate of its own. */
#ifndef EXPORTER_WEB_CONFIG_TLS_NO_CERTIFICATE_H
#define EXPORTER_WEB_CONFIG_TLS_NO_CERTIFICATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/* The certificate that libmicrohttpd itself requires: none. It makes the handshake of a session
 * without a state fail. A gnutls_certificate_retrieve_function2. */
int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
                       int authority_count, const gnutls_pk_algorithm_t *algorithms,
                       int algorithm_count, gnutls_pcert_st **certificates,
                       unsigned *certificate_count, gnutls_privkey_t *key);

#endif
