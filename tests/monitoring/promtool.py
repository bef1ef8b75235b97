"""promtool, which runs Prometheus' rules on made-up series."""

import json
import subprocess

import yaml

from support.program import ROOT

RULES = sorted((ROOT / "monitoring/rules").glob("*.yml"))


def rules():
    """Every rule of every file."""
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"]]


def check(*arguments):
    """Runs promtool, which must find nothing wrong."""
    done = subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def check_rules(folder, series, **expected):
    """Runs all rules each minute on series, {name: values}, and compares with what is expected:
    alert_rule_test or promql_expr_test, as promtool calls it."""
    assert RULES
    test = {"interval": "1m", **expected,
            "input_series": [{"series": name, "values": values} for name, values in series.items()]}
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": list(map(str, RULES)), "evaluation_interval": "1m",
                                "tests": [test]}))  # JSON is YAML
    check("test", "rules", file)
