#!/usr/bin/env python3
"""Checks that the sources of a folder can be compiled as one, and its tests as another (`cmake --preset ci` does,
since that is several times quicker): what one defines in its anonymous namespace, no other defines with the same
parameters.

usage: check_local_names.py FOLDER...
"""

import collections
import pathlib
import re
import sys

# Definitions start at the left margin: nothing is indented within a namespace.
ALIAS = re.compile(r"(?:using|namespace) (\w+) = (.*);", re.S)
TYPE = re.compile(r"(?:struct|class|enum(?: class)?) (\w+)\b(?!;)")
FUNCTION = re.compile(r"[\w:][\w:<>,*&\s\[\]]*?[\s*&]([A-Za-z_]\w*)(\(.*)", re.S)
CONSTANT = re.compile(r"(?:static |inline |constexpr |const |thread_local )*[\w:<>,*&\s]*?[\s*&](\w+)(?:\[.*?\])*\s*(?:=|\{|;)", re.S)


def statements(text):
    """The top-level declarations of `text`, each up to its body, initialiser or semicolon."""
    text = re.sub(r"//.*|^#.*", "", text, flags=re.M)
    text = re.sub(r"\n\n+", "\n\n", text)
    for match in re.finditer(r"^(?![\s})])(?:.+\n(?=[\s)]))*.*", text, re.M):
        yield match[0]


def parameter_types(rest):
    """`rest` is what follows a function's name: its parameters, without their names, spaces and default values."""
    depth = 0
    parameters = [""]
    for char in rest:
        depth += char in "(<[{"
        depth -= char in ")>]}"
        if depth == 0:
            break
        if char == "," and depth == 1:
            parameters.append("")
        elif not (char == "(" and depth == 1 and parameters == [""]):
            parameters[-1] += char
    types = []
    for parameter in parameters:
        parameter = " ".join(parameter.split("=")[0].split())
        parameter = re.sub(r"\b(?:std|nlohmann|fs)::", "", parameter)
        types.append(re.sub(r"(?<=[\s&*>])\w+$", "", parameter).replace(" ", ""))
    return "(" + ", ".join(types) + ")"


def local_names(path):
    text = path.read_text()
    for block in re.findall(r"^namespace \{\n(.*?)^\}  // namespace$", text, re.M | re.S):
        for statement in statements(block):
            statement = re.sub(r"^template <.*?>\n", "", statement)
            found = ALIAS.match(statement)
            if found:  # the same alias twice is none too many
                yield found[1], " = " + " ".join(found[2].split())
                continue
            found = TYPE.match(statement)
            if found:
                yield found[1], ""
                continue
            head = re.split(r"[={;]", statement, maxsplit=1)[0]
            found = FUNCTION.match(head)
            if found and "operator" not in head:
                yield found[1], parameter_types(found[2])
                continue
            found = CONSTANT.match(statement)
            if found:
                yield found[1], ""


def clash(meanings):
    """Whether the definitions of a name, {its parameters or what it stands for: [file]}, exclude each other."""
    if all(meaning.startswith("(") for meaning in meanings):
        return any(len(paths) > 1 for paths in meanings.values())
    if len(meanings) > 1:
        return True
    meaning, paths = next(iter(meanings.items()))
    return len(paths) > 1 and not meaning.startswith(" = ")


def report_clashes(folder, paths):
    """Prints the names that several of `paths` define, and returns how many there are."""
    definers = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in paths:
        for name, meaning in set(local_names(path)) - {("Main", "(int, char**)")}:  # one a program
            definers[name][meaning].append(path)
    clashes = 0
    for name, meanings in sorted(definers.items()):
        if clash(meanings):
            clashes += 1
            files = ", ".join(sorted(path.name for paths in meanings.values() for path in paths))
            print(f"{folder}: {name} is defined by each of {files}: give them names of their own")
    return clashes


def main():
    clashes = 0
    for folder in map(pathlib.Path, sys.argv[1:]):
        paths = sorted(folder.glob("*.cc"))
        clashes += report_clashes(folder, [p for p in paths if not p.stem.endswith(("_test", "_fuzz"))])
        clashes += report_clashes(folder, [p for p in paths if p.stem.endswith("_test")])
    sys.exit(1 if clashes else 0)


if __name__ == "__main__":
    main()
