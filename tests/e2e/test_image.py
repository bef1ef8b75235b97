"""What `make image` builds, and the files that build or run the same elsewhere."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile

import pytest
import yaml

from support.document import commands
from support.figures import figure
from support.program import BUILD, ROOT

LARGEST = 15_000_000
CONTAINER = ROOT / "container"


def built():
    (path,) = (BUILD / "image").glob("dnstt-exporter_*_amd64.tar")
    return path


def version():
    return re.search(r"^VERSION := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1]


REFERENCE = f"localhost/dnstt-exporter:{version()}"


class Archive:
    """An image in the OCI layout, read by way of its index alone."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.files = {member.name: archive.extractfile(member).read()
                          for member in archive if member.isfile()}
        (entry,) = json.loads(self.files["index.json"])["manifests"]
        self.platform = entry["platform"]
        self.names = set(entry["annotations"].values())
        self.manifest = json.loads(self.blob(entry))
        self.config = json.loads(self.blob(self.manifest["config"]))
        (layer,) = self.manifest["layers"]
        self.layer = self.blob(layer)

    def blob(self, descriptor):
        kind, value = descriptor["digest"].split(":")
        data = self.files[f"blobs/{kind}/{value}"]
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (value, descriptor["size"])
        return data


@pytest.fixture(scope="module")
def image():
    return Archive(built())


def test_layout(image):
    """By the OCI's format, and by docker's older one for the same blobs."""
    assert json.loads(image.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    assert image.platform == {"architecture": "amd64", "os": "linux"}
    assert {key: image.config[key] for key in image.platform} == image.platform
    assert image.config["rootfs"]["diff_ids"] == [image.manifest["layers"][0]["digest"]]
    (docker,) = json.loads(image.files["manifest.json"])
    assert docker["RepoTags"] == [REFERENCE]
    assert image.names == {REFERENCE}
    assert image.files[docker["Config"]] == image.blob(image.manifest["config"])
    assert [image.files[name] for name in docker["Layers"]] == [image.layer]
    used = {"index.json", "manifest.json", "oci-layout"} | {
        name for name in image.files if name.startswith("blobs/")}
    assert set(image.files) == used and len(used) == 3 + 3


def loaded(program):
    """The libraries by the loader's own account, which `container/image` does not ask."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^\t(\S+) => /", said, re.M))


def test_nothing_else_is_in_it(image, tmp_path):
    layer = tmp_path / "layer.tar"
    layer.write_bytes(image.layer)
    with tarfile.open(layer) as archive:
        members = archive.getmembers()
        passwd = archive.extractfile("etc/passwd").read().decode()
    files = {member.name for member in members if member.isfile()}
    libraries = loaded(BUILD / "dnstt_exporter") | loaded(BUILD / "exporter")
    assert files == {"usr/bin/dnstt_exporter", "usr/libexec/dnstt_exporter/exporter", "etc/passwd",
                     "lib64/ld-linux-x86-64.so.2",
                     *(f"usr/lib/x86_64-linux-gnu/{name}" for name in libraries)}
    assert all(member.isfile() or member.isdir() for member in members)
    assert {(member.uid, member.gid) for member in members} == {(0, 0)}
    assert not any(member.mode & 0o7022 for member in members)
    assert [line.split(":")[:4] for line in passwd.splitlines()] == [
        ["root", "x", "0", "0"], ["nobody", "x", "65534", "65534"]]

    size = built().stat().st_size
    figure(f"container image: {size / 1e6:.1f} MB")
    assert size <= LARGEST


def test_reproducible(tmp_path):
    """Another folder, umask, language and time zone give the same bytes. That the programs are the
    same is shown by the package."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in "dnstt_exporter", "exporter":
        shutil.copy(BUILD / name, programs)
    config = Archive(built()).config
    labels = config["config"]["Labels"]
    epoch = subprocess.run(["date", "--utc", "--date", config["created"], "+%s"], check=True,
                           capture_output=True, text=True).stdout.strip()
    subprocess.run([CONTAINER / "image", programs, tmp_path / "image",
                    labels["org.opencontainers.image.version"],
                    labels["org.opencontainers.image.revision"]],
                   check=True, cwd=tmp_path, umask=0o077, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, TZ="Pacific/Kiritimati", LC_ALL="C", PYTHONHASHSEED="7",
                            SOURCE_DATE_EPOCH=epoch))
    assert (tmp_path / "image" / built().name).read_bytes() == built().read_bytes()


def last_stage():
    """The instructions of the Containerfile's last stage: name → arguments."""
    text = (CONTAINER / "Containerfile").read_text().replace("\\\n", " ")
    stage = text[text.rindex("FROM "):]
    return dict(line.split(None, 1) for line in stage.splitlines() if line and line[0] != "#")


def test_the_containerfile_says_the_same(image):
    stage = last_stage()
    config = image.config["config"]
    assert json.loads(stage["ENTRYPOINT"]) == config["Entrypoint"]
    assert [stage["ENV"]] == config["Env"]
    options, _, check = stage["HEALTHCHECK"].partition("CMD ")
    assert ["CMD", *json.loads(check)] == config["Healthcheck"]["Test"]
    assert dict(re.findall(r"--(\w+)=(\d+)", options)) == {
        "interval": str(config["Healthcheck"]["Interval"] // 10**9),
        "timeout": str(config["Healthcheck"]["Timeout"] // 10**9),
        "retries": str(config["Healthcheck"]["Retries"])}
    labels = dict(label.split("=", 1) for label in shlex.split(stage["LABEL"]))
    given = {f"org.opencontainers.image.{name}": f"${{{name.upper()}}}"
             for name in ("version", "revision")}
    assert labels == {**config["Labels"], **given}
    assert stage["COPY"] == "--from=build /build/image/files/ /"
    assert f"VERSION={version()}" in (CONTAINER / "Containerfile").read_text()


def command(name="docker-run"):
    """The document's `docker run`: option → its values, what runs, and its flags."""
    words = shlex.split(commands(name).replace("\\\n", " "))
    at = next(i for i, word in enumerate(words) if word.startswith("localhost/"))
    options = {}
    for word in words[2:at]:
        if word.startswith("--"):
            name = word
            options.setdefault(name, [])
        else:
            options[name].append(word)
    return options, words[at], words[at + 1:]


def quantity(text):
    """Bytes, as docker and Kubernetes write them."""
    number, unit = re.fullmatch(r"(\d+)(m|Mi)", str(text)).groups()
    return int(number) * {"m": 2**20, "Mi": 2**20}[unit]


def health(image):
    return image.config["config"]["Healthcheck"]["Test"]


def test_the_documents_name_this_version():
    for path in (ROOT / "README.md", ROOT / "docs/deploy.md", *CONTAINER.glob("*.yml"),
                 CONTAINER / "Containerfile"):
        named = re.findall(r"dnstt-exporter[:_](\d[\d.]*\d)", path.read_text())
        assert set(named) <= {version()}, path
    assert commands("docker-run") in (ROOT / "README.md").read_text()


def test_compose_is_the_same_command(image):
    options, name, flags = command()
    compose = yaml.safe_load((CONTAINER / "compose.yml").read_text())
    service = compose["services"]["exporter"]
    assert service["image"] == name == REFERENCE
    assert [service["network_mode"]] == options["--network"]
    assert service["read_only"] is True and "--read-only" in options
    assert [item.lower() for item in service["cap_drop"]] == options["--cap-drop"]
    assert [item.lower() for item in service["cap_add"]] == options["--cap-add"]
    assert service["security_opt"] == [f"{item}:true" for item in options["--security-opt"]]
    assert quantity(service["mem_limit"]) == quantity(options["--memory"][0])
    assert [str(service["pids_limit"])] == options["--pids-limit"]
    assert [service["restart"]] == options["--restart"]
    assert service["healthcheck"]["test"] == health(image)
    assert service["command"][0] == "=".join(flags)

    prometheus = compose["services"]["prometheus"]
    (network,) = compose["networks"]["metrics"]["ipam"]["config"]
    assert service["command"][1:] == [
        f"-web.listen-address=127.0.0.1:9713,{network['gateway']}:9713"]
    assert prometheus["extra_hosts"] == [f"exporter:{network['gateway']}"]
    assert prometheus["networks"] == ["metrics"]
    (job,) = yaml.safe_load((CONTAINER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["exporter:9713"]}]
    assert job["job_name"].startswith("dnstt")  # what the rules look for
    rules = ROOT / "monitoring/rules"
    assert "../monitoring/rules:/etc/prometheus/rules:ro" in prometheus["volumes"]
    assert {path.name for path in rules.glob("*.yml")} == {"alerts.yml", "recording.yml"}


def test_prometheus_takes_its_configuration(tmp_path):
    """With the rules where its container has them."""
    text = (CONTAINER / "prometheus.yml").read_text()
    assert "/etc/prometheus/rules/*.yml" in text
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/prometheus/rules", str(ROOT / "monitoring/rules")))
    said = subprocess.run(["promtool", "check", "config", config], check=True, capture_output=True,
                          text=True)
    assert "2 rule files found" in said.stdout


def test_the_daemonset_is_the_same_command(image):
    options, name, flags = command()
    namespace, daemonset = yaml.safe_load_all((CONTAINER / "daemonset.yml").read_text())
    assert (namespace["kind"], daemonset["kind"]) == ("Namespace", "DaemonSet")
    assert daemonset["metadata"]["namespace"] == namespace["metadata"]["name"]
    template = daemonset["spec"]["template"]
    assert template["metadata"]["labels"] == daemonset["spec"]["selector"]["matchLabels"]
    pod = template["spec"]
    assert pod["hostNetwork"] is True and options["--network"] == ["host"]
    assert not {"hostPID", "hostIPC", "volumes"} & set(pod)
    assert pod["automountServiceAccountToken"] is False

    (container,) = pod["containers"]
    security = container["securityContext"]
    assert container["image"] == name
    assert security["capabilities"] == {
        "drop": [item.upper() for item in options["--cap-drop"]],
        "add": [item.upper() for item in options["--cap-add"]]}
    assert security["readOnlyRootFilesystem"] is True and "--read-only" in options
    assert security["allowPrivilegeEscalation"] is False
    assert options["--security-opt"] == ["no-new-privileges"]
    assert (security["privileged"], security["runAsUser"]) == (False, 0)
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["resources"]["limits"] == {
        "memory": options["--memory"][0].upper() + "i"}
    assert container["args"][0] == "=".join(flags)
    assert container["args"][1] == "-web.listen-address=127.0.0.1:9713,$(NODE_ADDRESS):9713"
    for probe in "startupProbe", "livenessProbe":
        assert ["CMD", *container[probe]["exec"]["command"]] == health(image)
        assert container[probe]["timeoutSeconds"] == 10


def test_databases_differ_in_the_volume_alone():
    plain, _, flags = command()
    options, _, more = command("docker-databases")
    (volume,) = options.pop("--volume")
    assert options == plain and more[:len(flags)] == flags
    assert volume.endswith(":ro") and more[-1].startswith(volume.split(":")[1] + "/")
