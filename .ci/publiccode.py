# SPDX-License-Identifier: EUPL-1.2
"""Holds publiccode.yml against the standard, Cargo.toml and the changelog.

Prints a line for everything wrong and ends with 1 if there is any. A heading of the changelog is
`## 0.1.0, not released` or `## 0.1.0, 2027-01-31`, the newest first.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from ruamel.yaml import YAML


def against_the_standard(file, schema):
    validator = Draft202012Validator(schema, format_checker=FormatChecker(["date"]))
    for error in validator.iter_errors(file):
        yield f"{error.json_path.removeprefix('$.')}: {error.message}"
    files = [file.get("logo")]
    for texts in file.get("description", {}).values():
        files += texts.get("screenshots", [])
    for path in filter(None, files):
        if not Path(path).is_file():
            yield f"{path}: no such file"


def against_the_project(file, package, headings):
    if file["legal"]["license"] != package["license"]:
        yield f"legal.license: Cargo.toml says {package['license']}"
    if not headings:
        yield "CHANGELOG.md has no heading like `## 0.1.0, not released`"
        return
    if headings[0][0] != package["version"]:
        yield f"CHANGELOG.md begins with {headings[0][0]}, Cargo.toml says {package['version']}"

    released = [it for it in headings if it[1] != "not released"]
    version, date = released[0] if released else (None, None)
    for key, want in [("softwareVersion", version), ("releaseDate", date)]:
        if file.get(key) != want:
            yield f"{key}: {file.get(key)}, CHANGELOG.md says {want or 'nothing is released'}"
    if released and urlsplit(file["url"]).hostname.endswith(".invalid"):
        yield "url: what is released has the address of its repository"


def main():
    # Dates stay text, as in the standard.
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda it, node: node.value)
    file = yaml.load(Path("publiccode.yml"))
    schema = json.loads(Path(".ci/publiccode.schema.json").read_text())
    wrong = list(against_the_standard(file, schema))
    if not wrong:
        package = tomllib.loads(Path("Cargo.toml").read_text())["workspace"]["package"]
        headings = re.findall(
            r"^## (\S+), (not released|\d{4}-\d\d-\d\d)$", Path("CHANGELOG.md").read_text(), re.M
        )
        wrong = list(against_the_project(file, package, headings))
    for it in wrong:
        print(f"publiccode.yml: {it}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
