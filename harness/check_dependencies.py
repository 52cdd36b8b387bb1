#!/usr/bin/env python3
"""check_dependencies.py HARNESS_DIRECTORY: the rule of harness/README.md, held against every #include, and what
stands at the top level of the tree.

The table "Folders" there says what each folder may use. Exit 1 with one line for each include that breaks the rule,
for a folder that the table lacks or has too many, for a circle in the table, for a use that is allowed but that
nobody makes, and for a committed file at the top level that is not one of TOP_LEVEL.
"""
import pathlib
import re
import subprocess
import sys

TOP_LEVEL = {"harness", "mocks", "scenarios", "fixtures", "ci", "tools", "CMakeLists.txt", "CMakePresets.json",
             "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:harness|tools|mocks|fixtures)/[^"]+)"', re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)/` \|.*\|([^|]*)\|$", re.MULTILINE)


def allowed_uses(readme):
    return {folder: set(re.findall(r"`(\w+)`", uses)) for folder, uses in ROW.findall(readme)}


def circle(table):
    """A path of folders that ends where it began; None when there is none."""
    def walk(folder, path):
        for use in sorted(table.get(folder, ())):
            if use in path:
                return path[path.index(use):] + [use]
            found = walk(use, path + [use])
            if found:
                return found
        return None
    for folder in sorted(table):
        found = walk(folder, [folder])
        if found:
            return found
    return None


def is_test(path):
    return path.name.endswith(("_test.cc", "_fuzz.cc")) or "testing" in path.parts


def check(harness):
    table = allowed_uses((harness / "README.md").read_text())
    folders = {path.name for path in harness.iterdir() if path.is_dir() and list(path.glob("*.h"))}
    for folder in sorted(folders ^ set(table)):
        yield f"{folder}: {'not in the table of harness/README.md' if folder in folders else 'no such folder'}"
    found = circle(table)
    if found:
        yield "a circle in the table: " + " -> ".join(found)
        return
    used = {folder: set() for folder in folders}
    for path in sorted(harness.glob("*/**/*")):
        if path.suffix not in (".h", ".cc", ".S", ".c"):
            continue
        folder = path.relative_to(harness).parts[0]
        for include in INCLUDE.findall(path.read_text(errors="replace")):
            top, other = include.split("/")[:2]
            where = f"{path.relative_to(harness.parent)} includes {include}"
            if top != "harness":
                yield f"{where}: harness/ uses nothing of {top}/"
            elif other == folder:
                continue
            elif is_test(path):
                # A test may use what evidence is made with, and the test helpers of any folder.
                if other not in table.get(folder, ()) and other not in ("base", "evidence") and "testing/" not in include:
                    yield f"{where}: {folder}/ may not use {other}/, nor may its tests"
            elif other not in table.get(folder, ()):
                yield f"{where}: {folder}/ may not use {other}/"
            elif "/testing/" in include:
                yield f"{where}: only tests use testing/"
            else:
                used.setdefault(folder, set()).add(other)
    for folder in sorted(folders & set(table)):
        for use in sorted(table[folder] - used[folder]):
            yield f"{folder}: the table allows {use}, which nothing there uses"


def check_top_level(root):
    if not (root / ".git").exists():
        return  # a source package: what lies there is the packer's
    listed = subprocess.run(["git", "-C", str(root), "-c", "safe.directory=*", "ls-files", "-z"], check=True,
                            capture_output=True, text=True).stdout
    for name in sorted({path.split("/")[0] for path in listed.split("\0") if path}):
        if not name.startswith(".") and name not in TOP_LEVEL:
            yield f"{name}: does not belong at the top level (result of a run? else add it to TOP_LEVEL)"


def main():
    harness = pathlib.Path(sys.argv[1]).resolve()
    problems = list(check(harness)) + list(check_top_level(harness.parent))
    print("\n".join(problems) or "dependencies: ok")
    return 1 if problems else 0


sys.exit(main())
