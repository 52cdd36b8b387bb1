#!/usr/bin/python3
"""Holds data files against the JSON Schemas that editors use (python3-jsonschema, python3-yaml).

usage: check_schema.py SCHEMA_DIR valid DIR ...      every file must be valid
       check_schema.py SCHEMA_DIR malformed DIR ...  every file says in its first line what it is:
           # schema: rejects     the schema must find something wrong
           # schema: accepts     only Faultline's loader can know what is wrong (names, references)
           # schema: unreadable  no YAML, or not as Faultline takes it

Prints what is not so; exit 1 when anything is not. The kind of a file is the name of its directory:
baselines, catalogue, profiles, steps, else a scenario.
"""

import json
import pathlib
import sys

import jsonschema
import yaml

KINDS = {"baselines": "baseline", "catalogue": "catalogue", "profiles": "profile", "steps": "steps"}


def load_validators(schema_dir):
    """A validator for each kind; the schemas refer to each other by file name."""
    store = {}
    for file in schema_dir.glob("*.schema.json"):
        schema = json.loads(file.read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        store[file.name] = schema
    validators = {}
    for name, schema in store.items():
        resolver = jsonschema.RefResolver(name, schema, store=store)
        validators[name.split(".")[0]] = jsonschema.Draft7Validator(schema, resolver=resolver)
    return validators


def problems(file, validators):
    """What the schema has against one file, as texts."""
    document = yaml.safe_load(file.read_text())
    found = validators[KINDS.get(file.parent.name, "scenario")].iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def check_valid(file, validators):
    return [f"{file}: {problem}" for problem in problems(file, validators)]


def check_malformed(file, validators):
    verdict = file.read_text().splitlines()[0].removeprefix("# schema: ")
    if verdict == "unreadable":
        return []
    found = problems(file, validators)
    if verdict == "rejects":
        return [] if found else [f"{file}: the schema finds nothing wrong"]
    if verdict == "accepts":
        return [f"{file}: the schema rejects it: {problem}" for problem in found]
    return [f"{file}: first line is `{verdict}`; expected `# schema: rejects|accepts|unreadable`"]


def main(schema_dir, mode, *roots):
    check = {"valid": check_valid, "malformed": check_malformed}[mode]
    validators = load_validators(pathlib.Path(schema_dir))
    files = sorted(file for root in roots for file in pathlib.Path(root).rglob("*.yaml"))
    wrong = [text for file in files for text in check(file, validators)]
    print("\n".join(wrong + [f"{len(files)} files checked"]))
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
