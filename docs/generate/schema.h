#ifndef DOCS_GENERATE_SCHEMA_H
#define DOCS_GENERATE_SCHEMA_H

/* Prints the JSON Schema of the status page, in one line. */
void print_schema(void);

#endif
