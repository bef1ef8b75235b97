#include "exporter/status/members.h"

#include "exporter/text/foreign_text.h"
#include "exporter/text/json.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <string.h>

void members_put_string(struct writer *page, const char *text)
{
    char *at = writer_begin(page, JSON_QUOTES + JSON_BYTE_MAX * strlen(text));
    if (at != NULL) {
        writer_end(page, json_put_string(at, text));
    }
}

void members_put_foreign(struct writer *page, const struct foreign_text *text)
{
    char *at = writer_begin(page, JSON_FOREIGN_MAX);
    if (at != NULL) {
        writer_end(page, json_put_foreign(at, text));
    }
}

static void put_value(struct writer *page, const struct member *member, const void *from)
{
    const char *at = (const char *)from + member->offset;
    uint32_t number32;
    uint64_t number64;
    const char *string;
    bool on;
    switch (member->type) {
    case MEMBER_OWN:
        member->put(page, from);
        break;
    case MEMBER_NUMBER32:
        memcpy(&number32, at, sizeof number32);
        writer_put(page, "%" PRIu32, number32);
        break;
    case MEMBER_NUMBER64:
        memcpy(&number64, at, sizeof number64);
        writer_put(page, "%" PRIu64, number64);
        break;
    case MEMBER_STRING:
        memcpy(&string, at, sizeof string);
        members_put_string(page, string);
        break;
    case MEMBER_TEXT:
        members_put_string(page, at);
        break;
    case MEMBER_SWITCH:
        memcpy(&on, at, sizeof on);
        writer_put(page, on ? "true" : "false");
        break;
    }
}

void members_put(struct writer *page, const struct members *members, const void *from)
{
    const char *before = "";
    writer_put(page, "{");
    for (unsigned i = 0; i < members->count; i++) {
        const struct member *member = &members->members[i];
        if (member->present == NULL || member->present(from)) {
            writer_put(page, "%s\"%s\":", before, member->key);
            put_value(page, member, from);
            before = ",";
        }
    }
    writer_put(page, "}");
}
