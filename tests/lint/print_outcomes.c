/* Prints README's table of what becomes of a packet, from the one that the programs use. */
#include "common/wire.h"

#include <stdio.h>

int main(void)
{
    puts("| `outcome` | `reason` | when |\n|---|---|---|");
    for (unsigned i = 0; i < WIRE_OUTCOMES; i++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[i];
        printf("| `%s` | %s%s%s | %s |\n", text->outcome, text->reason != NULL ? "`" : "",
               text->reason != NULL ? text->reason : "", text->reason != NULL ? "`" : "",
               text->meaning);
    }
    return 0;
}
