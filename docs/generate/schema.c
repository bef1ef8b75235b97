#include "docs/generate/schema.h"

#include "exporter/status/members.h"

#include <inttypes.h>
#include <stdio.h>

static void print_object(const struct members *object);

/* Of texts that need no escape but for their quotes, of which they have none. */
static void print_pair(const char *key, const char *value)
{
    printf("\"%s\": \"%s\"", key, value);
}

static void print_number(const struct member *member)
{
    const uint64_t most = member->most != 0                 ? member->most
                          : member->type == MEMBER_NUMBER32 ? UINT32_MAX
                                                            : UINT64_MAX;
    printf(", \"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64,
           member->least, most);
}

static void print_names(const struct member *member)
{
    for (uint32_t i = 0; i < member->names; i++) {
        printf("%s\"%s\"", i > 0 ? ", " : "", member->name(i));
    }
}

/* An object with a count for each name. */
static void print_counts(const struct member *member)
{
    fputs(", \"type\": \"object\", \"additionalProperties\": false, \"required\": [", stdout);
    print_names(member);
    fputs("], \"properties\": {", stdout);
    for (uint32_t i = 0; i < member->names; i++) {
        printf("%s\"%s\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": %" PRIu64 "}",
               i > 0 ? ", " : "", member->name(i), UINT64_MAX);
    }
    fputs("}", stdout);
}

static void print_type(const struct member *member)
{
    switch (member->type) {
    case MEMBER_NUMBER32:
    case MEMBER_NUMBER64:
        print_number(member);
        break;
    case MEMBER_STRING:
    case MEMBER_TEXT:
        if (member->name != NULL) {
            fputs(", \"enum\": [", stdout);
            print_names(member);
            fputs("]", stdout);
        } else {
            fputs(", \"type\": \"string\", \"minLength\": 1", stdout);
        }
        break;
    case MEMBER_SWITCH:
        fputs(", \"type\": \"boolean\"", stdout);
        break;
    case MEMBER_OWN:
        if (member->name != NULL) {
            print_counts(member);
        } else if (member->array && member->object != NULL) {
            fputs(", \"type\": \"array\", \"items\": {", stdout);
            print_object(member->object);
            fputs("}", stdout);
        }
        break;
    }
}

static void print_member(const struct member *member)
{
    printf("\"%s\": {", member->key);
    if (member->object != NULL && !member->array) {
        print_object(member->object);
    } else {
        print_pair("description", member->description);
        print_type(member);
        printf("%s%s", member->schema != NULL ? ", " : "",
               member->schema != NULL ? member->schema : "");
    }
    fputs("}", stdout);
}

/* As deep as the tables are: they do not contain themselves. */
static void print_object(const struct members *object)
{
    const char *before = "";
    print_pair("description", object->description);
    fputs(", \"type\": \"object\", \"additionalProperties\": false, \"required\": [", stdout);
    for (unsigned i = 0; i < object->count; i++) {
        if (object->members[i].present == NULL) {
            printf("%s\"%s\"", before, object->members[i].key);
            before = ", ";
        }
    }
    fputs("], \"properties\": {", stdout);
    for (unsigned i = 0; i < object->count; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_member(&object->members[i]);
    }
    fputs("}", stdout);
}

void print_schema(void)
{
    fputs("{", stdout);
    print_pair("$schema", "https://json-schema.org/draft/2020-12/schema");
    fputs(", ", stdout);
    print_pair("title", "The status page of dnstt_exporter as JSON");
    fputs(", ", stdout);
    print_object(&members_page);
    puts("}");
}
