#include "exporter/web_config/files.h"

#include "exporter/web_config/config.h"
#include "exporter/web_config/read.h"
#include "exporter/web_config/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A text that was read, to be wiped. */
struct text {
    char *bytes;
    size_t length;
    bool open_to_others; /* as the file was */
};

static void wipe(struct text *text)
{
    if (text->bytes != NULL) {
        explicit_bzero(text->bytes, text->length);
    }
    free(text->bytes);
}

static int refuse(struct web_files_error *error, const char *path, int code, const char *reason)
{
    *error = (struct web_files_error){.reason = reason};
    snprintf(error->path, sizeof error->path, "%s", path);
    return code;
}

static bool is_open_to_others(const struct stat *status)
{
    return (status->st_mode & (S_IROTH | S_IWOTH)) != 0;
}

/* Opens and reads a file, and notes its identity. */
static int read_file(struct web_file *file, size_t max, struct text *out, const char **reason)
{
    struct stat status;
    int descriptor = file_open(file->path, &status, reason);
    file->missing = descriptor < 0;
    if (descriptor < 0) {
        return descriptor;
    }
    file->identity = file_identity(&status);
    file->open_to_others = is_open_to_others(&status);
    out->open_to_others = file->open_to_others;
    int result = file_read(descriptor, max, &out->bytes, &out->length, reason);
    close(descriptor);
    return result;
}

/* Adds a path from the configuration to the list, relative to the configuration's folder. */
static struct web_file *add_file(struct web_files *files, const char *path)
{
    const char *own = files->files[0].path;
    const char *slash = strrchr(own, '/');
    size_t folder = path[0] == '/' || slash == NULL ? 0 : (size_t)(slash - own) + 1;
    struct web_file *file = &files->files[files->count];
    if (folder + strlen(path) >= sizeof file->path) {
        return NULL;
    }
    memcpy(file->path, own, folder);
    memcpy(file->path + folder, path, strlen(path) + 1);
    files->count++;
    return file;
}

/* Reads a PEM text from where the configuration says. */
static int read_pem(const struct web_config_pem *pem, struct web_files *files, struct text *out,
                    struct web_files_error *error)
{
    const char *reason;
    if (pem->path == NULL) {
        return 0;
    }
    struct web_file *file = add_file(files, pem->path);
    if (file == NULL) {
        return refuse(error, pem->path, -ENAMETOOLONG, "is not a usable path");
    }
    int result = read_file(file, WEB_FILES_PEM_BYTES_MAX, out, &reason);
    return result == 0 ? 0 : refuse(error, file->path, result, reason);
}

static const char *text_of(const struct web_config_pem *pem, const struct text *read)
{
    return pem->path != NULL ? read->bytes : pem->text;
}

/* Where a PEM text of this configuration came from. */
static const char *path_of(const struct web_config_tls *config, const struct web_files *files,
                           enum tls_part part)
{
    const struct web_config_pem *const pems[TLS_PARTS] = {
        [TLS_CERTIFICATE] = &config->certificate,
        [TLS_KEY] = &config->key,
        [TLS_CLIENT_CA] = &config->client_ca,
    };
    unsigned place = 0; /* in the configuration itself, unless it has a path */
    for (unsigned i = 0; i <= (unsigned)part && part < TLS_PARTS; i++) {
        place += pems[i]->path != NULL;
    }
    return files->files[part < TLS_PARTS && pems[part]->path != NULL ? place : 0].path;
}

static int make_tls(const struct web_config_tls *config, const struct text read[TLS_PARTS],
                    const struct web_files *files, struct tls **tls, struct web_files_error *error)
{
    struct tls_error wrong;
    const struct tls_texts texts = {
        .certificate = text_of(&config->certificate, &read[TLS_CERTIFICATE]),
        .key = text_of(&config->key, &read[TLS_KEY]),
        .client_ca = text_of(&config->client_ca, &read[TLS_CLIENT_CA]),
    };
    int result = tls_make(config, &texts, tls, &wrong);
    return result == 0 ? 0
                       : refuse(error, path_of(config, files, wrong.part), result, wrong.reason);
}

static int load_tls(const struct web_config_tls *config, struct web_files *files, struct tls **tls,
                    struct web_files_error *error)
{
    struct text read[TLS_PARTS] = {{.bytes = NULL}};
    int result = read_pem(&config->certificate, files, &read[TLS_CERTIFICATE], error);
    if (result == 0) {
        result = read_pem(&config->key, files, &read[TLS_KEY], error);
    }
    if (result == 0 && read[TLS_KEY].open_to_others) {
        result = refuse(error, path_of(config, files, TLS_KEY), -EPERM,
                        "has a private key that other users can read or write; run chmod o-rw");
    }
    if (result == 0) {
        result = read_pem(&config->client_ca, files, &read[TLS_CLIENT_CA], error);
    }
    if (result == 0) {
        result = make_tls(config, read, files, tls, error);
    }
    for (unsigned i = 0; i < TLS_PARTS; i++) {
        wipe(&read[i]);
    }
    return result;
}

static int read_config(struct web_files *files, struct web_config *config,
                       struct web_files_error *error)
{
    struct text text = {.bytes = NULL};
    struct yaml_tree_error wrong;
    const char *reason;
    const char *path = files->files[0].path;
    int result = read_file(&files->files[0], WEB_CONFIG_BYTES_MAX, &text, &reason);
    if (result != 0) {
        refuse(error, path, result, reason);
        error->wrong = result == -E2BIG;
        return result;
    }
    result = web_config_read(text.bytes, text.length, config, &wrong);
    bool open_to_others = text.open_to_others;
    wipe(&text);
    if (result != 0) {
        refuse(error, path, result, wrong.reason);
        error->wrong = result == -EINVAL;
        error->line = wrong.line;
        memcpy(error->key, wrong.key, sizeof error->key);
        return result;
    }
    if (open_to_others && web_config_has_secrets(config)) {
        web_config_free(config);
        return refuse(error, path, -EPERM,
                      "has secrets that other users can read or write; run chmod o-rw");
    }
    return 0;
}

int web_files_load(const char *path, struct web_config *config, struct tls **tls,
                   struct web_files *files, struct web_files_error *error)
{
    struct web_config read = {.tree = NULL};
    struct tls *made = NULL;
    files->count = 1;
    if (strlen(path) >= sizeof files->files[0].path) {
        files->count = 0;
        return refuse(error, path, -ENAMETOOLONG, "is not a usable path");
    }
    memcpy(files->files[0].path, path, strlen(path) + 1);
    int result = read_config(files, &read, error);
    if (result == 0 && read.tls.enabled) {
        result = load_tls(&read.tls, files, &made, error);
    }
    if (result != 0) {
        web_config_free(&read);
        return result;
    }
    *config = read;
    *tls = made;
    return 0;
}

static bool is_unchanged(const struct web_file *file)
{
    struct stat status;
    const char *reason;
    int descriptor = file_open(file->path, &status, &reason);
    if (descriptor < 0) {
        return file->missing;
    }
    close(descriptor);
    const struct file_identity now = file_identity(&status);
    return !file->missing && file_identity_equal(&now, &file->identity) &&
           is_open_to_others(&status) == file->open_to_others;
}

bool web_files_unchanged(const struct web_files *files)
{
    for (unsigned i = 0; i < files->count; i++) {
        if (!is_unchanged(&files->files[i])) {
            return false;
        }
    }
    return true;
}
