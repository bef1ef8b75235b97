/*
 * TLS 1.2 and 1.3 for libmicrohttpd's connections, by GnuTLS: certificate and key, what is asked of
 * clients, and which versions, ciphers and curves. Each connection gets the current state when it
 * begins and keeps it to its end; so certificates are rotated by making another state.
 *
 * A client that lacks the required certificate is refused within the handshake, with an alert,
 * before a single byte of HTTP is read.
 */
#ifndef EXPORTER_WEB_CONFIG_TLS_H
#define EXPORTER_WEB_CONFIG_TLS_H

struct gnutls_session_int;
struct web_config_tls;

enum {
    /* Bytes of a client's handshake message. Longer than any sensible certificate chain, and far
     * below GnuTLS's own 128 KiB, which any client could make it hold. */
    TLS_HANDSHAKE_BYTES_MAX = 32 * 1024,
};

struct tls; /* counts its holders */

/* PEM texts that end with a NUL. */
struct tls_texts {
    const char *certificate; /* with the chain to its authority */
    const char *key;
    const char *client_ca; /* NULL: none */
};

/* Which of the texts is wrong, and why: static text that continues the text's name. */
struct tls_error {
    enum tls_part {
        TLS_CERTIFICATE,
        TLS_KEY,
        TLS_CLIENT_CA,
        TLS_PARTS, /* how many; in an error: none of them */
    } part;
    const char *reason;
};

/* Makes a state with one holder. Keeps no pointer to its input. Returns 0, or -EINVAL or -ENOMEM
 * with `*error` filled. */
int tls_make(const struct web_config_tls *config, const struct tls_texts *texts, struct tls **out,
             struct tls_error *error);

/* Releases a state; the last holder's release frees it. NULL does nothing. */
void tls_release(struct tls *tls);

/* Gives a new server session the state. Returns the state, to be released when the session has
 * ended. Returns NULL if the session cannot succeed. */
struct tls *tls_begin(struct tls *tls, struct gnutls_session_int *session);

#endif
