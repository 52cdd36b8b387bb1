#!/usr/bin/env python3
"""Writes every key of Faultline's data files, as the JSON Schemas have them, as Markdown.

usage: key_reference.py SCHEMA_DIRECTORY [--check FILE]
  prints the page; with --check only says whether FILE is that page (exit 1 when it is not).
"""
import json
import pathlib
import sys

# What short definitions are called; ${name} may stand in each of them.
WORDS = {"text": "text", "texts": "text, or list of them", "flag": "true or false", "arguments": "list of arguments",
         "variables": "map of names and values", "environment": "map of names and texts", "count": "whole number",
         "duration": "duration: `500ms`, `5s`, `2m`", "pattern": "pattern (RE2)", "version": "`1`"}
KINDS = ["scenario", "steps", "profile", "catalogue", "baseline"]


class Schemas:
    def __init__(self, directory):
        self.files = {path.name: json.loads(path.read_text()) for path in sorted(directory.glob("*.schema.json"))}

    def resolve(self, node, file):
        """The node that a $ref leads to, with the file it is in and the name it has there."""
        reference, name = node.get("$ref"), None
        while reference:
            target, _, pointer = reference.partition("#")
            file = target or file
            node = self.files[file]
            for part in [part for part in pointer.split("/") if part]:
                node, name = node[part], part
            reference = node.get("$ref")
        return node, file, name


def description(schemas, node, file):
    if "description" in node:
        return node["description"]
    resolved, _, name = schemas.resolve(node, file)
    return "" if name in WORDS else resolved.get("description", "")


def literal(value):
    return "`" + json.dumps(value, ensure_ascii=False).strip('"') + "`"


def kind_of(schemas, node, file, linked, path=""):
    """What a value may be, in words; objects that have a table of their own are links. `path` names the value."""
    node, file, name = schemas.resolve(node, file)
    if name in WORDS:
        return WORDS[name]
    if name and (file, name) in linked:
        return f"[{name}](#{anchor(file, name)})"
    if "allOf" in node and len(node["allOf"]) >= 1 and "type" not in node and "properties" not in node:
        return kind_of(schemas, node["allOf"][0], file, linked, path)
    if "const" in node:
        return literal(node["const"])
    if "enum" in node:
        return ", ".join(literal(value) for value in node["enum"])
    for choice in ("oneOf", "anyOf"):
        if choice in node:
            words = []
            for one in node[choice]:
                word = kind_of(schemas, one, file, linked, path)
                if word and word not in words:
                    words.append(word)
            return " or ".join(words)
    types = node.get("type", name or "")
    types = types if isinstance(types, list) else [types]
    words = []
    for one in types:
        if one == "array":
            items = node.get("items")
            words.append("list" + (f" of ({kind_of(schemas, items, file, linked, path)})" if isinstance(items, dict) else ""))
        elif one == "object":
            values = node.get("additionalProperties")
            if node.get("properties"):
                linked.setdefault((f"{path}.", "map"), (node, file))
                words.append(f"[map](#{anchor(f'{path}.', 'map')})")
            elif isinstance(values, dict):
                words.append("map of (" + kind_of(schemas, values, file, linked, path) + ")")
            else:
                words.append("map")
        elif one == "string" and name and name not in ("text",):
            words.append(f"text ({name})")
        else:
            words.append({"string": "text", "integer": "whole number", "boolean": "true or false", "null": "nothing"}
                         .get(one, one))
    limits = []
    if "minimum" in node:
        limits.append(f"from {node['minimum']}")
    if "maximum" in node:
        limits.append(f"to {node['maximum']}")
    if "pattern" in node and len(node["pattern"]) < 40:
        limits.append(f"`{node['pattern']}`")
    return " or ".join(words) + (f" ({', '.join(limits)})" if limits else "")


def anchor(file, name):
    return f"{file.split('.')[0]}-{name}".lower()


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def objects_of(schemas, node, file):
    """An object, or the objects among several forms, each with the file it is in."""
    node, file, _ = schemas.resolve(node, file)
    if "properties" in node:
        return [(node, file)]
    return [found for part in node.get("allOf", []) + node.get("oneOf", []) + node.get("anyOf", [])
            for found in objects_of(schemas, part, file)]


def words_of(forms, all_forms):
    """Which forms of an object have a key; the shorter of saying which have it and which have it not."""
    rest = all_forms - forms
    words = ", ".join(f"`{name}`" for name in sorted(rest if len(rest) < len(forms) else forms))
    return ("" if not words else "not of " + words if len(rest) < len(forms) else "of " + words)


def properties_of(schemas, node, file):
    """Of an object, or of all objects among several forms: what each form has comes last, once."""
    objects = objects_of(schemas, node, file)
    if len(objects) < 2:
        return objects[0] if objects else None
    common = [key for key in objects[0][0]["properties"] if all(key in one["properties"] for one, _ in objects)]
    joined, where, names = {}, objects[0][1], set()
    for one, place in objects:
        own = {key: value for key, value in one["properties"].items() if key not in common}
        belongs = next((key for key in one.get("required", []) if key in own), None)
        names |= {belongs} - {None}
        for key, value in own.items():
            known = joined.setdefault(key, {"forms": [], "of": set()})
            if (value, place) not in known["forms"]:
                known["forms"].append((value, place))
            if belongs and key != belongs:
                known["of"].add(belongs)
    node = {"properties": {}, "required": [], "forms": {key: known["forms"] for key, known in joined.items()},
            "of": {key: words_of(known["of"], names) for key, known in joined.items()}}
    node["properties"].update({key: known["forms"][0][0] for key, known in joined.items()})
    node["properties"].update({key: objects[0][0]["properties"][key] for key in common})
    return node, where


def table(schemas, node, file, linked, path):
    lines = ["| key | value | meaning |", "|---|---|---|"]
    required = set(node.get("required", []))
    for key, value in node["properties"].items():
        if key in node.get("forms", {}):
            lines.append(row_of_forms(schemas, node, key, linked, path))
            continue
        name = f"`{key}`" + (" (required)" if key in required else "")
        lines.append(f"| {name} | {cell(kind_of(schemas, value, file, linked, f'{path}-{key}'))} | "
                     f"{cell(description(schemas, value, file))} |")
    return lines


def row_of_forms(schemas, node, key, linked, path):
    """A key that only some of an object's forms have, or that means other things in them."""
    kinds, texts = [], []
    for value, place in node["forms"][key]:
        kind = kind_of(schemas, value, place, linked, f"{path}-{key}")
        text = description(schemas, value, place)
        kinds += [kind] if kind not in kinds else []
        texts += [text] if text and text not in texts else []
    of = node["of"][key]
    return f"| `{key}` | {cell(' or '.join(kinds))} | {cell('; '.join(([of] if of else []) + texts))} |"


def page(directory):
    schemas = Schemas(directory)
    linked = {}
    for file, schema in schemas.files.items():
        for name, node in schema.get("definitions", {}).items():
            found = properties_of(schemas, node, file)
            if found and len(found[0]["properties"]) > 1:
                linked[(file, name)] = found
    lines = [
        "# Every key of the data files", "",
        "Made of the schemas beside this file by `harness/scenario/key_reference.py`: do not edit it. A test compares",
        "them, another holds the schemas against what the loader accepts. `scenarios/README.md` explains the keys.", ""]
    for kind in KINDS:
        schema = schemas.files[f"{kind}.schema.json"]
        lines += [f"## {schema['title']}", ""] + table(schemas, schema, f"{kind}.schema.json", linked, kind) + [""]
    lines += ["## Values with keys of their own", ""]
    told = 0
    while told < len(linked):  # a table may name more of them
        (file, name), (node, where) = list(linked.items())[told]
        told += 1
        title = anchor(file, name)
        lines += [f"### {title}", ""]
        text = schemas.files.get(file, {}).get("definitions", {}).get(name, {}).get("description")
        lines += ([text, ""] if text else []) + table(schemas, node, where, linked, title.removesuffix("-map")) + [""]
    return "\n".join(lines)


def main():
    text = page(pathlib.Path(sys.argv[1]))
    if "--check" not in sys.argv:
        print(text, end="")
        return 0
    file = pathlib.Path(sys.argv[sys.argv.index("--check") + 1])
    if file.read_text() == text:
        return 0
    print(f"{file} is not what the schemas say; write it anew:\n"
          f"  harness/scenario/key_reference.py {sys.argv[1]} >{file}", file=sys.stderr)
    return 1


sys.exit(main())
