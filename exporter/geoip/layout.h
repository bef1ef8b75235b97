/*
 * The country and the ASN in a data record of a MaxMind DB, in every layout found in practice.
 * A value of the wrong form counts as absent, and the next layout is tried.
 */
#ifndef EXPORTER_GEOIP_LAYOUT_H
#define EXPORTER_GEOIP_LAYOUT_H

#include <maxminddb.h>
#include <stdbool.h>

struct geo;

/* Sets the country or the ASN and returns true, or returns false and changes nothing when the
 * record does not have it. */
typedef bool geoip_layout_reader(MMDB_entry_s *record, struct geo *place);

/* Two capital letters other than ZZ. */
geoip_layout_reader geoip_layout_country;

/* 1 to 4294967295: an unsigned integer, or its decimal digits with or without "AS" before them. */
geoip_layout_reader geoip_layout_asn;

#endif
