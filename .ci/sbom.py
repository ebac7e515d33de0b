# SPDX-License-Identifier: EUPL-1.2
"""Validates the CycloneDX files of a folder and writes the notices of what they name.

A notice is every licence, copyright or notice file of a package, word for word; equal texts stand once.
A package without any is listed with what its manifest says.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

SHIPPED = {
    "admin", "commands", "desk", "fanout", "filodiretto", "retention", "sender", "statuses", "webhook",
}
NOTICE = re.compile(r"(licen[cs]e|copying|copyright|notices?|unlicense)\b.*", re.IGNORECASE)


def components(folder):
    """Name and version of all that is named in the files, ours left out."""
    files = {it.name.removesuffix(".cdx.json"): it.read_text() for it in folder.glob("*.cdx.json")}
    if files.keys() != SHIPPED:
        sys.exit(f"{folder}: files for {sorted(files)}, shipped are {sorted(SHIPPED)}")
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    found = set()
    for name, text in files.items():
        if error := validator.validate_str(text):
            sys.exit(f"{name}.cdx.json: not CycloneDX 1.5: {error.data.message}")
        for it in json.loads(text)["components"]:
            if not it["bom-ref"].startswith("path+"):
                found.add((it["name"], it["version"]))
    return found


def notices(wanted):
    metadata = json.loads(
        subprocess.check_output(["cargo", "metadata", "--format-version=1", "--locked"])
    )
    packages = {(it["name"], it["version"]): it for it in metadata["packages"]}
    texts, without = {}, []
    for key in sorted(wanted):
        package = packages[key]
        folder = Path(package["manifest_path"]).parent
        files = sorted(it for it in folder.iterdir() if it.is_file() and NOTICE.fullmatch(it.name))
        for file in files:
            text = file.read_text(errors="replace").strip()
            users = texts.setdefault(text, [])
            if key not in users:
                users.append(key)
        if not files:
            without.append(package)

    yield f"Third-party software in Filo Diretto: {len(wanted)} packages.\n"
    for text, users in sorted(texts.items(), key=lambda it: it[1]):
        names = ", ".join(f"{name} {version}" for name, version in users)
        yield f"{'=' * 80}\n{names}\n{'=' * 80}\n\n{text}\n"
    yield f"{'=' * 80}\nPackages that carry no text, as their manifests have them\n{'=' * 80}\n"
    for it in without:
        authors = ", ".join(it["authors"]) or "no authors named"
        yield f"{it['name']} {it['version']}: {it['license']}, {authors}, {it['repository']}"


def main():
    folder = Path(sys.argv[1])
    wanted = components(folder)
    out = folder / "THIRD-PARTY.txt"
    out.write_text("\n".join(notices(wanted)) + "\n")
    print(f"{folder}: {len(SHIPPED)} CycloneDX files, notices of {len(wanted)} packages in {out.name}")


if __name__ == "__main__":
    main()
