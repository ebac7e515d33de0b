# SPDX-License-Identifier: EUPL-1.2
"""Starts each function's zip without each of its variables in turn: it must name the one it misses.

    variables.py EXPANDED.json      after infra/aws/package x86_64

So the template gives no function a variable that it does not read. That none is missing, the story on
the emulator shows.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Without them a function starts as well.
OPTIONAL = {
    "LOG_LEVEL", "METRICS_NAMESPACE", "GRAPH_API_URL", "GRAPH_API_VERSION", "SECRETS_VERSION", "MAIL_FROM",
    "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_TRUST_EMAIL",
}
# What Lambda sets; nobody answers there.
LAMBDA = {
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
    "AWS_LAMBDA_FUNCTION_NAME": "name",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_REGION": "eu-south-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
# What the parameters under SECRETS_PATH hold.
APPS = {"META_APP_SECRET": "x", "META_VERIFY_TOKEN": "x", "META_ACCESS_TOKEN": "x"}
KEYS = {"LOOKUP_KEY": "x" * 32, "API_KEY": "x" * 32}
SECRETS = {"/secrets": APPS | KEYS, "/secrets/keys": KEYS}
START_SECONDS = 10


def missing(bootstrap, variables):
    """The setting that the function says is missing."""
    try:
        ended = subprocess.run([bootstrap], env=LAMBDA | variables, capture_output=True, text=True, timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    said = ended.stderr.partition("setting ")[2]
    return said.split(" is missing")[0] if " is missing" in said else None


def wrong_of(function, given, bootstrap):
    path = given.pop("SECRETS_PATH", None)
    secrets = SECRETS[path["Fn::Sub"].partition("${AWS::StackName}")[2]] if path else {}
    plain = {name: "x" for name in given if name not in OPTIONAL}
    if lacks := missing(bootstrap, plain | secrets):
        yield f"{function} lacks {lacks}"
    for name in plain:
        if missing(bootstrap, {key: it for key, it in plain.items() if key != name} | secrets) != name:
            yield f"{function} does not read {name}"
    if path and missing(bootstrap, plain) not in secrets:
        yield f"{function} reads no secret"
    if secrets.keys() & APPS.keys() and missing(bootstrap, plain | KEYS) not in APPS:
        yield f"{function} reads no secret of an app"


def main(expanded):
    resources = json.loads(Path(expanded).read_text(encoding="utf-8"))["Resources"].values()
    functions = [it["Properties"] for it in resources if it["Type"] == "AWS::Lambda::Function"]
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for it in functions:
            function = it["Code"]["S3Key"].removesuffix(".zip")
            bootstrap = Path(folder) / function
            with zipfile.ZipFile(ROOT / "target/lambda" / function / "bootstrap.zip") as zipped:
                bootstrap.write_bytes(zipped.read("bootstrap"))
            bootstrap.chmod(0o755)
            wrong += wrong_of(function, it["Environment"]["Variables"], bootstrap)
    print("\n".join(wrong) or f"variables: {len(functions)} functions read what they are given")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
