/*
 * Who may read the pages: HTTP basic authentication (RFC 7617) against bcrypt hashes, by libxcrypt.
 *
 * One check takes about 50 ms at cost 10 and blocks the only event loop. So a success is kept as a
 * keyed digest, in one slot for each user: other users' attempts cannot push it out. All other
 * attempts are limited to PASSWORD_CHECKS checks a second in total. An unknown user costs as much
 * as the known user with the highest cost.
 */
#ifndef EXPORTER_WEB_CONFIG_PASSWORD_H
#define EXPORTER_WEB_CONFIG_PASSWORD_H

#include "exporter/web_config/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PASSWORD_USERS_MAX = 64, /* scrapers and people; more users need another service */
    PASSWORD_CHECKS = 2,     /* a second */
    PASSWORD_COST_MIN = 4,   /* bcrypt's own minimum */
    PASSWORD_COST_MAX = 12,  /* about 200 ms, in which no packet is counted */
    PASSWORD_HASH_LENGTH = 60,
    PASSWORD_DIGEST_BYTES = 32, /* of HMAC-SHA-256 */
    /* Bytes of the header's value: sensible names and passwords are much shorter. */
    PASSWORD_HEADER_MAX = 1024,
};

struct password_user {
    const char *name;
    const char *hash; /* neither owned */
};

struct passwords {
    unsigned count; /* 0: no password needed */
    struct password_user users[PASSWORD_USERS_MAX];
    unsigned dearest; /* whose hash has the highest cost */
    uint8_t key[PASSWORD_DIGEST_BYTES];
    bool known[PASSWORD_USERS_MAX]; /* the digest belongs to a success */
    uint8_t digests[PASSWORD_USERS_MAX][PASSWORD_DIGEST_BYTES];
    uint64_t second; /* of the latest check */
    unsigned checks; /* in that second */
};

/* Returns NULL for a bcrypt hash ($2a$, $2b$ or $2y$) that can be checked. Otherwise static text:
 * what is wrong and what to write instead. */
const char *password_refuse_hash(const char *hash);

/* Starts with these users, up to PASSWORD_USERS_MAX, whose hashes were not refused, and forgets all
 * successes. Returns 0 or -errno: -EIO if the kernel gives no random key. */
int passwords_start(const struct password_user *users, unsigned count, struct passwords *out);

/* Checks the value of an Authorization field, or NULL for a request without one: PAGE_NONE when the
 * password is right, PAGE_UNAUTHORIZED, or PAGE_TOO_MANY when it was not checked, after too many
 * checks in this second. `second` is of any clock that does not step back. */
enum page passwords_check(struct passwords *passwords, const char *authorization, uint64_t second);

#endif
