# SPDX-License-Identifier: EUPL-1.2
"""Installs Filo Diretto in an AWS account, or brings an installation up to date: `make deploy`.

    deploy.py [SETTINGS] [--packaged] [--template EXPANDED]

SETTINGS is infra/aws/deploy.env unless given; the Meta apps' secrets lie beside it, in
secrets/{app}.env. Everything is checked before anything is made, and what is missing is named. A
deployment that fails leaves the one before as it was. --packaged takes the zips in target/lambda as
they are; --template takes another template than expand.py's.
"""

import argparse
import getpass
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from account import ROOT, Account, deploy, say, stop

FILODIRETTO = ROOT / "target/debug/filodiretto"

# Settings that are no parameter of the template.
STACK, REGION, LINES = "STACK", "REGION", "LINES"
# Buckets are named after it, with 33 characters more at most, in 63.
STACK_NAME = re.compile("[a-z][a-z0-9-]{0,28}[a-z0-9]")
# The template's parameter that this fills in itself.
SECRETS_VERSION = "SecretsVersion"
# What a Meta app has: all three, and nothing else.
APP_SECRETS = ["META_APP_SECRET", "META_VERIFY_TOKEN", "META_ACCESS_TOKEN"]
APP_NAME = re.compile("[a-z0-9-]+")


def assignments(path):
    """The `NAME=value` lines of a file, and what is wrong with it. A value is never quoted."""
    read, wrong = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            wrong.append(f"{path}, riga {number}: scrivere NOME=valore.")
        elif name.strip() in read:
            wrong.append(f"{path}, riga {number}: {name.strip()} c'è due volte.")
        read[name.strip()] = value.strip().strip("\"'")
    return read, wrong


def setting_of(parameter):
    """The template's AlarmEmail is `ALARM_EMAIL`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", parameter).upper()


def fits(value, rules):
    if "AllowedValues" in rules:
        return value in map(str, rules["AllowedValues"])
    if rules["Type"] == "Number":
        return value.isdecimal() and rules["MinValue"] <= int(value) <= rules["MaxValue"]
    return re.fullmatch(rules.get("AllowedPattern", ".*"), value) is not None


def problems_of(given, rules, path):
    """What is wrong with the settings, by the template's own rules for its parameters."""
    known = {STACK, REGION, LINES} | {setting_of(it) for it in rules}
    for name in given.keys() - known:
        yield f"{path}: {name} non è un'impostazione; ci sono {', '.join(sorted(known))}."
    for name in [STACK, REGION]:
        if not given.get(name):
            yield f"{path}: manca {name}."
    if given.get(STACK) and not STACK_NAME.fullmatch(given[STACK]):
        yield f"{path}: STACK è fatto di lettere minuscole, cifre e trattini, 30 al massimo."
    for parameter, rule in rules.items():
        name = setting_of(parameter)
        value = given.get(name) or rule.get("Default")
        if value is None:
            yield f"{path}: manca {name}."
        elif not fits(str(value), rule):
            allowed = ", ".join(map(str, rule.get("AllowedValues", [])))
            example = f"una di {allowed}" if allowed else "com'è fatta si vede in deploy.env.example"
            yield f"{path}: {name} non può essere «{value}»; {example}."
    for name in ["KMS_KEY_ARN", "CERTIFICATE_ARN"]:
        if given.get(name) and f":{given.get(REGION)}:" not in given[name]:
            yield f"{path}: {name} è di un'altra regione che REGION."
    if given.get("WEBHOOK_DOMAIN") and not given.get("CERTIFICATE_ARN"):
        yield f"{path}: manca CERTIFICATE_ARN, il certificato di WEBHOOK_DOMAIN in questa regione."


def line_files(folder):
    """The line files of a folder, each held to be right by the program itself; else why not."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        stop([f"{folder}: non c'è nessun file di linea."])
    checks = [subprocess.run([FILODIRETTO, "line", "check", it], stdout=subprocess.DEVNULL) for it in files]
    if any(it.returncode for it in checks):
        stop(["I file di linea vanno corretti prima."])
    return files


def apps_of(lines):
    """The Meta apps that lines name."""
    return {tomllib.loads(it.read_text(encoding="utf-8")).get("app", "default") for it in lines}


def names_of(app):
    suffix = "" if app == "default" else "__" + app.upper().replace("-", "_")
    return [name + suffix for name in APP_SECRETS]


def secrets_in(folder):
    """The secrets of each app that has a file, and what is wrong with the files."""
    apps, wrong = {}, []
    for path in sorted(folder.glob("*.env")):
        app = path.stem
        if not APP_NAME.fullmatch(app):
            wrong.append(f"{path}: il nome di una app è fatto di lettere minuscole, cifre e trattini.")
            continue
        read, unreadable = assignments(path)
        wrong += unreadable
        wrong += [f"{path}: manca {name}." for name in names_of(app) if not read.get(name)]
        wrong += [f"{path}: {name} non va qui." for name in read.keys() - set(names_of(app))]
        kept = [it.strip() for it in read.get(names_of(app)[0], "").split(",")]
        if len(kept) > 2 or (len(kept) == 2 and "" in kept):
            wrong.append(f"{path}: {names_of(app)[0]} è uno, o due con una virgola in mezzo.")
        apps[app] = {name: read.get(name) for name in names_of(app)}
    return apps, wrong


def asked(app):
    """The secrets of an app, asked of who sits there. They are not shown and not kept here."""
    say(f"I segreti della app «{app}» di Meta. Non si vedono mentre si scrivono.")
    answers = {name: getpass.getpass(f"  {name}: ").strip() for name in names_of(app)}
    missing = [f"Manca {name}." for name, value in answers.items() if not value]
    return stop(missing) if missing else answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("settings", nargs="?", type=Path, default=ROOT / "infra/aws/deploy.env")
    parser.add_argument("--packaged", action="store_true")
    parser.add_argument("--template", type=Path)
    args = parser.parse_args()

    if not args.settings.exists():
        stop([f"Manca {args.settings}: copiare infra/aws/deploy.env.example e compilarlo."])
    if args.template:
        template = json.loads(args.template.read_text(encoding="utf-8"))
    else:
        from expand import expanded

        template = expanded("code")
    rules = {name: it for name, it in template["Parameters"].items() if name != SECRETS_VERSION}
    given, wrong = assignments(args.settings)
    given = {name: value for name, value in given.items() if value}
    wrong += problems_of(given, rules, args.settings)
    apps, wrong_secrets = secrets_in(args.settings.parent / "secrets")
    if wrong or wrong_secrets:
        stop(wrong + wrong_secrets)
    stack = given[STACK]
    lines = line_files(ROOT / given.get(LINES, "infra/lines"))

    account = Account(given[REGION])
    there = account.secrets(stack)
    for app in sorted(apps_of(lines) - apps.keys()):
        if f"apps/{app}" in there:
            continue
        if not sys.stdin.isatty():
            missing = args.settings.parent / "secrets" / f"{app}.env"
            stop([f"Manca {missing}: ci vanno {', '.join(names_of(app))}."])
        apps[app] = asked(app)

    if not args.packaged:
        architecture = given.get("ARCHITECTURE", rules["Architecture"]["Default"])
        subprocess.run([ROOT / "infra/aws/package", architecture], check=True)

    say(f"Segreti di «{stack}»:")
    account.keep_secrets(stack, apps, given.get("KMS_KEY_ARN"))
    parameters = {name: given[setting_of(name)] for name in rules if setting_of(name) in given}
    # Functions read secrets when they start: another version here starts them again.
    versions = account.secrets(stack)
    parameters[SECRETS_VERSION] = ",".join(f"{name}.{versions[name]}" for name in sorted(versions))
    say(f"Installazione di «{stack}» nella regione {account.region}…")
    changed = deploy(account, stack, parameters, template)
    say("  fatta" if changed else "  era già così")

    environment = os.environ | {"AWS_REGION": account.region, "FILODIRETTO_STACK": stack}
    environment |= {name: given[name] for name in ["GRAPH_API_URL", "GRAPH_API_VERSION"] if name in given}
    if subprocess.run([FILODIRETTO, "line", "apply", "--yes", *lines], env=environment).returncode:
        stop(["Le linee non sono applicate."])
    for output in account.stack(stack)["Outputs"]:
        say(f"{output['OutputKey']}: {output['OutputValue']}")
    if subprocess.run([FILODIRETTO, "doctor"], env=environment).returncode:
        say("L'installazione c'è. Quello che manca ancora è scritto qui sopra.")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        stop([f"Non è riuscito: {Path(error.cmd[0]).name}."])
    except BotoCoreError as error:
        stop([f"AWS non risponde ({type(error).__name__}): controllare la connessione e rifare."])
    except ClientError as error:
        # Of a secret its message can hold what was sent.
        why = error.response["Error"]["Code" if error.operation_name == "PutParameter" else "Message"]
        stop([f"AWS rifiuta {error.operation_name}: {why}"])
