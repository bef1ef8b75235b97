#include "exporter/web_config/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct yaml_tree *tree;
    struct yaml_tree_error *error;
    unsigned open[YAML_TREE_DEPTH_MAX]; /* nodes that have not ended, the innermost last */
    unsigned depth;
    char *key; /* of the next value; owned */
    unsigned key_line;
};

int yaml_tree_refuse(struct yaml_tree_error *error, unsigned line, const char *key,
                     const char *reason)
{
    *error = (struct yaml_tree_error){.line = line, .reason = reason};
    /* Never show a bcrypt hash that is part of a key, as when the blank after the colon is
     * missing. */
    bool tells = key != NULL && strstr(key, "$2") == NULL;
    snprintf(error->key, sizeof error->key, "%s", tells ? key : "");
    return -EINVAL;
}

static int refuse(struct reader *reader, unsigned line, const char *reason)
{
    return yaml_tree_refuse(reader->error, line, reader->key, reason);
}

static int out_of_memory(struct reader *reader)
{
    refuse(reader, 0, "does not fit into memory");
    return -ENOMEM;
}

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

/* libyaml's error; its texts are static and contain nothing of the file. */
static int refuse_syntax(struct reader *reader, const char *text)
{
    const yaml_parser_t *parser = &reader->parser;
    unsigned line = line_of(parser->problem_mark);
    if (parser->error == YAML_MEMORY_ERROR) {
        return out_of_memory(reader);
    }
    if (parser->error == YAML_READER_ERROR) {
        /* A reader error has only the byte offset. */
        line = 1;
        for (size_t i = 0; i < parser->problem_offset; i++) {
            line += text[i] == '\n';
        }
    }
    return refuse(reader, line, parser->problem != NULL ? parser->problem : "is no YAML");
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const texts[] = {"", "~", "null", "Null", "NULL"};
    const char *value = (const char *)event->data.scalar.value;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(value, texts[i]) == 0) {
            return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        }
    }
    return false;
}

static const struct yaml_tree_node *innermost(const struct reader *reader)
{
    return reader->depth > 0 ? &reader->tree->nodes[reader->open[reader->depth - 1]] : NULL;
}

static bool is_known(const struct reader *reader, unsigned parent)
{
    for (unsigned i = 1; i < reader->tree->count; i++) {
        const struct yaml_tree_node *node = &reader->tree->nodes[i];
        if (node->parent == parent && strcmp(node->key, reader->key) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds a node below the innermost open one. Takes over the key and the value. */
static int add(struct reader *reader, enum yaml_tree_kind kind, unsigned line, char *value,
               bool null)
{
    struct yaml_tree *tree = reader->tree;
    unsigned parent = reader->depth > 0 ? reader->open[reader->depth - 1] : 0;
    const char *wrong = NULL;
    if (tree->count == YAML_TREE_NODES_MAX) {
        wrong = "is one too many; the file may have 511 keys and list items in all";
    } else if (reader->key != NULL && is_known(reader, parent)) {
        wrong = "is given twice; leave one out";
    }
    if (wrong != NULL) {
        free(value);
        return refuse(reader, reader->key != NULL ? reader->key_line : line, wrong);
    }
    tree->nodes[tree->count++] = (struct yaml_tree_node){
        .kind = kind,
        .parent = parent,
        .line = reader->key != NULL ? reader->key_line : line,
        .key = reader->key,
        .value = value,
        .null = null,
    };
    reader->key = NULL;
    return 0;
}

static bool expects_key(const struct reader *reader)
{
    const struct yaml_tree_node *node = innermost(reader);
    return node != NULL && node->kind == YAML_TREE_MAP && reader->key == NULL;
}

static int take_scalar(struct reader *reader, const yaml_event_t *event)
{
    unsigned line = line_of(event->start_mark);
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        return refuse(reader, line, "has an anchor or a tag; write the value alone");
    }
    char *value = strdup((const char *)event->data.scalar.value);
    if (value == NULL) {
        return out_of_memory(reader);
    }
    if (strlen(value) != event->data.scalar.length) {
        free(value);
        return refuse(reader, line, "has a NUL");
    }
    if (!expects_key(reader)) {
        return add(reader, YAML_TREE_SCALAR, line, value, is_null(event));
    }
    reader->key = value;
    reader->key_line = line;
    return 0;
}

static int take_start(struct reader *reader, enum yaml_tree_kind kind, const yaml_event_t *event)
{
    unsigned line = line_of(event->start_mark);
    bool map = kind == YAML_TREE_MAP;
    if (expects_key(reader)) {
        return refuse(reader, line, "has a map or a list as a key");
    }
    if ((map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor) != NULL ||
        (map ? event->data.mapping_start.tag : event->data.sequence_start.tag) != NULL) {
        return refuse(reader, line, "has an anchor or a tag; write the value alone");
    }
    if (reader->depth == YAML_TREE_DEPTH_MAX) {
        return refuse(reader, line, "is nested too deep; no key of the format has such a value");
    }
    int error = add(reader, kind, line, NULL, false);
    if (error == 0) {
        reader->open[reader->depth++] = reader->tree->count - 1;
    }
    return error;
}

static int take(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(reader, event);
    case YAML_MAPPING_START_EVENT:
        return take_start(reader, YAML_TREE_MAP, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(reader, YAML_TREE_LIST, event);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        reader->depth--;
        return 0;
    case YAML_ALIAS_EVENT:
        return refuse(reader, line_of(event->start_mark), "is an alias; write the value out");
    case YAML_DOCUMENT_START_EVENT:
        return reader->tree->count == 0
                   ? 0
                   : refuse(reader, line_of(event->start_mark), "begins a second document");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return 0;
}

static int read_events(struct reader *reader, const char *text)
{
    int error = 0;
    for (bool ended = false; error == 0 && !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) {
            return refuse_syntax(reader, text);
        }
        error = take(reader, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    if (error == 0 && reader->tree->count == 0) {
        error = add(reader, YAML_TREE_SCALAR, 1, NULL, true); /* nothing but comments */
    }
    return error;
}

int yaml_tree_read(const char *text, size_t length, struct yaml_tree **out,
                   struct yaml_tree_error *error)
{
    struct reader reader = {.error = error};
    if (length > YAML_TREE_BYTES_MAX) {
        return refuse(&reader, 0, "is larger than 32 KiB");
    }
    reader.tree = calloc(1, sizeof *reader.tree);
    if (reader.tree == NULL || !yaml_parser_initialize(&reader.parser)) {
        free(reader.tree);
        return out_of_memory(&reader);
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    int result = read_events(&reader, text);
    yaml_parser_delete(&reader.parser);
    free(reader.key);
    if (result != 0) {
        yaml_tree_free(reader.tree);
        return result;
    }
    *out = reader.tree;
    return 0;
}

static void wipe(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
    }
    free(text);
}

void yaml_tree_free(struct yaml_tree *tree)
{
    for (unsigned i = 0; tree != NULL && i < tree->count; i++) {
        wipe(tree->nodes[i].key);
        wipe(tree->nodes[i].value);
    }
    free(tree);
}
