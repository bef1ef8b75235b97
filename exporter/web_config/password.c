#include "exporter/web_config/password.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

_Static_assert(PASSWORD_HASH_LENGTH + 1 <= CRYPT_OUTPUT_SIZE, "libxcrypt has room for a hash");

/* A request's name, colon and password, as in RFC 7617. */
struct attempt {
    gnutls_datum_t decoded;
    size_t name_length;
    const char *password; /* ends with a NUL */
};

static unsigned cost_of(const char *hash)
{
    return (unsigned)(hash[4] - '0') * 10 + (unsigned)(hash[5] - '0');
}

static bool is_bcrypt(const char *hash)
{
    static const char alphabet[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char digits[] = "0123456789";
    return strlen(hash) == PASSWORD_HASH_LENGTH && strncmp(hash, "$2", 2) == 0 &&
           strchr("aby", hash[2]) != NULL && hash[3] == '$' && strchr(digits, hash[4]) != NULL &&
           strchr(digits, hash[5]) != NULL && hash[6] == '$' &&
           strspn(hash + 7, alphabet) == PASSWORD_HASH_LENGTH - 7 &&
           /* The salt's last character holds only two bits; another spelling never matches. */
           strchr(".Oeu", hash[28]) != NULL;
}

const char *password_refuse_hash(const char *hash)
{
    if (!is_bcrypt(hash)) {
        return "is not a bcrypt hash; make one with: htpasswd -nBC 10 \"\"";
    }
    if (cost_of(hash) < PASSWORD_COST_MIN || cost_of(hash) > PASSWORD_COST_MAX) {
        return "has a cost outside 4 to 12; make one with: htpasswd -nBC 10 \"\"";
    }
    if (crypt_checksalt(hash) == CRYPT_SALT_INVALID ||
        crypt_checksalt(hash) == CRYPT_SALT_METHOD_DISABLED) {
        return "is a hash that this system's libxcrypt cannot check";
    }
    return NULL;
}

int passwords_start(const struct password_user *users, unsigned count, struct passwords *out)
{
    struct passwords made = {.count = count};
    if (getrandom(made.key, sizeof made.key, 0) != sizeof made.key) {
        return -EIO;
    }
    for (unsigned i = 0; i < count; i++) {
        made.users[i] = users[i];
        if (cost_of(users[i].hash) > cost_of(users[made.dearest].hash)) {
            made.dearest = i;
        }
    }
    *out = made;
    return 0;
}

/* The user that an attempt names. */
static unsigned find_user(const struct passwords *passwords, const struct attempt *attempt)
{
    for (unsigned i = 0; i < passwords->count; i++) {
        const char *name = passwords->users[i].name;
        if (strlen(name) == attempt->name_length &&
            memcmp(name, attempt->decoded.data, attempt->name_length) == 0) {
            return i;
        }
    }
    return PASSWORD_USERS_MAX;
}

/* Decodes the field. Returns 0 or -EINVAL; after 0, pass `attempt->decoded` to forget. */
static int decode(const char *field, struct attempt *attempt)
{
    static const char scheme[] = "Basic ";
    size_t length = strnlen(field, PASSWORD_HEADER_MAX + 1);
    if (length > PASSWORD_HEADER_MAX || strncasecmp(field, scheme, sizeof scheme - 1) != 0) {
        return -EINVAL;
    }
    field += sizeof scheme - 1;
    field += strspn(field, " ");
    const gnutls_datum_t encoded = {.data = (unsigned char *)(uintptr_t)field,
                                    .size = (unsigned)strlen(field)};
    if (gnutls_base64_decode2(&encoded, &attempt->decoded) != GNUTLS_E_SUCCESS) {
        return -EINVAL;
    }
    return 0;
}

static void forget(struct attempt *attempt)
{
    if (attempt->decoded.data != NULL) {
        explicit_bzero(attempt->decoded.data, attempt->decoded.size);
    }
    gnutls_free(attempt->decoded.data);
}

/* Finds the password. False for an invalid one: without a colon, with a NUL, which ends the text
 * for crypt(3), or too long for crypt(3). */
static bool take_apart(struct attempt *attempt, char password[CRYPT_MAX_PASSPHRASE_SIZE])
{
    const unsigned char *data = attempt->decoded.data;
    size_t size = attempt->decoded.size;
    const unsigned char *colon = size > 0 ? memchr(data, ':', size) : NULL;
    if (colon == NULL || memchr(data, '\0', size) != NULL) {
        return false;
    }
    attempt->name_length = (size_t)(colon - data);
    size_t length = size - attempt->name_length - 1;
    if (length >= CRYPT_MAX_PASSPHRASE_SIZE) {
        return false;
    }
    memcpy(password, colon + 1, length);
    password[length] = '\0';
    attempt->password = password;
    return true;
}

/* The keyed digest of a name and password, kept while the user's hash is the one that was checked.
 * Returns false when it cannot be made. */
static bool digest(const struct passwords *passwords, const struct attempt *attempt,
                   uint8_t out[PASSWORD_DIGEST_BYTES])
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, passwords->key, sizeof passwords->key,
                            attempt->decoded.data, attempt->decoded.size, out) == GNUTLS_E_SUCCESS;
}

/* Always runs the whole bcrypt, for any user. */
static bool matches(const char *hash, const char *password)
{
    static struct crypt_data data; /* 32 KiB, too much for the stack */
    const char *made = crypt_r(password, hash, &data);
    bool same = made != NULL && strlen(made) == PASSWORD_HASH_LENGTH &&
                gnutls_memcmp(made, hash, PASSWORD_HASH_LENGTH) == 0;
    explicit_bzero(&data, sizeof data);
    return same;
}

static bool may_check(struct passwords *passwords, uint64_t second)
{
    if (second != passwords->second) {
        passwords->second = second;
        passwords->checks = 0;
    }
    return passwords->checks++ < PASSWORD_CHECKS;
}

static enum page decide(struct passwords *passwords, struct attempt *attempt, uint64_t second)
{
    uint8_t seen[PASSWORD_DIGEST_BYTES];
    if (!digest(passwords, attempt, seen)) {
        return PAGE_UNAUTHORIZED;
    }
    unsigned user = find_user(passwords, attempt);
    bool exists = user < passwords->count;
    if (exists && passwords->known[user] &&
        gnutls_memcmp(seen, passwords->digests[user], sizeof seen) == 0) {
        return PAGE_NONE;
    }
    if (!may_check(passwords, second)) {
        return PAGE_TOO_MANY;
    }
    const char *hash = passwords->users[exists ? user : passwords->dearest].hash;
    if (!matches(hash, attempt->password) || !exists) {
        return PAGE_UNAUTHORIZED;
    }
    memcpy(passwords->digests[user], seen, sizeof seen);
    passwords->known[user] = true;
    return PAGE_NONE;
}

enum page passwords_check(struct passwords *passwords, const char *authorization, uint64_t second)
{
    char password[CRYPT_MAX_PASSPHRASE_SIZE];
    struct attempt attempt = {.password = NULL};
    if (passwords->count == 0) {
        return PAGE_NONE;
    }
    if (authorization == NULL || decode(authorization, &attempt) != 0) {
        return PAGE_UNAUTHORIZED;
    }
    enum page verdict =
        take_apart(&attempt, password) ? decide(passwords, &attempt, second) : PAGE_UNAUTHORIZED;
    forget(&attempt);
    explicit_bzero(password, sizeof password);
    return verdict;
}
