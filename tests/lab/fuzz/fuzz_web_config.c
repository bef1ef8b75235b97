/*
 * Any file of -web.config.file, in a block of exactly its size. Held: what is taken is within the
 * bounds of exporter/web_config/config.h, could be served, and says the same when it is read again;
 * what is refused leaves the output alone, and is told with a line that the file has.
 */
#include "exporter/web_config/config.h"
#include "exporter/web_config/headers.h"
#include "exporter/web_config/password.h"
#include "exporter/web_config/read.h"
#include "exporter/web_config/yaml_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNTOUCHED = 0xa5 }; /* what the output holds before */

static void check_refusal(const char *text, size_t size, int result,
                          const struct yaml_tree_error *error)
{
    assert(result == -EINVAL || result == -ENOMEM);
    assert(error->reason != NULL && error->reason[0] != '\0');
    assert(strchr(error->reason, '\n') == NULL);
    assert(strnlen(error->key, sizeof error->key) < sizeof error->key);
    /* YAML 1.1 has five line breaks: CR, LF, and of two or three bytes NEL, LS and PS. libyaml
     * thinks of one more behind the last line. */
    unsigned lines = 2;
    for (size_t i = 0; i < size; i++) {
        lines += strchr("\r\n\x85\xa8\xa9", text[i]) != NULL;
    }
    assert(error->line <= lines);
}

static void check_pem(const struct web_config_pem *pem)
{
    assert(pem->text == NULL || pem->path == NULL);
    assert(pem->text == NULL || pem->text[0] != '\0');
    assert(pem->path == NULL || pem->path[0] != '\0');
}

static void check_tls(const struct web_config_tls *tls)
{
    if (!tls->enabled) {
        return;
    }
    check_pem(&tls->certificate);
    check_pem(&tls->key);
    check_pem(&tls->client_ca);
    assert(tls->certificate.text != NULL || tls->certificate.path != NULL);
    assert(tls->key.text != NULL || tls->key.path != NULL);
    bool has_authority = tls->client_ca.text != NULL || tls->client_ca.path != NULL;
    assert(!has_authority || tls->client_auth != WEB_CONFIG_NO_CLIENT_CERT);
    assert(has_authority || tls->client_auth != WEB_CONFIG_REQUIRE_AND_VERIFY_CLIENT_CERT);
    assert(tls->version_min <= tls->version_max);
    assert(tls->name_count <= WEB_CONFIG_NAMES_MAX);
    for (unsigned i = 0; i < tls->name_count; i++) {
        assert(tls->names[i][0] != '\0');
    }
    assert(tls->curve_count <= WEB_CONFIG_CURVES);
    for (unsigned i = 0; i < tls->curve_count; i++) {
        assert(tls->curves[i] < WEB_CONFIG_CURVES);
        for (unsigned j = 0; j < i; j++) {
            assert(tls->curves[i] != tls->curves[j]);
        }
    }
}

static void check_users(const struct web_config *config)
{
    assert(config->user_count <= PASSWORD_USERS_MAX);
    for (unsigned i = 0; i < config->user_count; i++) {
        const struct password_user *user = &config->users[i];
        assert(user->name[0] != '\0' && strchr(user->name, ':') == NULL);
        assert(strlen(user->hash) == PASSWORD_HASH_LENGTH);
        for (unsigned j = 0; j < i; j++) {
            assert(strcmp(user->name, config->users[j].name) != 0);
        }
    }
    assert(config->user_count == 0 || web_config_has_secrets(config));
}

static void check_same(const struct web_config *one, const struct web_config *other)
{
    assert(one->tls.enabled == other->tls.enabled);
    assert(one->tls.client_auth == other->tls.client_auth);
    assert(one->tls.name_count == other->tls.name_count);
    assert(one->tls.curve_count == other->tls.curve_count);
    assert(one->user_count == other->user_count);
    assert(one->rate_interval == other->rate_interval && one->rate_burst == other->rate_burst);
    for (unsigned i = 0; i < HEADERS; i++) {
        const char *value = one->headers.values[i];
        assert((value == NULL) == (other->headers.values[i] == NULL));
        assert(value == NULL || strcmp(value, other->headers.values[i]) == 0);
        /* Nothing that would begin another field of the reply. */
        assert(value == NULL || (value[0] != '\0' && strpbrk(value, "\r\n") == NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct web_config config;
    static struct web_config again;
    struct yaml_tree_error error;
    char *text = malloc(size > 0 ? size : 1);
    assert(text != NULL);
    memcpy(text, data, size);
    memset(&config, UNTOUCHED, sizeof config);
    memset(&error, UNTOUCHED, sizeof error);
    int result = web_config_read(text, size, &config, &error);
    if (result != 0) {
        check_refusal(text, size, result, &error);
        const uint8_t *bytes = (const uint8_t *)&config;
        for (size_t i = 0; i < sizeof config; i++) {
            assert(bytes[i] == UNTOUCHED);
        }
        free(text);
        return 0;
    }
    assert(size <= WEB_CONFIG_BYTES_MAX);
    assert(web_config_read(text, size, &again, &error) == 0);
    free(text); /* nothing points into it */
    check_tls(&config.tls);
    check_users(&config);
    assert(config.rate_interval == 0 || config.rate_burst > 0);
    check_same(&config, &again);
    web_config_free(&again);
    web_config_free(&config);
    return 0;
}
