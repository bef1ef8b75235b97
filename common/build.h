/* What this build is: version, source, compiler. */
#ifndef COMMON_BUILD_H
#define COMMON_BUILD_H

/* Never NULL or empty. The compiler is its name and version. */
const char *build_version(void);
const char *build_revision(void);
const char *build_branch(void);
const char *build_compiler(void);

/* Writes the version text in Prometheus' form. Returns 0 or -errno. */
int build_print(int descriptor);

#endif
