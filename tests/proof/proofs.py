"""What is proved: a row for each harness. Names of loops are CBMC's: function, dot, number."""

from typing import NamedTuple


class Loop(NamedTuple):
    """A loop's contract, in C over the variables of its function."""
    assigns: str
    invariants: str
    decreases: str


class Proof(NamedTuple):
    harness: str  # the function prove_… of it
    source: str  # the file of this folder that it stands in
    mutants: tuple  # (shipped file, text that occurs once in it, what it becomes)
    loops: dict = {}  # loops that a contract stands for
    unwind: dict = {}  # loops that are unwound so many times; CBMC checks that this is enough
    models: dict = {}  # function: the harness's model that it is replaced with
    wraps: tuple = ()  # unsigned arithmetic that is meant to wrap, as CBMC words it
    unsigned: bool = True  # whether unsigned arithmetic and conversions are checked to lose nothing


# Shipped files.
IP = "capture/sniffer/parse/ip.c"
DNS = "capture/sniffer/parse/dns.c"
BASE32 = "capture/sniffer/parse/base32.c"
DNSTT = "capture/sniffer/tunnels/dnstt.c"
TOKEN = "capture/sniffer/token.c"
CLASSIFY = "capture/sniffer/classify.c"

SKIP_LABELS = {"skip_labels.0": Loop(
    "offset", "offset <= 65535 + 64 && offset >= __CPROVER_loop_entry(offset)",
    "65535 + 64 - offset")}
ZERO_LABEL = ("arithmetic overflow on unsigned - in label - (unsigned long int)1",)

# base32_read_labels: octets of the name that were read, and values that were written.
READ = "((unsigned long)labels - (unsigned long)name)"
WRITTEN = "((unsigned long)next - (unsigned long)values)"

# take_batch: a pointer is one to a record of the message, or just past the last. In integers, since
# pointers that nothing is known of yet may not be compared.
IN_RECORDS = ("__CPROVER_same_object({0}, batch) && (unsigned long){0} <= (unsigned long)end"
              " && ((unsigned long){0} - (unsigned long)batch) % 32 == 16")

VERDICT_LOOPS = {"assume_valid.0": 33, "find_domain.0": 33}
VERDICT_MODELS = {name: f"model_{name}" for name in (
    "dns_question_parse", "dns_records_parse", "is_under", "base32_read_labels", "is_framed")}

PROOFS = [
    Proof("ip_parse", "prove_ip.c",
          # Its own loop has any of these numbers: parse_ipv6 is inlined there before or after.
          unwind={f"parse_tagged.{number}": 3 for number in range(3)},
          loops={"parse_ipv6.0": Loop(
              "next, offset, count, first_fragment",
              "count <= 8 && offset >= 40 && offset <= end", "8 - count")},
          mutants=((IP, "if (kept < offset + UDP_OCTETS)",
                    "if (kept < offset + UDP_OCTETS - 1)"),
                   (IP, "kept < offset + EXTENSION_OCTETS", "kept < offset"),
                   (IP, "payload_kept < payload_length ? payload_kept",
                    "payload_kept > payload_length ? payload_kept"),
                   (IP, "if (inner.captured < TAG_OCTETS)",
                    "if (inner.captured < TAG_OCTETS - 1)"))),
    Proof("dns_question_parse", "prove_dns.c", loops=SKIP_LABELS, wraps=ZERO_LABEL,
          mutants=((DNS, "if (end > length || message[root] != 0)",
                    "if (message[root] != 0 || end > length)"),)),
    Proof("dns_records_parse", "prove_dns.c", wraps=ZERO_LABEL,
          loops={**SKIP_LABELS, "dns_records_parse.0": Loop(
              "offset, count, edns",
              "offset <= length && count <= 65535 && (unsigned long)edns.opt_count + count <= 65535",
              "count")},
          mutants=((DNS, "offset = fixed + RECORD_FIXED_OCTETS;",
                    "offset = fixed + RECORD_FIXED_OCTETS - 1;"),)),
    Proof("read_characters", "prove_base32.c", unsigned=False,
          mutants=((BASE32, "typedef uint8_t octets", "typedef int8_t octets"),)),
    Proof("base32_read_labels", "prove_base32.c",
          models={"read_characters": "model_read_characters"},
          unwind={"fills_to_end.0": 256},
          loops={"base32_read_labels.0": Loop("at, faults", "at <= label", "label - at"),
                 "base32_read_labels.1": Loop(
                     "labels, next, faults",
                     "__CPROVER_same_object(labels, name) && __CPROVER_same_object(next, values)"
                     f" && {READ} <= 255 && (fills >> {READ} & 1) != 0"
                     f" && {WRITTEN} <= 255 && {WRITTEN} + 255 <= {READ} + length",
                     f"255 - {READ}")},
          mutants=((BASE32, "at + BASE32_STEP <= label", "at < label"),
                   (BASE32, "BASE32_STEP - (label - at)", "BASE32_STEP + (label - at)"))),
    Proof("label_begins", "prove_dnstt.c", unwind={"fills_to_end.0": 256},
          loops={"label_begins.0": Loop(
              "at",
              "at <= offset + 255 && (at > offset ? (fills >> start & 1) == 0 : "
              "(fills >> start & 1) == (fills >> (start + at) & 1))", "offset + 255 - at")},
          mutants=((DNSTT, "while (at < offset)", "while (at <= offset)"),)),
    Proof("is_under", "prove_dnstt.c", unwind={"is_under.0": 32},
          models={"label_begins": "model_label_begins"},
          mutants=((DNSTT, "if (question->name_length < domain->wire_length)",
                    "if (question->name_length + 9 < domain->wire_length)"),
                   (DNSTT,
                    "return label_begins(question, (size_t)question->name_length - "
                    "domain->wire_length);", "return true;"))),
    Proof("is_framed", "prove_dnstt.c",
          mutants=((DNSTT, "length == DNSTT_CLIENT_ID_OCTETS || mark < FRAME_PADDING_MARK",
                    "length == DNSTT_CLIENT_ID_OCTETS"),)),
    Proof("dnstt_classify_query", "prove_dnstt.c", unwind=VERDICT_LOOPS, models=VERDICT_MODELS,
          mutants=((DNSTT, "< length + BASE32_STEP)", "< length + BASE32_STEP - 1)"),
                   (DNSTT, "if (captured > 2 &&", "if (captured > 1 &&"),
                   (DNSTT,
                    "size_t length = (size_t)question->name_length - domain->wire_length;",
                    "size_t length = question->name_length;"))),
    Proof("dnstt_classify_response", "prove_dnstt.c", unwind=VERDICT_LOOPS, models=VERDICT_MODELS,
          mutants=((DNSTT, "if (octet_count < DNSTT_CLIENT_ID_OCTETS)",
                    "if (octet_count == 0)"),)),
    Proof("token_session", "prove_token.c", unsigned=False,
          mutants=((TOKEN, "get64(values + 8)", "get64(values + 9)"),)),
    Proof("token_fingerprint", "prove_token.c", unwind={"token_fingerprint.0": 17}, unsigned=False,
          mutants=((TOKEN, "get64(data + at + 8)", "get64(data + at + 9)"),)),
    Proof("classify_frame", "prove_classify.c", unwind={"has_port.0": 17},
          models={name: f"model_{name}" for name in (
              "ip_parse", "dnstt_classify_query", "dnstt_classify_response", "token_session",
              "token_fingerprint")},
          mutants=((CLASSIFY, "findings->value_count - DNSTT_CLIENT_ID_VALUES",
                    "findings->value_count"),
                   (CLASSIFY, "record->domain = findings->domain;",
                    "record->domain = UINT8_MAX;"))),
    Proof("wire_check", "prove_intake.c", unwind={"account_fits.0": 32},
          loops={"check_batch.0": Loop("i", "i <= count && (i <= any || any_is_valid)", "count - i")},
          mutants=(("common/wire.c", " || length != wire_batch_length(count)", ""),
                   ("common/wire.c", "size_t i = 0; i < count", "size_t i = 1; i < count"))),
    Proof("count", "prove_intake.c", unwind={"prove_count.0": 17},
          models={"geoip_lookup": "model_geoip_lookup", "groups_find": "model_groups_find",
                  "groups_count_query": "model_count_message",
                  "groups_count_response": "model_count_message",
                  "groups_count_rejected": "model_count_rejected",
                  "sessions_query": "model_sessions_query"},
          mutants=(("common/wire.c", "record->domain >= domains ||", ""),
                   ("exporter/state/intake.c", "intake->geoip != NULL", "true"))),
    Proof("intake_take", "prove_intake.c",
          unwind={"fell.0": 32, "take_stats.0": 32, "take_stats.1": 32, "take_batch.0": 17},
          models={name: f"model_{name}" for name in (
              "wire_check", "count", "sessions_prefetch")},
          loops={"take_batch.1": Loop(
              "record, ahead, counted",
              f"{IN_RECORDS.format('record')} && {IN_RECORDS.format('ahead')}"
              " && (unsigned long)record <= (unsigned long)ahead && counted <= 1024"
              " && (unsigned long)record == (unsigned long)batch + 16 + 32 * counted",
              "(unsigned long)end - (unsigned long)record")},
          mutants=(("exporter/state/intake.c", "if (ahead < end) {", "if (ahead <= end) {"),
                   ("exporter/state/intake.c", "ahead < end && i < PREFETCH_RECORDS",
                    "i < PREFETCH_RECORDS"))),
]
