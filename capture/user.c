#include "capture/user.h"

#include "common/number.h"
#include "common/sandbox.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* (uid_t)-1 means "leave as it is" to setresuid(2). */
#define ID_MAX (UINT32_MAX - 1)

enum {
    ID_TEXT_MAX = 10,  /* digits of UINT32_MAX */
    MAP_LINE_MAX = 64, /* bytes of a line with three such numbers, and more */
};

static int parse_numbers(const char *text, struct sandbox_user *out)
{
    char user[ID_TEXT_MAX + 1];
    uint64_t uid, gid;
    size_t length = strcspn(text, ":");
    if (length > ID_TEXT_MAX) {
        return -EINVAL;
    }
    memcpy(user, text, length);
    user[length] = '\0';
    const char *group = text[length] == ':' ? text + length + 1 : user;
    if (number_parse(user, 1, ID_MAX, &uid) != 0 || number_parse(group, 1, ID_MAX, &gid) != 0) {
        return -EINVAL;
    }
    *out = (struct sandbox_user){.uid = (uid_t)uid, .gid = (gid_t)gid};
    return 0;
}

static int look_up(const char *name, struct sandbox_user *out)
{
    FILE *file = fopen("/etc/passwd", "re");
    if (file == NULL) {
        return -errno;
    }
    int error = -ENOENT;
    for (const struct passwd *entry; (entry = fgetpwent(file)) != NULL;) {
        if (strcmp(entry->pw_name, name) == 0) {
            *out = (struct sandbox_user){.uid = entry->pw_uid, .gid = entry->pw_gid};
            error = 0;
            break;
        }
    }
    fclose(file);
    return error;
}

int user_parse(const char *text, struct sandbox_user *out)
{
    if (text[0] >= '0' && text[0] <= '9') {
        return parse_numbers(text, out);
    }
    struct sandbox_user found = {.uid = 0};
    int error = look_up(text, &found);
    if (error != 0) {
        return error;
    }
    if (found.uid == 0 || found.gid == 0) {
        return -EINVAL;
    }
    *out = found;
    return 0;
}

bool user_is_in_namespace(void)
{
    /* The first line: a uid inside, the same one outside, how many. Outside of a namespace all uids
     * are themselves. */
    char line[MAP_LINE_MAX];
    FILE *map = fopen("/proc/self/uid_map", "re");
    if (map == NULL) {
        return false;
    }
    char *next = fgets(line, sizeof line, map);
    (void)fclose(map);
    if (next == NULL) {
        return false;
    }
    unsigned long inside = strtoul(next, &next, 10);
    unsigned long outside = strtoul(next, &next, 10);
    return inside != 0 || outside != 0 || strtoul(next, &next, 10) != UINT32_MAX;
}
