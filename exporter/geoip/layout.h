/*
 * The country, the ASN and its organization in a data record of a MaxMind DB, in every layout found
 * in practice.
 * A value of the wrong form counts as absent, and the next layout is tried.
 */
#ifndef EXPORTER_GEOIP_LAYOUT_H
#define EXPORTER_GEOIP_LAYOUT_H

#include <maxminddb.h>
#include <stdbool.h>

struct foreign_text;
struct geo;
struct key_names;

/* Sets the country or the ASN and returns true, or returns false and leaves the place alone when
 * the record does not have it, or has more than RECORD_STEPS_MAX values before it is known.
 * `*steps`: values that may be read; those of this record are taken from it. */
typedef bool geoip_layout_reader(const MMDB_entry_s *record, unsigned *steps, struct geo *place);

/* Two letters of any case other than ZZ; capital in the place. */
geoip_layout_reader geoip_layout_country;

/* 1 to 4294967295: a whole number of any type, of a float up to 2^24, or its decimal digits with or
 * without "AS" before them. */
geoip_layout_reader geoip_layout_asn;

/* The name of the network that has the ASN, cleaned, of a byte or more. Returns false, and leaves
 * the name alone, when the record does not have it, or has more than RECORD_STEPS_MAX values before
 * it is known. */
bool geoip_layout_organization(const MMDB_entry_s *record, struct foreign_text *name);

/* Adds the names of all keys that are looked for, for a message. */
typedef void geoip_layout_namer(struct key_names *names);

geoip_layout_namer geoip_layout_country_keys;
geoip_layout_namer geoip_layout_asn_keys;

#endif
