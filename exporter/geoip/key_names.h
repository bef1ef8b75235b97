/*
 * Names of keys for a message about a database: "asn, as.name, geo.country_code". Names from a file
 * are foreign text: only printable ASCII of them is kept, and they are limited in length and
 * number.
 */
#ifndef EXPORTER_GEOIP_KEY_NAMES_H
#define EXPORTER_GEOIP_KEY_NAMES_H

#include <maxminddb.h>

enum {
    KEY_NAMES_BYTES = 448, /* of all names together, the NUL included */
    KEY_NAMES_MAX = 24,    /* names */
    KEY_NAME_BYTES = 32,   /* of one key; the rest of a longer one is cut */
};

struct key_names {
    unsigned count;
    char text[KEY_NAMES_BYTES]; /* ended by a NUL; "..." at the end: there are more */
};

/* Adds a key, and behind a dot the key in its map unless that is NULL. A name that is there already
 * is not added again. */
void key_names_add(struct key_names *names, const char *outer, const char *inner);

/*
 * Adds the keys of a record and of the maps in it, no deeper. A record that is not a map is named
 * by its kind: "(text)", "(number)", "(list)" or "(other)". A damaged record gives the names before
 * the damage. The work is bounded, whatever the file says.
 */
void key_names_add_record(struct key_names *names, const MMDB_entry_s *record);

#endif
