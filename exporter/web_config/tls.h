/*
 * TLS 1.2 and 1.3 for libmicrohttpd's connections, by GnuTLS: certificate and key, what is asked of
 * clients, and which versions, ciphers and curves. Each connection is given the state of the moment
 * it comes, and holds it to its end; so certificates are rotated by making another state.
 *
 * A client that does not have the certificate asked for is refused within the handshake, with an
 * alert, before a single byte of HTTP is read.
 */
#ifndef EXPORTER_WEB_CONFIG_TLS_H
#define EXPORTER_WEB_CONFIG_TLS_H

struct gnutls_session_int;
struct web_config_tls;

enum {
    /* Bytes of a client's handshake message. Longer than any chain of certificates of sense, and
     * far below GnuTLS's own 128 KiB, which anybody could make it hold. */
    TLS_HANDSHAKE_BYTES_MAX = 32 * 1024,
};

struct tls; /* counts its holders */

/* PEM texts that end with a NUL. */
struct tls_texts {
    const char *certificate; /* with what leads to its authority */
    const char *key;
    const char *client_ca; /* NULL: none */
};

/* Which of the texts is wrong, and why: static text, that goes on from its name. */
struct tls_error {
    enum tls_part {
        TLS_CERTIFICATE,
        TLS_KEY,
        TLS_CLIENT_CA,
        TLS_PARTS, /* how many; in an error: none of them */
    } part;
    const char *reason;
};

/* Makes a state with one holder. Nothing given is kept. Returns 0, or -EINVAL or -ENOMEM with
 * `*error` filled. */
int tls_make(const struct web_config_tls *config, const struct tls_texts *texts, struct tls **out,
             struct tls_error *error);

/* Lets go of a state, which is freed with its last holder. NULL does nothing. */
void tls_release(struct tls *tls);

/* Gives a new server session the state. Returns it once more, to be released when the session has
 * ended; or NULL, and the session cannot succeed. */
struct tls *tls_begin(struct tls *tls, struct gnutls_session_int *session);

#endif
