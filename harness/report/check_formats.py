#!/usr/bin/env python3
"""Writes every report with real runs and holds it against its schema.

usage: check_formats.py FAULTLINE SUITE SCENARIOS SCHEMAS [OFFICIAL_SARIF_SCHEMA]

A clean run, one with a finding, one whose scenario is broken, a sweep with a finding, its store and
what commands say of it, a sweep that is killed, and several scenarios of the suite. JSON and SARIF are validated with
python3-jsonschema, JUnit with xmllint. The official schema of SARIF is used where it is there.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree

import jsonschema

faultline, suite, scenarios, schemas = (os.path.abspath(path) for path in sys.argv[1:5])
official = os.environ.get("FAULTLINE_SARIF_SCHEMA") or (sys.argv[5] if len(sys.argv) > 5 else "")
problems = []
# RefResolver has a successor that Debian 12 does not have yet.
warnings.filterwarnings("ignore", category=DeprecationWarning)


def schema(name):
    return json.loads((pathlib.Path(schemas) / name).read_text())


STORE = {path.name: schema(path.name) for path in pathlib.Path(schemas).glob("*.schema.json")}
validated = set()  # names of schemas


def validate(file, name):
    document = json.loads(file.read_text())
    validated.add(name)
    resolver = jsonschema.RefResolver(name, STORE[name], store=STORE)
    validator = jsonschema.Draft7Validator(STORE[name], resolver=resolver)
    for error in validator.iter_errors(document):
        where = "/".join(str(part) for part in error.absolute_path)
        problems.append(f"{file.name}: {where}: {error.message[:300]}")
    return document


def validate_official_sarif(file):
    if not os.path.isfile(official):
        return
    own = json.loads(pathlib.Path(official).read_text())
    kind = jsonschema.validators.validator_for(own)
    for error in kind(own).iter_errors(json.loads(file.read_text())):
        where = "/".join(str(part) for part in error.absolute_path)
        problems.append(f"{file.name}: official schema: {where}: {error.message[:300]}")


def validate_junit(file):
    result = subprocess.run(["xmllint", "--noout", "--schema", f"{schemas}/junit.xsd", str(file)],
                            capture_output=True, text=True, check=False)
    if result.returncode != 0:
        problems.append(f"{file.name}: {result.stderr.strip()}")
    return xml.etree.ElementTree.parse(file).getroot()


def count(junit, element):
    return sum(1 for _ in junit.iter(element))


def expect(condition, what):
    if not condition:
        problems.append(what)


class Reports:
    """The files of one command, by format."""

    def __init__(self, directory, name, json_schema):
        self.directory, self.name, self.json_schema = directory, name, json_schema

    def path(self, format):
        return self.directory / f"{self.name}.{format}"

    def option(self):
        formats = ("html", "junit", "sarif", "markdown", "json", "github")
        return "--report=" + ",".join(f"{format}={self.path(format)}" for format in formats)

    def check(self):
        """Returns (JUnit's root, SARIF, JSON)."""
        validate_official_sarif(self.path("sarif"))
        expect("<" in self.path("html").read_text(), f"{self.name}: no page")
        expect(self.path("markdown").read_text().startswith("## Faultline"),
               f"{self.name}: no heading")
        return (validate_junit(self.path("junit")), validate(self.path("sarif"),
                "sarif.schema.json"), validate(self.path("json"), self.json_schema))


def run(arguments, exit):
    arguments = [str(word) for word in arguments]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    expect(exit in (None, done.returncode), f"{' '.join(arguments)}: exit {done.returncode}, expected "
           f"{exit}\n{done.stdout}{done.stderr}")
    return done


def check_runs(directory):
    case = f"{scenarios}/reference/founding-case.yaml"
    clean = Reports(directory, "clean", "run.schema.json")
    run([faultline, "run", case, clean.option()], 0)
    junit, sarif, report = clean.check()
    expect(count(junit, "failure") == 0 and not sarif["runs"][0]["results"], "clean: a finding")
    expect(report["verdict"] in ("pass", "clean error"), "clean: verdict " + report["verdict"])

    broken = Reports(directory, "broken", "run.schema.json")
    run([faultline, "run", case, "--set", "defect=unregister-missing", broken.option()], 1)
    junit, sarif, report = broken.check()
    expect(count(junit, "failure") == 1, "broken: one scenario is one failure")
    rules = [result["ruleId"] for result in sarif["runs"][0]["results"]]
    expect(any(rule.startswith("io-device-missing") for rule in rules), f"broken: rules {rules}")
    expect("io-device-missing" in broken.path("markdown").read_text(), "broken: Markdown")
    expect(broken.path("github").read_text().startswith("::error "), "broken: annotations")

    stdout = run([faultline, "run", case, "--report=json=-"], 0).stdout
    expect(json.loads(stdout)["state"] == "finished", "the JSON has standard output for itself")


def check_suite(directory):
    reports = Reports(directory, "suite", "suite.schema.json")
    run([suite, scenarios, reports.option(), "--gtest_filter=*reference_founding*:*spdk_start*"], 0)
    junit, _, report = reports.check()
    expect(len(report["scenarios"]) >= 2, "suite: scenarios are missing")
    expect(count(junit, "testcase") == len(report["scenarios"]), "suite: a case for each")


def check_broken_suite(directory):
    """One that fails and one that nobody can judge: told as such by every format."""
    data = directory / "scenarios"
    data.mkdir()
    shipped = pathlib.Path(scenarios, "reference/founding-case-injected.yaml").read_text()
    (data / "bad.yaml").write_text(shipped + "variables: {defect: unregister-missing}\n")
    (data / "wrong.yaml").write_text("faultline: 1\nsummary: x\nprofile: reference\nstepz: []\n")
    reports = Reports(directory, "broken-suite", "suite.schema.json")
    run([suite, data, reports.option()], 1)
    junit, _, report = reports.check()
    expect(count(junit, "failure") == 1 and count(junit, "error") == 1, "broken suite: JUnit")
    expect(any(one["state"] == "error" for one in report["scenarios"]), "broken suite: JSON")
    expect("1 failed, 1 not judged" in reports.path("html").read_text(), "broken suite: page")
    text = reports.path("markdown").read_text()
    expect("x0a" not in text, "broken suite: a message of two lines breaks the table")


def check_sweep(directory):
    store = str(directory / "s.db")
    command = [faultline, "sweep", f"{scenarios}/reference/start.yaml", "--store", store, "--jobs",
               "2", "--groups", "dpdk/ring", "--set", "defect=unregister-missing"]
    killed = Reports(directory, "killed", "sweep.schema.json")
    process = subprocess.Popen(command + [killed.option()], stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    for line in process.stderr:
        if "census run" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stderr.close()
    junit, sarif, report = killed.check()
    expect(count(junit, "error") == 1, "killed: a dead harness is no error")
    expect(not sarif["runs"][0]["invocations"][0]["executionSuccessful"], "killed: SARIF")
    expect(report["state"] == "unfinished", "killed: JSON")

    whole = Reports(directory, "sweep", "sweep.schema.json")
    run(command + [whole.option()], 1)
    junit, sarif, report = whole.check()
    expect(report["state"] == "finished" and report["findings"], "sweep: no findings")
    new = sum(1 for finding in report["findings"] if finding["new"])
    expect(count(junit, "failure") == new, f"sweep: {count(junit, 'failure')} failures, {new} new")
    ids = {finding["id"] for finding in report["findings"]}
    prints = {result["fingerprints"]["faultline/v1"] for result in sarif["runs"][0]["results"]}
    expect(ids == prints, f"sweep: fingerprints {prints}, findings {ids}")

    later = Reports(directory, "store", "sweep.schema.json")
    run([faultline, "report", store, later.option()], 0)
    junit, sarif, of_store = later.check()
    expect([f["id"] for f in of_store["findings"]] == [f["id"] for f in report["findings"]],
           "report: other findings than the sweep")
    expect(count(junit, "failure") == new, "report: other failures than the sweep")


def check_store(directory):
    """What commands say of the store that check_sweep left, and of the data."""
    store = str(directory / "s.db")

    def asked(name, arguments, exit=0):
        file = directory / f"{name}.json"
        done = run([faultline, *arguments, "--json", str(file)], exit)
        document = validate(file, f"{name}.schema.json")
        piped = run([faultline, *arguments, "--json", "-"], exit)
        again = json.loads(piped.stdout)
        for measured in ("estimated_ms",):  # a run takes as long as it takes
            if measured in again:
                again[measured] = document[measured]
        expect(again == document, f"{name}: --json - is not what the file has")
        people = done.stdout.splitlines()[0]
        expect(people in piped.stderr, f"{name}: --json - hides what people read: {people}")
        return document

    findings = asked("findings", ["findings", store], 1)
    expect(findings["fails"] and findings["total"] == len(findings["findings"]), "findings: total")
    of_causes = [one for cause in findings["causes"] for one in cause["findings"]]
    expect(sorted(of_causes) == sorted(one["id"] for one in findings["findings"]),
           "findings: not each is in one cause")
    expect(all(one["replay"] and one["places"] for one in findings["findings"]),
           "findings: no replay command or no place")
    none = asked("findings", ["findings", store, "--kind", "hang"])
    expect(not none["fails"] and not none["findings"] and none["total"], "findings: a filter")

    sweep = ["sweep", f"{scenarios}/reference/start.yaml", "--groups", "dpdk/ring", "--dry-run",
             "--jobs", "2"]
    fresh = asked("dry-run", [*sweep, "--store", str(directory / "none.db")])
    expect(fresh["plans"] == len(fresh["visits"]) > 0 and fresh["estimated_ms"] > 0, "dry run: plans")
    expect(sum(one["plans"] for one in fresh["points"]) == len(fresh["visits"]), "dry run: points")
    expect(all("line" in one for one in fresh["visits"]), "dry run: a call without a line")
    done = asked("dry-run", [*sweep, "--store", store, "--set", "defect=unregister-missing"])
    expect(not done["visits"] and done["done"] == done["plans"] > 0, "dry run: all is done")

    same = asked("compare", ["compare", store, store])
    expect(len(same["same"]) == findings["total"] and not same["new"], "compare: with itself")
    for what in ("profiles", "points", "scenarios"):
        asked("list", ["list", what])
    asked("points", ["points", "--profile", "reference"])
    asked("doctor", ["doctor"], run([faultline, "doctor"], None).returncode)


with tempfile.TemporaryDirectory() as temporary:
    place = pathlib.Path(temporary)
    os.environ["XDG_CACHE_HOME"] = str(place / "cache")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        os.environ.pop(name, None)
    check_runs(place)
    check_suite(place)
    check_broken_suite(place)
    check_sweep(place)
    check_store(place)
    for name in sorted(set(STORE) - validated):
        problems.append(f"{name}: nothing that is written was held against it")

print("SARIF was held against", official if os.path.isfile(official) else
      "the subset in this repository alone: `ci/sarif-schema` fetches the official schema")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
