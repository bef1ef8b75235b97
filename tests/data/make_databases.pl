#!/usr/bin/perl
# Writes MaxMind DB files for the tests and the demo into a directory:
#
#     make_databases.pl DIR              one file per layout met in practice, and some faulty ones
#     make_databases.pl DIR spec.json    country.mmdb and asn.mmdb alone, of the networks in
#                                        [{"network": "10.77.1.0/24", "country": "DE", "asn": 64496}]
#                                        where country or asn may be absent; "organization" is
#                                        the ASN's name
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
use Math::Int128 ();
no warnings 'deprecated'; # the module of Debian 13 warns of itself
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

# The paths that exporter/geoip/layout.c looks for. The same stand in README and in
# tests/unit/exporter/geoip/test_geoip.c. One without a key is the record itself.
my @COUNTRY_PATHS = ('', qw(
    country.iso_code registered_country.iso_code country_code country geo.country_code
    location.country_code geo.country_iso_code country_iso_code country.code country.isoAlpha2
    geo.country location.country iso_code country_code2 country_short countryCode cc
));
my @ASN_PATHS = ('', qw(
    autonomous_system_number asn country.AutonomousSystemNumber traits.autonomous_system_number
    as.asn asn.asn as.number asn.number asn.as_number connection.asn AutonomousSystemNumber
    as_number ASN as
));

# The same stand in tests/unit/exporter/geoip/test_network_names.c.
my @ORGANIZATION_PATHS = qw(
    autonomous_system_organization as_name country.AutonomousSystemOrganization
    traits.autonomous_system_organization as.name asn.organization asn.org asn.descr asn.name
    as.organization.name as.organization connection.organization connection.org
    AutonomousSystemOrganization as_organization asname org name
);

# How a value is stored goes by its key. What is not named here is text, or a map.
my %TYPES = (
    autonomous_system_number => 'uint32',
    ASN                      => 'uint32',
    geoname_id               => 'uint32',
    is_in_european_union     => 'boolean',
);

# One file: what each network holds, and what differs from the types and settings above.
sub write_database {
    my ($path, $type, $records, %more) = @_;
    my %types = (%TYPES, %{ $more{types} // {} });
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version               => $more{ip_version}  // 6,
        record_size              => $more{record_size} // 24,
        database_type            => $type,
        root_data_type           => $more{root}        // 'map',
        languages                => ['en'],
        description              => { en => "$type for tests" },
        alias_ipv6_to_ipv4       => $more{alias} // 0,
        remove_reserved_networks => 0,
        map_key_type_callback    => sub {
            my ($key, $value) = @_;
            return ref $value eq 'HASH' ? 'map' : $types{$key} // 'utf8_string';
        },
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

sub organization {
    my ($place) = @_;
    return $place->{organization} // "Example Network $place->{asn}";
}

sub geolite_asn {
    my ($place) = @_;
    return undef unless defined $place->{asn};
    return {
        autonomous_system_number       => $place->{asn},
        autonomous_system_organization => organization($place),
    };
}

# A value below a path of keys, with another beside it on each level.
sub nested {
    my ($path, $value) = @_;
    return $value if $path eq '';
    my ($first, $rest) = split /\./, $path, 2;
    return { $first => nested($rest // '', $value), beside => { name => 'Another' } };
}

# One file for each path, with all places.
sub write_paths {
    my ($folder) = @_;
    for my $path (@COUNTRY_PATHS) {
        write_database("$folder/country-$path.mmdb", 'Path',
            records(\@PLACES, sub { nested($path, lc $_[0]{country}) }),
            root => $path eq '' ? 'utf8_string' : 'map');
    }
    for my $path (@ASN_PATHS) {
        my ($key) = $path =~ /([^.]*)$/;
        write_database("$folder/asn-$path.mmdb", 'Path',
            records(\@PLACES, sub { nested($path, $_[0]{asn}) }),
            root  => $path eq '' ? 'uint32' : 'map',
            types => { $key => 'uint32' });
    }
    write_database("$folder/asn-text.mmdb", 'Path', records(\@PLACES, sub { "AS$_[0]{asn}" }),
        root => 'utf8_string');
}

# Adds what is below a path of keys to a record.
sub put {
    my ($record, $path, $value) = @_;
    my @keys = split /\./, $path;
    my $last = pop @keys;
    $record = $record->{$_} //= {} for @keys;
    $record->{$last} = $value;
}

# One file for each path to the name of a network. The ASN is where no path goes. In the last file
# 10.77.N.0/24 has a name at path N and at all after it, which is that path.
sub write_organizations {
    my ($folder) = @_;
    for my $path (@ORGANIZATION_PATHS) {
        write_database("$folder/organization-$path.mmdb", 'Path', records(\@PLACES, sub {
            { ASN => $_[0]{asn}, %{ nested($path, organization($_[0])) } }
        }));
    }
    my @records;
    for my $first (0 .. $#ORGANIZATION_PATHS) {
        my %record = (ASN => 64496);
        # Not both a name and a map with one: the deeper path is the better.
        for my $path (@ORGANIZATION_PATHS[$first .. $#ORGANIZATION_PATHS]) {
            next if $path eq 'as.organization' && exists $record{as}{organization};
            put(\%record, $path, $path);
        }
        push @records, [ "10.77.$first.0/24", \%record ];
    }
    write_database("$folder/organizations.mmdb", 'Odd', \@records);
}

# Names that are not what their key promises, hostile ones, and none. 10.77.N.0/24 has the ASN
# 64496 + N.
sub write_odd_organizations {
    my ($folder) = @_;
    my @odd = (
        { as_name => 'x' x 100 },
        { as_name => 'x' . "\x{e9}" x 60 },
        { as_name => "red\e[31m\nline\0\"quote\"\\ {} " },
        { as_name => "\x{202e}back\x{2066}\x{feff}wards\x{85}" },
        { as_name => " \t\x{200b}\x{7f} ", org => 'After spaces' },
        { asname => 7, org => 'After a number' },
        { org => { en => 'No' }, name => 'After a map' },
        { as => { organization => { name => { en => 'No' } } }, org => 'After deep maps' },
        { as => { organization => {} }, asn => {}, name => 'After empty maps' },
        {},
        { name => '' },
        { name => 'In a record that is too large', map { ("key$_" => 'x') } 1 .. 600 },
        { as => { name => 'Beside', organization => { name => 'Deep' } } },
        { as => { organization => { other => { name => 'No' }, name => 'Deep' } } },
        { as => { names => 'No', nam => 'No' }, NAME => 'No', '' => 'No' },
        { name => "</title><script>alert(1)</script>\x{2028}&amp;" },
        { country => 'No', org => 'Between texts for maps', traits => 'No' },
    );
    my @records = map {
        [ "10.77.$_.0/24", { autonomous_system_number => 64496 + $_, %{ $odd[$_] } } ]
    } 0 .. $#odd;
    write_database("$folder/odd-organizations.mmdb", 'Odd', \@records,
        types => { asname => 'uint32' });
}

# An ASN database of numbers of one type: 10.77.N.0/24 has the one at N.
sub write_number {
    my ($path, $type, @numbers) = @_;
    my @records = map { [ "10.77.$_.0/24", { asn => $numbers[$_] } ] } 0 .. $#numbers;
    write_database($path, 'Odd', \@records, types => { asn => $type });
}

# Nothing of use, under names that are not fit to be shown, too long or too many.
sub write_foreign_keys {
    my ($folder) = @_;
    my %hostile = (
        "red\e[31m"      => 1,
        "line\nend"      => 1,
        "quote\"s\\"     => 1,
        "nul\0byte"      => 1,
        "comma, space"   => 1,
        "\x{e9}t\x{e9}"  => { "\x{202e}back" => 1 },
        ''               => 1,
        "l" . 'o' x 300 . 'ng' => { 'i' x 300 => 1 },
    );
    write_database("$folder/hostile-keys.mmdb", 'Odd', [ [ '10.77.1.0/24', \%hostile ] ]);
    write_database("$folder/many-keys.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { map { ("key$_" => $_) } 100 .. 999 } ] ]);
    write_database("$folder/wide-keys.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { map { ($_ x 40 => { $_ x 40 => 1 }) } 'a' .. 'z' } ] ]);
    # Several records, the second of which refers to the first one's map.
    write_database(
        "$folder/some-keys.mmdb", 'Odd',
        [
            [ '10.77.1.0/24', { net => { number => 'None', deep => { er => 'value' } }, b => '' } ],
            [ '10.77.2.0/24', { net => { number => 'None', deep => { er => 'value' } }, c => '' } ],
        ],
    );
    write_database("$folder/bare-text.mmdb", 'Odd', [ [ '10.77.1.0/24', 'private' ] ],
        root => 'utf8_string');
    write_database("$folder/bare-number.mmdb", 'Odd', [ [ '10.77.1.0/24', 0 ] ], root => 'uint32');
    write_database("$folder/no-name.mmdb", 'Odd', [ [ '10.77.1.0/24', { '' => 1, a => 1 } ] ]);
    write_database("$folder/no-keys.mmdb", 'Odd', [ [ '10.77.1.0/24', {} ] ]);
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
                as_name      => organization($_[0]),
                country      => 'A country',
                country_code => $_[0]{country},
            }
        }),
        record_size => 32,
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
                    AutonomousSystemOrganization => organization($_[0]),
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
        [ [ '10.77.1.0/24', { country => { iso_code => { en => 'DE' } } } ] ]);
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
            [ '10.77.15.0/24', { asn => 'aS174' } ],
        ],
        types => { autonomous_system_number => 'utf8_string' },
    );
    write_database("$folder/short-asn.mmdb", 'Odd',
        [ [ '10.77.1.0/24', { autonomous_system_number => 64496 } ] ],
        types => { autonomous_system_number => 'uint16' });
    write_number("$folder/signed-asn.mmdb", 'int32', 64496, 2147483647, 0, -1, -2147483648);
    write_number("$folder/double-asn.mmdb", 'double', 64496, 4294967295, 0, -1, 64496.5,
        4294967296, 1e300, 'inf', 'nan');
    my $one = Math::Int128::uint128(1);
    my @long = (64496, 4294967295, 0, 4294967296, ($one << 32) + 64496, ($one << 64) - 1);
    write_number("$folder/long-asn.mmdb", 'uint64', @long);
    write_number("$folder/longest-asn.mmdb", 'uint128', @long, ($one << 64) + 64496, ($one << 127));
    write_number("$folder/float-asn.mmdb", 'float', 64496, 16777216, 0, -1, 64496.5, 16777218,
        'inf', 'nan');

    write_paths($folder);
    write_organizations($folder);
    write_odd_organizations($folder);
    write_foreign_keys($folder);
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
