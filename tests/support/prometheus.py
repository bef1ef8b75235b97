"""A real Prometheus in a namespace, which scrapes every second."""

import contextlib
import json
import subprocess
import time
import urllib.parse

from support.program import request, wait_for

PORT = 9090
START_SECONDS = 15


class Prometheus:
    def __init__(self, namespace):
        self.namespace = namespace

    def ask(self, path, **parameters):
        """The data of an answer of its HTTP API."""
        path = f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        status, _, body = request(self.namespace, "GET", path, "127.0.0.1", PORT)
        assert status == 200, body
        return json.loads(body)["data"]

    def evaluate(self, query, when=None):
        """The value of an instant query at a time: (labels, value) of each series."""
        when = time.time() if when is None else when
        return [({name: value for name, value in series["metric"].items() if name != "__name__"},
                 float(series["value"][1]))
                for series in self.ask("query", query=query, time=f"{when:.3f}")["result"]]

    def label_values(self, label, selector):
        return self.ask(f"label/{label}/values", **{"match[]": selector})


@contextlib.contextmanager
def prometheus(namespace, directory, jobs, rules=()):
    """Yields a Prometheus that has scraped every target of `jobs`, {name: addresses}. Rules are
    files that it evaluates every second."""
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": list(map(str, rules)),
        "scrape_configs": [{"job_name": name, "static_configs": [{"targets": addresses}]}
                           for name, addresses in jobs.items()],
    }
    (directory / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    targets = sum(map(len, jobs.values()))
    with open(directory / "log", "w") as log:
        process = subprocess.Popen(
            namespace.command("prometheus", f"--config.file={directory}/prometheus.yml",
                              f"--storage.tsdb.path={directory}/data",
                              f"--web.listen-address=127.0.0.1:{PORT}"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        made = Prometheus(namespace)

        def scraped():
            assert process.poll() is None, (directory / "log").read_text()
            with contextlib.suppress(ConnectionError):
                status, _, _ = request(namespace, "GET", "/-/ready", "127.0.0.1", PORT)
                up = made.evaluate("up") if status == 200 else []
                return [value for _, value in up] == [1] * targets

        wait_for(scraped, START_SECONDS, "first scrape of every target")
        yield made
    finally:
        process.terminate()
        process.wait(10)
