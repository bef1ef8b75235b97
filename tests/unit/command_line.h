/* Parsing a list of texts as a command line, for the tests of the flags. Include after cmocka. */
#ifndef TESTS_UNIT_COMMAND_LINE_H
#define TESTS_UNIT_COMMAND_LINE_H

#include "common/flags.h"
#include "common/options.h"

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 64 };

static struct options options;
static struct flags_error error;

/* Blocks of their own, so that a read past an argument's end shows; options point into them. */
static char *arguments[ARGUMENTS_MAX];
static int argument_count;

static void forget_arguments(void)
{
    for (int i = 0; i < argument_count; i++)
        free(arguments[i]);
    argument_count = 0;
}

static int forget_all(void **state)
{
    (void)state;
    forget_arguments();
    return 0;
}

/* Parses the texts up to a NULL, behind a program's name. */
static enum flags_result parse_list(const char *const texts[])
{
    forget_arguments();
    arguments[argument_count++] = strdup("dnstt_exporter");
    for (size_t i = 0; texts[i] != NULL; i++) {
        assert_true(argument_count < ARGUMENTS_MAX - 1);
        arguments[argument_count++] = strdup(texts[i]);
    }
    arguments[argument_count] = NULL;

    static struct options before;
    memset(&options, 0xa5, sizeof options);
    memset(&before, 0xa5, sizeof before);
    memset(&error, 0, sizeof error);
    enum flags_result result = flags_parse(argument_count, arguments, &options, &error);
    if (result != FLAGS_RUN)
        assert_memory_equal(&options, &before, sizeof options);
    return result;
}

#define PARSE(...) parse_list((const char *const[]){__VA_ARGS__, NULL})
#define ASSERT_RUN(...)                                                                            \
    assert_int_equal(PARSE("-dnstt.domain", "t.example.com", __VA_ARGS__), FLAGS_RUN)
#define ASSERT_WRONG(expected_text, ...)                                                           \
    do {                                                                                           \
        assert_int_equal(PARSE(__VA_ARGS__), FLAGS_WRONG);                                         \
        assert_string_equal(error.text, expected_text);                                            \
    } while (0)

#endif
