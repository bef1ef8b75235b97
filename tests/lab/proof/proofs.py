"""What is proved: a row for each harness. Names of loops are CBMC's: function, dot, number."""

from typing import NamedTuple


class Loop(NamedTuple):
    """A loop's contract, in C over the variables of its function. `variables` gives these their
    names here: in the order in which they first stand in the function, up to the last one used."""
    variables: str
    assigns: str
    invariants: str
    decreases: str


class Proof(NamedTuple):
    harness: str  # the function prove_… of it
    source: str  # the file of this folder that it stands in
    mutants: tuple  # (shipped file, pattern of one place in it, what it becomes): patterns.py
    loops: dict = {}  # loops that a contract stands for
    unwind: int = 2  # times that other loops are unwound; CBMC checks that this is enough
    models: dict = {}  # function: the harness's model that it is replaced with
    wraps: tuple = ()  # unsigned arithmetic that is meant to wrap, as CBMC words it
    unsigned: bool = True  # whether unsigned arithmetic and conversions are checked to lose nothing


# Shipped files.
IP = "capture/sniffer/parse/ip.c"
DNS = "capture/sniffer/parse/dns.c"
BASE32 = "capture/sniffer/parse/base32.c"
BASE32_H = "capture/sniffer/parse/base32.h"
TUNNELS = "capture/sniffer/tunnels/tunnels.c"
TUNNELS_H = "capture/sniffer/tunnels/tunnels.h"
DETECT = "capture/sniffer/tunnels/detect.c"
RULES = "capture/sniffer/tunnels/rules.c"
FRAMES_H = "capture/sniffer/tunnels/frames.h"
KCP = "capture/sniffer/tunnels/kcp.c"
DNSTTEX = "capture/sniffer/tunnels/dnsttex.c"
SLIPSTREAM = "capture/sniffer/tunnels/slipstream.c"
TOKEN = "capture/sniffer/token.c"
CLASSIFY = "capture/sniffer/classify.c"
WIRE = "common/wire.c"
WIRE_H = "common/wire.h"
INTAKE = "exporter/state/intake.c"
COUNTS_H = "exporter/counts/counts.h"
HISTOGRAM = "exporter/counts/histogram.c"
REPEATS = "exporter/counts/repeats.c"
REPEATS_H = "exporter/counts/repeats.h"

SKIP_LABELS = {"skip_labels.0": Loop(
    "message length offset",
    "offset", "offset <= 65535 + 64 && offset >= __CPROVER_loop_entry(offset)",
    "65535 + 64 - offset")}
ZERO_LABEL = ("arithmetic overflow on unsigned - in label - (unsigned long int)1",)
# What is out of its range becomes a number above it.
COMMAND = ("arithmetic overflow on unsigned - in command - (unsigned int)81",)
PADDING_MARK = ("arithmetic overflow on signed to unsigned type conversion in "
                "(uint8_t)((signed int)mark - 224)",)
# An octet that is 0 takes from the next one.
ZERO_OCTET = ("arithmetic overflow on unsigned - in differ - ones",)
# What is above the low octets of a word is of no account.
SHORT_WORD = ("arithmetic overflow on unsigned to unsigned type conversion in "
              "(uint16_t)return_value_base32_word",)
LOW_OCTET = ("arithmetic overflow on unsigned to unsigned type conversion in (uint8_t)word",)

# read_labels: octets of the name that were read, and values that were written.
READ = "((unsigned long)labels - (unsigned long)name)"
WRITTEN = "((unsigned long)next - (unsigned long)values)"

# take_records: a pointer is one to a record of the message, or just past the last. In integers, since
# pointers that nothing is known of yet may not be compared.
IN_RECORDS = ("__CPROVER_same_object({0}, batch) && (unsigned long){0} <= (unsigned long)end"
              " && ((unsigned long){0} - (unsigned long)batch) % 32 == 16")

VERDICT_MODELS = {name: f"model_{name}" for name in (
    "dns_question_parse", "dns_records_parse", "dns_query_length", "find_domain",
    "base32_read_labels", "base32hex_read_labels", "base32_is_canonical", "frames_dnstt",
    "frames_vaydns", "dnsttex_frame", "slipstream_header")}

NO_LABEL = "if ($question->name_length == $domain->wire_length) { return WIRE_REJECTED_SHORT; }"


def further(segment, header, continues):
    """Mutants of the loop over a packet's further segments."""
    call = f"size_t $octets = {segment}($values, $at, $end);"
    none = "if ($octets == 0) { return false; }"
    return ((KCP, f"{call} {none} $at += $octets;", f"{call} {none} $at += {header};"),
            (KCP, f"{call} {none}", call),
            (KCP, f"in {continues}: return $at == $end;", "return true;"))


PROOFS = [
    Proof("ip_parse", "prove_ip.c",
          unwind=3,
          loops={"parse_ipv6.0": Loop(
              "frame out ip next end kept offset first_fragment count",
              "next, offset, count, first_fragment",
              "count <= 8 && offset >= 40 && offset <= end", "8 - count")},
          mutants=((IP, "if ($kept < $offset + UDP_OCTETS)",
                    "if ($kept < $offset + UDP_OCTETS - 1)"),
                   (IP, "$kept < $offset + EXTENSION_OCTETS", "$kept < $offset"),
                   (IP, "$payload_kept < $payload_length ? $payload_kept",
                    "$payload_kept > $payload_length ? $payload_kept"),
                   (IP, "if ($inner.captured < TAG_OCTETS)",
                    "if ($inner.captured < TAG_OCTETS - 1)"))),
    Proof("dns_question_parse", "prove_dns.c", wraps=ZERO_LABEL,
          unwind=257,
          loops={"skip_labels.0": Loop(
              "message length offset",
              "offset", "offset <= 65535 + 64 && offset >= __CPROVER_loop_entry(offset)"
              " && (offset > root_at || (named >> offset & 1) == (named >> 12 & 1))",
              "65535 + 64 - offset")},
          mutants=((DNS,
                    "$label = $message[$offset]; if ($label - 1 >= DNS_LABEL_MAX) {",
                    "$label = $message[$offset]; if ($label > DNS_LABEL_MAX || "
                    "($label == 0 && $offset > 20)) {"),
                   (DNS, "if ($end > $length || $message[$root] != 0)",
                    "if ($message[$root] != 0 || $end > $length)"),)),
    Proof("walk_records", "prove_dns.c", wraps=ZERO_LABEL,
          loops={**SKIP_LABELS, "walk_records.0": Loop(
              "message length offset count edns",
              "offset, count, *edns",
              "offset <= length && count <= __CPROVER_loop_entry(count)"
              " && (unsigned long)edns->opt_count + count <= 65535"
              " && offset + 11 * (unsigned long)count"
              " >= __CPROVER_loop_entry(offset) + 11 * (unsigned long)__CPROVER_loop_entry(count)",
              "count")},
          mutants=((DNS, "$offset = $fixed + RECORD_FIXED_OCTETS;",
                    "$offset = $fixed + RECORD_FIXED_OCTETS - 1;"),
                   (DNS, "for (; $count > 0; $count--) {", "for (; $count > 1; $count--) {"),
                   (DNS, "for (; $count > 0; $count--) {", "for (; $count > 0;) {"))),
    Proof("dns_records_parse", "prove_dns.c", models={"walk_records": "model_walk_records"},
          mutants=((DNS, "$offset, $count, &$edns) != $length) {",
                    "$offset, $count, &$edns) > $length) {"),
                   (DNS, "$offset, $count, &$edns) != $length) {",
                    "$offset, $count, &$edns) < $length) {"))),
    Proof("dns_query_length", "prove_dns.c", wraps=ZERO_LABEL, loops=SKIP_LABELS,
          models={"walk_records": "model_walk_records"},
          mutants=((DNS, "in dns_query_length: if ($end > $length) {", "if (false) {"),
                   (DNS, "$question.end, $header.additional_count, &$edns",
                    "0, $header.additional_count, &$edns"),
                   (DNS, "$question.end, $header.additional_count, &$edns",
                    "$question.end, 0, &$edns"),
                   (DNS,
                    "dns_header_parse($message, $length, &$header) != 0 || $header.response ||",
                    "dns_header_parse($message, $length, &$header) != 0 ||"),
                   (DNS, "$header.question_count != 1 || ", ""),
                   (DNS, " || $header.authority_count != 0", ""),
                   (DNS, "dns_header_parse($message, $length, &$header) != 0", "false"))),
    Proof("read_characters", "prove_base32.c", unsigned=False, models={"load": "model_load"},
          unwind=17,
          mutants=((BASE32, "typedef uint8_t octets", "typedef int8_t octets"),)),
    Proof("read_hex_characters", "prove_base32.c", unsigned=False, models={"load": "model_load"},
          unwind=17,
          mutants=((BASE32, "& $digit) | (($character - '0')", ") | (($character - '0')"),)),
    Proof("read_labels", "prove_base32.c",
          unwind=256,
          loops={"read_labels.0": Loop(
                     "read labels length values counting end next faults label at",
                     "at, faults", "at <= label", "label - at"),
                 "read_labels.1": Loop(
                     "read labels length values counting end next faults",
                     "labels, next, faults",
                     "__CPROVER_same_object(labels, name) && __CPROVER_same_object(next, values)"
                     f" && {READ} <= 255 && (fills >> {READ} & 1) != 0"
                     f" && {WRITTEN} <= 255 && {WRITTEN} + 255 <= {READ} + length"
                     f" && ({WRITTEN} > 0 || {READ} + length == 255)",
                     f"255 - {READ}")},
          mutants=((BASE32, "$at + BASE32_STEP <= $label", "$at < $label"),
                   (BASE32, "BASE32_STEP - ($label - $at)", "BASE32_STEP + ($label - $at)"))),
    Proof("base32_read_labels", "prove_base32.c", models={"read_labels": "model_read_labels"},
          mutants=((BASE32, "return read_labels(read_hex_characters,",
                    "return read_labels(read_characters,"),)),
    Proof("base32_is_canonical", "prove_base32.c",
          mutants=((BASE32_H, "0xf, 0x1, NEVER, 0x7}", "0xf, 0x1, NEVER, 0x3}"),
                   (BASE32_H, "{0, NEVER, 0x3,", "{0, 0, 0x3,"))),
    Proof("label_begins", "prove_tunnels.c", unwind=256,
          loops={"label_begins.0": Loop(
              "question offset at",
              "at",
              "at <= offset + 255 && (at > offset ? (fills >> start & 1) == 0 : "
              "(fills >> start & 1) == (fills >> (start + at) & 1))", "offset + 255 - at")},
          mutants=((TUNNELS, "while ($at < $offset)", "while ($at <= $offset)"),)),
    Proof("is_under", "prove_tunnels.c", unwind=32,
          models={"label_begins": "model_label_begins"},
          mutants=((TUNNELS, "if ($question->name_length < $domain->wire_length)",
                    "if ($question->name_length + 9 < $domain->wire_length)"),
                   (TUNNELS,
                    "return label_begins($question, (size_t)$question->name_length - "
                    "$domain->wire_length);",
                    "return true;"))),
    Proof("make_id", "prove_rules.c",
          mutants=((RULES, "VALUE_MASK & ~(VALUE_MASK >> $bits % VALUE_BITS)", "VALUE_MASK"),)),
    Proof("tunnels_record_type", "prove_rules.c", unwind=10,
          mutants=((RULES, "$record_type < TUNNEL_ANY && codes", "codes"),
                   (RULES, "$record_type < TUNNEL_ANY && codes",
                    "$record_type < TUNNEL_CAA && codes"))),
    Proof("make_rules", "prove_rules.c", unwind=4,
          mutants=((RULES, "$out->id_values = 0;", ""),
                   (RULES, "[TUNNEL_CAA] = 257,", ""))),
    Proof("find_domain", "prove_tunnels.c", unwind=33,
          models={"is_under": "model_is_under"},
          mutants=((TUNNELS, "while (--$left > 0)", "while ($left-- > 0)"),
                   (TUNNELS, "while (--$left > 0)", "while (--$left > 1)"))),
    Proof("is_joined", "prove_tunnels.c", models={"dns_query_length": "model_dns_query_length"},
          mutants=((TUNNELS, "dns_query_length($message + $first, $length - $first, &$second)",
                    "dns_query_length($message + $first, $length, &$second)"),
                   (TUNNELS, "dns_query_length($message + $first, $length - $first, &$second)",
                    "dns_query_length($message, $length - $first, &$second)"),
                   (TUNNELS, "dns_query_length($message, $length, &$first) != 0 ||", ""),
                   (TUNNELS, "in is_joined: return $second == $first ||",
                    "return $second >= $first ||"),
                   (TUNNELS, " && $first + $second == $length", ""))),
    Proof("tunnels_classify_query", "prove_tunnels.c", models=VERDICT_MODELS,
          mutants=((TUNNELS_H, "< $length + BASE32_STEP)", "< $length + BASE32_STEP - 1)"),
                   (TUNNELS, "if ($captured > 2 &&", "if ($captured > 1 &&"),
                   (TUNNELS,
                    "size_t $length = (size_t)$question->name_length - $domain->wire_length;",
                    "size_t $length = $question->name_length;"),
                   (TUNNELS, "$domain == NULL || !$asks_question_only($domain)",
                    "$domain == NULL"),
                   (TUNNELS, "is_joined($message, (size_t)($end - $message))", "true"),
                   (TUNNELS, "is_joined($message, (size_t)($end - $message))",
                    "is_joined($message, UINT16_MAX)"),
                   (TUNNELS, "read_values($question, $domain, $end, true, $out)",
                    "read_values($question, $domain, $end, false, $out)"),
                   (TUNNELS, "if ($octet_count < DNSTTEX_OCTETS_MIN) {", "if (false) {"),
                   (TUNNELS, f"{NO_LABEL} if (!$read_values", "if (!$read_values"),
                   (TUNNELS, "if ($domain->format == TUNNEL_SLIPSTREAM) {", "if (false) {"),
                   (TUNNELS, "$plain ? FRAMES_DNSTT_ID_OCTETS : $domain->id_octets",
                    "$plain ? 0 : $domain->id_octets"))),
    Proof("tunnels_classify_response", "prove_tunnels.c", models=VERDICT_MODELS,
          mutants=((TUNNELS, "$plain ? FRAMES_DNSTT_ID_OCTETS : $domain->id_octets", "0"),
                   (TUNNELS, "if (!$plain && $domain->any_framing) {", "if (false) {"),
                   (TUNNELS, "return $response_code == NO_ERROR || $response_code == NAME_ERROR;",
                    "return true;"),
                   (TUNNELS, "default: return $response_code == NO_ERROR;",
                    "default: return true;"),
                   (TUNNELS,
                    "return WIRE_REJECTED_QTYPE; } if ($domain->format == TUNNEL_DNSTTEX) { "
                    "return $classify_dnsttex_payload($question, $domain, $end",
                    "return WIRE_REJECTED_QTYPE; } if ($domain->format == TUNNEL_DNSTTEX) { "
                    "return classify_slipstream($domain, $question, $end"),
                   (TUNNELS, "? classify_payload($question, $domain, true, $end, $out)",
                    "? classify_payload($question, $domain, false, $end, $out)"),
                   (TUNNELS, ": classify_payload($question, $domain, false, $end, $out)",
                    ": classify_payload($question, $domain, true, $end, $out)"))),
    Proof("segment", "prove_frames.c", wraps=COMMAND,
          mutants=((KCP, "$length > $end - $at - KCP_HEADER_OCTETS", "$length > $end - $at"),
                   (KCP, "$command - COMMAND_FIRST >= COMMAND_COUNT || ", ""),
                   (KCP, "return KCP_HEADER_OCTETS + $length;", "return $length;"))),
    Proof("kcp_has_command", "prove_frames.c",
          mutants=((KCP, "$command < COMMAND_FIRST + COMMAND_COUNT", "true"),
                   (KCP, "$command >= COMMAND_FIRST && ", ""))),
    Proof("continues", "prove_frames.c",
          models={"segment": "model_segment", "base32_word": "model_base32_word"},
          loops={"continues.0": Loop(
              "values begin at end",
              "at, segments_end, last_word, last_word_at",
              "begin <= at && at <= end && segments_end == at && (at == begin) == (first == 0)",
              "end - at")},
          mutants=((KCP, "while ($end - $at >= KCP_HEADER_OCTETS", "while ($at < $end"),
                   (KCP, " && base32_word($values, $at) == $conversation", ""),
                   *further("segment", "KCP_HEADER_OCTETS", "continues"))),
    Proof("kcp_is_packet", "prove_frames.c",
          models={"segment": "model_segment", "continues": "model_continues"},
          mutants=((KCP, "$begin + segment($values, $begin, $end)",
                    "segment($values, $begin, $end)"),
                   (KCP, " || continues($values, $begin, $at, $end)", " || true"))),
    Proof("compact_segment", "prove_frames.c", wraps=SHORT_WORD,
          models={"base32_word": "model_base32_word"},
          mutants=((KCP, "$length > $end - $at - KCP_COMPACT_HEADER_OCTETS",
                    "$length > $end - $at"),
                   (KCP, "__builtin_bswap16((uint16_t)base32_word($values, $at + COMPACT_TAIL))",
                    "(uint16_t)base32_word($values, $at + COMPACT_TAIL)"))),
    Proof("compact_continues", "prove_frames.c",
          models={"compact_segment": "model_compact_segment", "base32_word": "model_base32_word"},
          loops={"compact_continues.0": Loop(
              "values begin at end",
              "at, segments_end, last_word, last_word_at",
              "begin <= at && at <= end && segments_end == at && (at == begin) == (first == 0)",
              "end - at")},
          mutants=((KCP, "while ($end - $at >= KCP_COMPACT_HEADER_OCTETS", "while ($at < $end"),
                   (KCP,
                    "in compact_continues: $compact_conversation($values, $at) == $conversation",
                    "true"),
                   *further("compact_segment", "KCP_COMPACT_HEADER_OCTETS",
                            "compact_continues"))),
    Proof("kcp_is_compact_packet", "prove_frames.c",
          models={"compact_segment": "model_compact_segment",
                  "compact_continues": "model_continues"},
          mutants=((KCP, "$begin + compact_segment($values, $begin, $end)",
                    "compact_segment($values, $begin, $end)"),
                   (KCP, " || compact_continues($values, $begin, $at, $end)", " || true"))),
    Proof("frames_dnstt", "prove_frames.c", wraps=PADDING_MARK,
          mutants=((FRAMES_H, "if ($packet >= $length) {", "if ($packet == $length) {"),
                   (FRAMES_H, "> FRAMES_PADDING_MAX", "> 2 * FRAMES_PADDING_MAX"),
                   (FRAMES_H, "$packet_length >= $packet_min && ", ""))),
    Proof("frames_vaydns", "prove_frames.c", models={"kcp_is_packet": "model_kcp_is_packet"},
          mutants=((FRAMES_H, "return $rest > KCP_HEADER_OCTETS &&",
                    "return $rest >= KCP_HEADER_OCTETS &&"),
                   (FRAMES_H, " && base32_octet($values, $id) == $rest - 1", ""))),
    Proof("are_packets", "prove_frames.c",
          models={"kcp_is_compact_packet": "model_kcp_is_compact_packet",
                  "base32_octet": "model_base32_octet"},
          unwind=13,
          mutants=((DNSTTEX, "if ($at >= $end) {", "if ($at > $end) {"),
                   (DNSTTEX, "$length < KCP_COMPACT_HEADER_OCTETS || ", ""),
                   (DNSTTEX, " || $length > $end - $at", ""),
                   (DNSTTEX, "!kcp_is_compact_packet($values, $at, $at + $length)", "false"))),
    Proof("dnsttex_frame", "prove_frames.c", wraps=LOW_OCTET,
          models={"kcp_is_compact_packet": "model_kcp_is_compact_packet",
                  "are_packets": "model_are_packets", "base32_word": "model_frame_word"},
          mutants=((DNSTTEX, "$length >= PROBE_LONG_OCTETS", "$length > PROBE_LONG_OCTETS"),
                   (DNSTTEX, "$end - $at == POLL_OCTETS", "$end - $at >= POLL_OCTETS"),
                   (DNSTTEX, "($hint && $mark == HINT_POLL_MARK)", "$mark == HINT_POLL_MARK"),
                   (DNSTTEX, "$mark >= KCP_COMPACT_HEADER_OCTETS && ", ""),
                   (DNSTTEX, " && $at + $mark == $end", ""),
                   (DNSTTEX, "$length > DNSTTEX_ID_OCTETS + HINT_OCTETS", "true"))),
    Proof("slipstream_header", "prove_frames.c",
          mutants=((SLIPSTREAM, "if ($source >= $length) {", "if ($source > 2 * $length) {"),
                   (SLIPSTREAM, "$source + 1 + $source_octets > $length",
                    "$source + $source_octets > $length"),
                   (SLIPSTREAM, "base32_word($values, LONG_VERSION) != VERSION_1", "false"),
                   (SLIPSTREAM, "if ($id_octets > SLIPSTREAM_ID_OCTETS_MAX ||", "if ("),
                   (SLIPSTREAM, " || $type == RETRY", ""),
                   (SLIPSTREAM, "if ($id_octets == 0) {", "if (false) {"),
                   (SLIPSTREAM, "$length < SHORT_HEADER_OCTETS_MIN",
                    "$length < PACKET_OCTETS_MIN"))),
    Proof("detect_format", "prove_detect.c", unwind=9, wraps=ZERO_OCTET,
          models={name: f"model_{name}" for name in (
              "tunnels_record_type", "base32_read_labels", "base32hex_read_labels",
              "base32_is_canonical", "frames_vaydns", "frames_dnstt", "kcp_has_command",
              "kcp_is_packet",
              "slipstream_header", "dnsttex_frame")},
          mutants=((TUNNELS_H, "< $length + BASE32_STEP)", "< $length + BASE32_STEP - 1)"),
                   (DETECT, "$type == TUNNEL_ANY || ", ""),
                   (DETECT, "$octets < OCTETS_MIN || ", ""),
                   (DETECT, "FRAMES_DNSTT_ID_OCTETS + 1 + $padding + 1",
                    "FRAMES_DNSTT_ID_OCTETS + 1"),
                   (DETECT, "FRAMES_DNSTT_PACKET_MIN) != WIRE_STRONG",
                    "FRAMES_DNSTT_PACKET_MIN) == FRAMES_WRONG"),
                   (DETECT, "$outcome != WIRE_REJECTED_ENCODING", "true"),
                   (DETECT, "const bool $was_read = $other && $outcome",
                    "const bool $was_read = $outcome"),
                   (DETECT, "if ($id > 0) {", "if (true) {"),
                   (DETECT, "SLIPSTREAM_LONG_ID, $id};", "SLIPSTREAM_LONG_ID + 1, $id};"),
                   (DETECT, "$alphabet == BASE32 ?", "$alphabet != BASE32 ?"))),
    Proof("token_session", "prove_token.c", unsigned=False,
          mutants=((TOKEN, "$values + sizeof $first, sizeof $rest", "$values + 9, sizeof $rest"),)),
    Proof("octets_at", "prove_token.c", unsigned=False,
          models={"base32_word": "model_base32_word"},
          mutants=((TOKEN, "base32_word($values, $at + 4);", "base32_word($values, $at + 8);"),
                   (TOKEN, "$count < 8 ? $word & ~(UINT64_MAX >> 8 * $count) : $word", "$word"))),
    Proof("token_session_at", "prove_token.c", unwind=4, unsigned=False,
          models={"octets_at": "model_octets_at"},
          mutants=((TOKEN, "octets_at($values, $at + $done, $octets - $done)",
                    "octets_at($values, $done, $octets - $done)"),
                   (TOKEN, "in token_session_at: $done < $octets;", "$done <= $octets;"))),
    Proof("token_fingerprint", "prove_token.c", unwind=17, unsigned=False,
          mutants=((TOKEN, "$get64($data + $at + 8)", "$get64($data + $at + 9)"),
                   (TOKEN, ">> 40);", ">> 39);"))),
    Proof("classify_frame", "prove_classify.c",
          unwind=17,
          models={name: f"model_{name}" for name in (
              "ip_parse", "tunnels_classify_query", "tunnels_classify_response", "detect_format",
              "token_session", "token_session_at", "token_fingerprint")},
          mutants=((CLASSIFY, "$findings->value_count - $domain->id_values",
                    "$findings->value_count"),
                   (CLASSIFY, "$domain->format == TUNNEL_SLIPSTREAM", "false"),
                   (CLASSIFY, "$findings->slipstream.at, ", "$findings->value_count, "),
                   (CLASSIFY, "wire_set_fingerprint($record, $domain->index, 0);",
                    "wire_set_fingerprint($record, UINT8_MAX, 0);"),
                   (CLASSIFY, "wire_set_fingerprint($record, $domain->index, $fingerprint);",
                    "wire_set_fingerprint($record, 0, $fingerprint);"),
                   (WIRE_H, "in wire_set_fingerprint: $fingerprint << 8 | $domain",
                    "$fingerprint << 9 | $domain"),
                   (WIRE, "{WIRE_NO_SESSION, WIRE_STRONG}", "{WIRE_WEAK, WIRE_STRONG}"),
                   (CLASSIFY, "$findings.strength != WIRE_NO_SESSION", "true"),
                   (CLASSIFY, " && !$datagram->fragment", ""),
                   (CLASSIFY, "$datagram->captured == $datagram->length && ", ""),
                   (CLASSIFY, "$outcome = $frame->type == PACKET_HOST", "$outcome = true"),
                   (CLASSIFY, "$record->outcome == WIRE_REJECTED_OPCODE || ", ""),
                   (CLASSIFY, "$proof.id_at,", "0,"),
                   (CLASSIFY, "wire_set_evidence($record, $proof.evidence);", ""),
                   (CLASSIFY, "    if ($port == $classifier->port_count) {", "    if (false) {"),
                   (CLASSIFY, "$stats->ports[$port].queries++;",
                    "$stats->ports[$port].queries += 2;"),
                   (CLASSIFY, "+= $outcome == WIRE_OTHER_DOMAIN;", "+= 1;"))),
    Proof("ports_fit", "prove_intake.c", unwind=17, unsigned=False,
          models={"add": "model_add"},
          mutants=((WIRE, "$port->loopback > $port->queries || ", ""),
                   (WIRE, "($i >= $ports && $port->queries != 0)", "false"))),
    Proof("wire_check", "prove_intake.c", unwind=32,
          models={"ports_fit": "model_ports_fit"},
          loops={"check_batch.0": Loop(
              "batch length expected count i", "i", "i <= count && (i <= any || any_is_valid)",
              "count - i")},
          mutants=((WIRE, " || $length != wire_batch_length($count)", ""),
                   (WIRE, "size_t $i = 0; $i < $count", "size_t $i = 1; $i < $count"))),
    Proof("count", "prove_intake.c", unwind=18,
          models={"geoip_lookup": "model_geoip_lookup",
                  "geoip_note_organization": "model_geoip_note_organization",
                  "groups_find": "model_groups_find",
                  "groups_count_query": "model_count_message",
                  "groups_count_response": "model_count_message",
                  "groups_count_rejected": "model_count_rejected",
                  "evidence_note": "model_evidence_note",
                  "counts_take_session": "model_counts_take_session",
                  "sessions_response": "model_sessions_response"},
          mutants=((WIRE, "$record->domain >= $expected->domains ||", ""),
                   (WIRE, "$allowed && $record->token == 0", "$allowed"),
                   (WIRE, "? $strengths.least == WIRE_NO_SESSION", "? true"),
                   (WIRE, "$record->token == 0 || ", ""),
                   (WIRE, " && $evidence.clientid_size <= TUNNEL_CLIENT_ID_MAX", ""),
                   (WIRE, "$evidence.record_type < TUNNEL_ANY", "true"),
                   (WIRE, "return $evidence.clientid_size == 0 && ", "return "),
                   (WIRE, " || $record->strength > $strengths->most", ""),
                   (COUNTS_H, "$closes ? groups_counting(&$counts->groups, $from) : $from",
                    "$from"),
                   (COUNTS_H, "counts_take_session($counts, $record, $from, $group, $now)",
                    "counts_take_session($counts, $record, $group, $group, $now)"),
                   (INTAKE, "!$entry->hidden && ", ""),
                   (INTAKE, "$entry->geo.asn != GEO_UNKNOWN.asn", "true"),
                   (INTAKE, "$intake->geoip != NULL", "true"))),
    Proof("intake_take", "prove_intake.c",
          unwind=64,
          models={name: f"model_{name}" for name in (
              "wire_check", "count", "counts_prefetch")},
          loops={"take_records.1": Loop(
              "intake batch now closes end ahead i record",
              "record, ahead, counted",
              f"{IN_RECORDS.format('record')} && {IN_RECORDS.format('ahead')}"
              " && (unsigned long)record <= (unsigned long)ahead && counted <= 1024"
              " && (unsigned long)record == (unsigned long)batch + 16 + 32 * counted",
              "(unsigned long)end - (unsigned long)record")},
          mutants=((INTAKE, "if ($ahead < $end) {", "if ($ahead <= $end) {"),
                   (INTAKE, "$ahead < $end && $i < PREFETCH_RECORDS", "$i < PREFETCH_RECORDS"),
                   (INTAKE, "$take_records($intake, $batch, $now, true);",
                    "$take_records($intake, $batch, $now, false);"))),
    Proof("counts_take_session", "prove_counts.c", unsigned=False,
          models={"repeats_see": "model_repeats_see", "sessions_query": "model_sessions_query"},
          mutants=((COUNTS_H, "entries[$group].repeated +=", "entries[$group + 1].repeated +="),
                   (COUNTS_H, "repeated += repeats_see", "repeated = repeats_see"),
                   (COUNTS_H, "entries[$group].repeated += repeats_see(&$counts->repeats, $key, $now); "
                    "sessions_query(&$counts->sessions, $query, $from, $now);",
                    "entries[$group].repeated += repeats_see(&$counts->repeats, $key, $now); "
                    "sessions_query(&$counts->sessions, $query, $group, $now);"))),
    Proof("repeats_see", "prove_counts.c", unwind=5,
          unsigned=False,
          models={"repeats_restart": "model_repeats_restart"},
          mutants=((REPEATS_H, "const uint64_t $entry = $key << 16",
                    "const uint64_t $entry = $key << 15"),
                   (REPEATS_H, "return repeats_again($place, 3, $entry);",
                    "return repeats_again($place, 4, $entry);"),
                   (REPEATS_H, "{{$entry, $first, $second, $third}}",
                    "{{$first, $second, $third, $entry}}"),
                   (REPEATS_H, "if ($now - $repeats->epoch > UINT16_MAX) {", "if (false) {"),
                   (REPEATS, "<= REPEATS_SECONDS;", "<= REPEATS_SECONDS + 1;"),
                   (REPEATS, "$place->entries[0] = $entry;", ""))),
    Proof("histogram_observe", "prove_counts.c",
          unwind=13,
          mutants=((HISTOGRAM, "$bucket < HISTOGRAM_BUCKETS &&",
                    "$bucket <= HISTOGRAM_BUCKETS &&"),
                   (HISTOGRAM, "$value > $histogram->bounds[$bucket]",
                    "$value >= $histogram->bounds[$bucket]"),
                   (HISTOGRAM, "$histogram->sum += $value;", ""))),
]
