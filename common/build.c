#include "common/build.h"

#include <errno.h>
#include <stdio.h>

/* VERSION, REVISION and BRANCH are the Makefile's. */
#define TEXT_OF(macro) TEXT(macro)
#define TEXT(token)    #token
#if defined(__clang__)
#define COMPILER                                                                                   \
    "clang " TEXT_OF(__clang_major__) "." TEXT_OF(__clang_minor__) "." TEXT_OF(__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif

#if defined(__x86_64__)
#define PLATFORM "linux/amd64"
#elif defined(__aarch64__)
#define PLATFORM "linux/arm64"
#else
#define PLATFORM "linux/other"
#endif

int build_print(int descriptor)
{
    if (dprintf(descriptor,
                "dnstt_exporter, version %s (branch: %s, revision: %s)\n"
                "  compiler:         %s\n"
                "  platform:         %s\n",
                VERSION, BRANCH, REVISION, COMPILER, PLATFORM) < 0) {
        return -errno;
    }
    return 0;
}

const char *build_version(void)
{
    return VERSION;
}

const char *build_revision(void)
{
    return REVISION;
}

const char *build_branch(void)
{
    return BRANCH;
}

const char *build_compiler(void)
{
    return COMPILER;
}
