/*
 * Who may have the pages: HTTP basic authentication (RFC 7617) against bcrypt hashes, by libxcrypt.
 *
 * One check takes some 50 ms at cost 10, and the event loop is one. So the outcome of a success is
 * kept, as a keyed digest, in the one place that each user has: nobody else's attempts can push it
 * out. What is not kept is checked at most PASSWORD_CHECKS times a second in all. An unknown user
 * costs what the dearest known one does.
 */
#ifndef EXPORTER_WEB_CONFIG_PASSWORD_H
#define EXPORTER_WEB_CONFIG_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PASSWORD_USERS_MAX = 64, /* scrapers and people; whoever has more wants another service */
    PASSWORD_CHECKS = 2,     /* a second */
    PASSWORD_COST_MIN = 4,   /* bcrypt's own least */
    PASSWORD_COST_MAX = 12,  /* some 200 ms, in which no packet is counted */
    PASSWORD_HASH_LENGTH = 60,
    PASSWORD_DIGEST_BYTES = 32, /* of HMAC-SHA-256 */
    /* Bytes of the header's value: no name and password of sense come near. */
    PASSWORD_HEADER_MAX = 1024,
};

struct password_user {
    const char *name;
    const char *hash; /* neither owned */
};

struct passwords {
    unsigned count; /* 0: everybody may */
    struct password_user users[PASSWORD_USERS_MAX];
    unsigned dearest; /* whose hash has the highest cost */
    uint8_t key[PASSWORD_DIGEST_BYTES];
    bool known[PASSWORD_USERS_MAX]; /* the digest is that of a success */
    uint8_t digests[PASSWORD_USERS_MAX][PASSWORD_DIGEST_BYTES];
    uint64_t second; /* of the latest check */
    unsigned checks; /* in that second */
};

enum password_verdict {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,
    PASSWORD_LATER, /* not checked, since too many were */
};

/* Returns NULL for a bcrypt hash ($2a$, $2b$ or $2y$) that can be checked, or what is wrong and
 * what to give instead: static text. */
const char *password_refuse_hash(const char *hash);

/* Starts anew with these users, up to PASSWORD_USERS_MAX, whose hashes were not refused. Returns 0
 * or -errno: -EIO where the kernel gives no random key. */
int passwords_start(const struct password_user *users, unsigned count, struct passwords *out);

/* Judges the value of an Authorization field, or NULL for a request without. `second` is of any
 * clock that does not step back. */
enum password_verdict passwords_check(struct passwords *passwords, const char *authorization,
                                      uint64_t second);

#endif
