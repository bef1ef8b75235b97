/*
 * The country and the ASN in a data record of a MaxMind DB, in every layout found in practice.
 * A value of the wrong form counts as absent, and the next layout is tried.
 */
#ifndef EXPORTER_GEOIP_LAYOUT_H
#define EXPORTER_GEOIP_LAYOUT_H

#include <maxminddb.h>
#include <stdbool.h>

struct geo;
struct key_names;

/* Sets the country or the ASN and returns true, or returns false and changes nothing when the
 * record does not have it. */
typedef bool geoip_layout_reader(MMDB_entry_s *record, struct geo *place);

/* Two letters of any case other than ZZ; capital in the place. */
geoip_layout_reader geoip_layout_country;

/* 1 to 4294967295: a whole number of any type, or its decimal digits with or without "AS" before
 * them. */
geoip_layout_reader geoip_layout_asn;

/* Adds the names of all keys that are looked for, for a message. */
typedef void geoip_layout_namer(struct key_names *names);

geoip_layout_namer geoip_layout_country_keys;
geoip_layout_namer geoip_layout_asn_keys;

#endif
