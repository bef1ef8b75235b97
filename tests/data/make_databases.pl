#!/usr/bin/perl
# Writes MaxMind DB files for the tests and the demo into a directory:
#
#     make_databases.pl DIR              one file per layout met in practice, and some faulty ones
#     make_databases.pl DIR spec.json    country.mmdb and asn.mmdb alone, of the networks in
#                                        [{"network": "10.77.1.0/24", "country": "DE", "asn": 64496}]
#                                        where country or asn may be absent
#
# Networks are private or for documentation, and so are the ASNs (RFC 5398). The same octets come
# out of every run with the same SOURCE_DATE_EPOCH (the build time) and PERL_HASH_SEED.
use strict;
use warnings;

# The writer asks for the time, and takes no other.
BEGIN {
    *CORE::GLOBAL::time = sub { $ENV{SOURCE_DATE_EPOCH} // CORE::time() };
}

use JSON::PP ();
use MaxMind::DB::Writer::Tree;

# The same table stands in tests/unit/test_geoip.c.
my @PLACES = (
    { network => '10.77.1.0/24',   country => 'DE', asn => 64496 },
    { network => '10.77.2.0/24',   country => 'FR', asn => 64497 },
    { network => '10.77.3.0/24',   country => 'JP', asn => 4294967295 },
    { network => '127.1.0.0/16',   country => 'NL', asn => 64498 },
    { network => '127.2.0.0/16',   country => 'US', asn => 64499 },
    { network => '192.0.2.0/24',   country => 'BR', asn => 64500 },
    { network => '192.0.2.128/25', country => 'CL', asn => 64501 },
    { network => 'fd77:1::/32',    country => 'DE', asn => 64496 },
    { network => 'fd77:2::/32',    country => 'SE', asn => 65536 },
    { network => '2001:db8::/32',  country => 'ZA', asn => 65551 },
);

# How a value is stored goes by its key. What is not named here is text.
my %TYPES = (
    autonomous_system_number => 'uint32',
    country                  => 'map',
    continent                => 'map',
    geoname_id               => 'uint32',
    is_in_european_union     => 'boolean',
    names                    => 'map',
    registered_country       => 'map',
);

# One file: what each network holds, and what differs from the types and settings above.
sub write_database {
    my ($path, $type, $records, %more) = @_;
    my %types = (%TYPES, %{ $more{types} // {} });
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version               => $more{ip_version}  // 6,
        record_size              => $more{record_size} // 24,
        database_type            => $type,
        languages                => ['en'],
        description              => { en => "$type for tests" },
        alias_ipv6_to_ipv4       => $more{alias} // 0,
        remove_reserved_networks => 0,
        map_key_type_callback    => sub { $types{ $_[0] } // 'utf8_string' },
    );
    $tree->insert_network(@$_) for @$records;

    open my $file, '>:raw', $path or die "$path: $!\n";
    $tree->write_tree($file);
    close $file or die "$path: $!\n";
    # The program reads them as another user than the one who makes them.
    chmod 0644, $path or die "$path: $!\n";
}

# The records of one layout: a function from place to data, undef where it has none.
sub records {
    my ($places, $layout) = @_;
    my @records;
    for my $place (@$places) {
        my $data = $layout->($place);
        push @records, [ $place->{network}, $data ] if defined $data;
    }
    return \@records;
}

sub geolite_country {
    my ($place) = @_;
    return undef unless defined $place->{country};
    return {
        continent => { code => 'EU', names => { en => 'A continent' } },
        country   => {
            geoname_id           => 1,
            is_in_european_union => 0,
            iso_code             => $place->{country},
            names                => { en => 'A country' },
        },
        # Where the addresses are registered, which is not where they are used.
        registered_country => { geoname_id => 2, iso_code => 'AQ' },
    };
}

sub geolite_asn {
    my ($place) = @_;
    return undef unless defined $place->{asn};
    return {
        autonomous_system_number       => $place->{asn},
        autonomous_system_organization => 'An organization',
    };
}

sub write_spec {
    my ($folder, $places) = @_;
    my $country = records($places, \&geolite_country);
    my $asn     = records($places, \&geolite_asn);
    die "no network with a country, or none with an ASN\n" unless @$country && @$asn;
    write_database("$folder/country.mmdb", 'GeoLite2-Country', $country, alias => 1);
    write_database("$folder/asn.mmdb", 'GeoLite2-ASN', $asn, alias => 1);
}

sub write_layouts {
    my ($folder) = @_;

    my $country = records(\@PLACES, \&geolite_country);
    push @$country, [ '10.77.9.0/24', { registered_country => { iso_code => 'IT' } } ];
    write_database("$folder/country.mmdb", 'GeoLite2-Country', $country, alias => 1);
    write_database("$folder/asn.mmdb", 'GeoLite2-ASN', records(\@PLACES, \&geolite_asn),
        alias => 1);

    write_database(
        "$folder/dbip-country.mmdb", 'DBIP-Country-Lite',
        records(\@PLACES, sub { { country => { iso_code => $_[0]{country} } } }),
        record_size => 28,
    );
    write_database(
        "$folder/ipinfo-lite.mmdb", 'ipinfo generic_bundle_free.mmdb',
        records(\@PLACES, sub {
            {
                asn          => "AS$_[0]{asn}",
                as_name      => 'An organization',
                country      => 'A country',
                country_code => $_[0]{country},
            }
        }),
        record_size => 32,
        types       => { country => 'utf8_string' },
    );
    write_database(
        "$folder/ipinfo-country-asn.mmdb", 'ipinfo generic_country_asn_free.mmdb',
        records(\@PLACES, sub {
            {
                asn          => "AS$_[0]{asn}",
                country      => $_[0]{country},
                country_name => 'A country',
            }
        }),
        types => { country => 'utf8_string' },
    );
    write_database("$folder/location-country.mmdb", 'ip-location-db country',
        records(\@PLACES, sub { { country_code => $_[0]{country} } }));
    write_database("$folder/location-asn.mmdb", 'ip-location-db asn',
        records(\@PLACES, \&geolite_asn));
    write_database(
        "$folder/geoopen.mmdb", 'Geo-Open-IP-Country-ASN',
        records(\@PLACES, sub {
            {
                country => {
                    iso_code                     => $_[0]{country},
                    AutonomousSystemNumber       => "$_[0]{asn}",
                    AutonomousSystemOrganization => 'An organization',
                }
            }
        }),
    );
    write_database(
        "$folder/ipv4-country.mmdb", 'GeoLite2-Country',
        records([ grep { $_->{network} !~ /:/ } @PLACES ], \&geolite_country),
        ip_version => 4,
    );

    # Nothing that either flag could use.
    write_database("$folder/neither.mmdb", 'GeoIP2-Connection-Type',
        records(\@PLACES, sub { { connection_type => 'Cable' } }));

    # Values that are not what their key promises, beside a good one in each place.
    write_database(
        "$folder/odd-country.mmdb", 'Odd',
        [
            [ '10.77.1.0/24',  { country_code => 'DE' } ],
            [ '10.77.2.0/24',  { country_code => 'fr' } ],
            [ '10.77.3.0/24',  { country_code => 'JPN' } ],
            [ '10.77.4.0/24',  { country_code => 'J' } ],
            [ '10.77.5.0/24',  { country_code => '' } ],
            [ '10.77.6.0/24',  { country_code => 'A1' } ],
            [ '10.77.7.0/24',  { country_code => "\x{c9}" } ],
            [ '10.77.8.0/24',  { country => { iso_code => 'fR' } } ],
            [ '10.77.9.0/24',  { country => { iso_code => 'None' }, country_code => 'SE' } ],
            [ '10.77.10.0/24', { country => { iso_code => 'ZZ' }, country_code => 'NO' } ],
        ],
    );
    write_database("$folder/map-country.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { country => { iso_code => { en => 'DE' } } } ] ],
        types => { iso_code => 'map' });
    write_database(
        "$folder/odd-asn.mmdb", 'Odd',
        [
            [ '10.77.1.0/24',  { asn => '4294967295' } ],
            [ '10.77.2.0/24',  { asn => 'AS4294967297' } ],
            [ '10.77.3.0/24',  { asn => 'AS' } ],
            [ '10.77.4.0/24',  { asn => '' } ],
            [ '10.77.5.0/24',  { asn => 'AS12x' } ],
            [ '10.77.6.0/24',  { asn => '-1' } ],
            [ '10.77.7.0/24',  { asn => 'as174' } ],
            [ '10.77.8.0/24',  { asn => '18446744073709551617' } ],
            [ '10.77.9.0/24',  { autonomous_system_number => 'AS64496 Name', asn => 'AS64497' } ],
            [ '10.77.10.0/24', { autonomous_system_number => '0', asn => 'AS64498' } ],
            [ '10.77.11.0/24', { country => 'AS174' } ],
            [ '10.77.12.0/24', { asn => ' 174' } ],
            [ '10.77.13.0/24', { short => 'AS174' } ],
            [ '10.77.14.0/24', { asn => 'AX174' } ],
        ],
        types => { autonomous_system_number => 'utf8_string', country => 'utf8_string' },
    );
    write_database("$folder/short-asn.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { autonomous_system_number => 64496 } ] ],
        types => { autonomous_system_number => 'uint16' });
    write_database("$folder/signed-asn.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { autonomous_system_number => 64496 } ] ],
        types => { autonomous_system_number => 'int32' });
}

my ($folder, $spec) = @ARGV;
die "usage: $0 DIR [spec.json]\n" unless defined $folder && @ARGV <= 2;

if (defined $spec) {
    open my $file, '<:raw', $spec or die "$spec: $!\n";
    my $text = do { local $/; <$file> };
    write_spec($folder, JSON::PP->new->utf8->decode($text));
}
else {
    write_layouts($folder);
}
