"""The two programs as they are shipped: what the compiler and the linker were to do is in them,
what only tests may do is not, and whoever builds them gets the same."""

import re
import shutil

import pytest

from support.namespace import run
from support.program import BUILD, ROOT

PROGRAMS = ["dnstt_exporter", "exporter"]
NEEDED = {
    "dnstt_exporter": {"libcap", "libseccomp", "libc"},
    "exporter": {"libcap", "libseccomp", "libc", "libmaxminddb", "libmicrohttpd", "libz",
                 "libgnutls", "libyaml-0", "libcrypt"},
}
FOLDERS = ["common", "capture", "exporter"]
COMPILED_WITH = ["-O2", "-fPIE", "-fstack-protector-strong", "-fstack-clash-protection"]

# How branches are protected, by the machine in the ELF header: the flag, and the note of an object.
BRANCHES = {
    "Advanced Micro Devices X86-64": ("-fcf-protection", "IBT, SHSTK"),
    "AArch64": ("-mbranch-protection=standard", "BTI, PAC"),
}


@pytest.fixture(params=PROGRAMS)
def program(request):
    return BUILD / request.param


def readelf(*arguments):
    return run("readelf", "--wide", *map(str, arguments))


def branches(path):
    return BRANCHES[re.search(r"Machine: +(.*)", readelf("--file-header", path))[1]]


def undefined_symbols(program):
    return {line.split()[-1].partition("@")[0] for line in
            run("nm", "--dynamic", "--undefined-only", str(program)).splitlines()}


def test_position_independent(program):
    assert re.search(r"Type: +DYN ", readelf("--file-header", program))
    assert re.search(r"\(FLAGS_1\) .*\bPIE\b", readelf("--dynamic", program))


def test_relocations_are_read_only(program):
    dynamic = readelf("--dynamic", program)
    assert re.search(r"\(FLAGS\) .*\bBIND_NOW\b", dynamic)
    assert re.search(r"\(FLAGS_1\) .*\bNOW\b", dynamic)
    assert re.search(r"GNU_RELRO", readelf("--program-headers", program))


def test_nothing_is_writable_and_executable(program):
    headers = readelf("--program-headers", program)
    segments = re.findall(r"^ +(\w+) +(?:0x\w+ +){5}(...) ", headers, re.M)
    assert {"LOAD", "GNU_STACK"} <= {kind for kind, _ in segments}
    assert [flags for kind, flags in segments if kind == "GNU_STACK"] == ["RW "]
    assert not [kind for kind, flags in segments if "W" in flags and "E" in flags]


def test_libraries(program):
    dynamic = readelf("--dynamic", program)
    needed = [name for name in re.findall(r"\(NEEDED\) .*\[([\w-]+)\.so", dynamic)
              if not name.startswith("ld-linux")]  # arm64 reads the stack's canary there
    assert sorted(needed) == sorted(NEEDED[program.name])
    assert not re.search(r"\((RPATH|RUNPATH)\)", dynamic)


def test_checks_at_run_time(program):
    symbols = undefined_symbols(program)
    assert "__stack_chk_fail" in symbols
    assert [name for name in symbols if name.endswith("_chk")]


def test_every_unit_is_compiled_alike(program):
    """GCC writes into each unit what it was told to do."""
    information = readelf("--debug-dump=info", program)
    producers = re.findall(r"DW_AT_producer .*: (GNU C17 .*)", information)
    folders = ["common", "capture" if program.name == "dnstt_exporter" else "exporter"]
    units = [source for folder in folders for source in (ROOT / folder).rglob("*.c")]
    assert len(producers) == len(units)
    options = [*COMPILED_WITH, branches(program)[0]]
    for producer in producers:
        assert not [option for option in options if option not in producer], producer


@pytest.mark.parametrize("folder", FOLDERS)
def test_branches_are_protected(folder):
    """In each object. The linked programs cannot say so where libc's start-up code does not."""
    objects = sorted((BUILD / "objects" / folder).rglob("*.o"))
    assert {path.stem for path in objects} >= {path.stem for path in (ROOT / folder).rglob("*.c")}
    for path in objects:
        assert branches(path)[1] in readelf("--notes", path), path


def test_fortified():
    """The level does not show in what is built: it stands in every command that compiles."""
    commands = run("make", "-C", str(ROOT), "--dry-run", "--always-make", "V=1", f"BUILD={BUILD}",
                   "all").splitlines()
    compiling = [command for command in commands if " -c -o " in command]
    assert len(compiling) == sum(len(list((ROOT / folder).rglob("*.c"))) for folder in FOLDERS)
    for command in compiling:
        assert " -D_FORTIFY_SOURCE=3 " in command


def test_no_switch_of_the_tests(program):
    data = program.read_bytes()
    assert b"sandbox_load" in data  # the names of functions are there
    for name in (b"__wrap_", b"attack", b"ATTACK"):
        assert name not in data
    wrapped = (BUILD / "tests" / "sandbox" / "attack" / program.name).read_bytes()
    assert b"__wrap_sandbox_load" in wrapped and b"attack_page" in wrapped


def test_no_path_of_this_machine(program):
    assert bytes(ROOT) not in program.read_bytes()


def test_the_same_from_any_folder(tmp_path):
    built = []
    for name in ("one", "another/and-deeper"):
        copy = tmp_path / name
        copy.mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", copy)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, copy / folder)
        run("make", "-s", "-j2", "-C", str(copy), "BUILD=build")
        built.append([(copy / "build" / name).read_bytes() for name in PROGRAMS])
    assert built[0] == built[1]
