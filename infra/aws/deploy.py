"""Installs Filo Diretto in an AWS account, or brings an installation up to date: `make deploy`.

    deploy.py [SETTINGS] [--packaged] [--template EXPANDED]

SETTINGS is infra/aws/deploy.env unless given; the Meta apps' secrets lie beside it, in
secrets/{app}.env. Everything is checked before anything is made, and what is missing is named. A
deployment that fails leaves the one before as it was. --packaged takes the zips in target/lambda as
they are; --template takes another template than expand.py's.
"""

import argparse
import getpass
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
import tomllib
from datetime import datetime, timezone
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[2]
FILODIRETTO = ROOT / "target/debug/filodiretto"
POLL_SECONDS = 2

# Settings that are no parameter of the template.
STACK, REGION, LINES = "STACK", "REGION", "LINES"
# Buckets are named after it, with 33 characters more at most, in 63.
STACK_NAME = re.compile("[a-z][a-z0-9-]{0,28}[a-z0-9]")
# The template's parameter that this fills in itself.
SECRETS_VERSION = "SecretsVersion"
# What a Meta app has: all three, and nothing else.
APP_SECRETS = ["META_APP_SECRET", "META_VERIFY_TOKEN", "META_ACCESS_TOKEN"]
APP_NAME = re.compile("[a-z0-9-]+")
KEYS = {"keys/lookup": "LOOKUP_KEY", "keys/api": "API_KEY"}
# What people entrusted to us, by the property that names it. A deployment never throws it away.
DATA = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName"}


def say(text):
    print(text, flush=True)


def stop(problems):
    raise SystemExit("\n".join(problems))


# --- What is asked for ---


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
        read[name.strip()] = value.strip()
    return read, wrong


def parameter_of(setting):
    """`ALARM_EMAIL` is the template's AlarmEmail."""
    return "".join(it.capitalize() for it in setting.split("_"))


def setting_of(parameter):
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
        apps[app] = {name: read.get(name) for name in names_of(app)}
    return apps, wrong


def asked(app):
    """The secrets of an app, asked of who sits there. They are not shown and not kept here."""
    say(f"I segreti della app «{app}» di Meta. Non si vedono mentre si scrivono.")
    answers = {name: getpass.getpass(f"  {name}: ").strip() for name in names_of(app)}
    missing = [f"Manca {name}." for name, value in answers.items() if not value]
    return stop(missing) if missing else answers


# --- AWS ---


class Account:
    """The account and region that is deployed to."""

    def __init__(self, region):
        self.session, self.region = botocore.session.get_session(), region
        self.ssm, self.s3, self.cloudformation = map(self.client, ["ssm", "s3", "cloudformation"])
        try:
            self.id = self.client("sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            stop([
                f"AWS non accetta le credenziali nella regione {region} ({code}): rinnovarle, e "
                "controllare che la regione sia attivata per l'account."
            ])

    def client(self, service):
        return self.session.create_client(service, region_name=self.region)

    def secrets(self, stack):
        """Name under the stack's path and version of each secret there is."""
        path = f"/filodiretto/{stack}/secrets"
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        return {it["Name"].removeprefix(f"{path}/"): it["Version"] for page in pages for it in page["Parameters"]}

    def keep_secrets(self, stack, apps):
        """Writes what is new or has changed. A key is made once: who has one keeps it."""
        there = self.secrets(stack)
        for name, setting in KEYS.items():
            if name not in there:
                self.put_secret(stack, name, {setting: secrets.token_hex(32)}, overwrite=False)
                say(f"  {name}: creata")
        for app, settings in apps.items():
            name = f"apps/{app}"
            if name in there and self.secret(stack, name) == text_of(settings):
                say(f"  {name}: come prima")
                continue
            self.put_secret(stack, name, settings, overwrite=True)
            say(f"  {name}: scritto")

    def secret(self, stack, name):
        name = f"/filodiretto/{stack}/secrets/{name}"
        return self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    def put_secret(self, stack, name, settings, overwrite):
        name, value = f"/filodiretto/{stack}/secrets/{name}", text_of(settings)
        self.ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=overwrite)

    def make_bucket(self, name):
        """Where code waits for Lambda to take it."""
        there = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        configuration = {"CreateBucketConfiguration": there} if there else {}
        try:
            self.s3.create_bucket(Bucket=name, **configuration)
        except self.s3.exceptions.BucketAlreadyOwnedByYou:
            pass

    def upload(self, bucket, key, body):
        self.s3.put_object(Bucket=bucket, Key=key, Body=body, ExpectedBucketOwner=self.id)

    def stack(self, name):
        """The stack as it is, if there is one."""
        try:
            return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise

    def settled(self, stack):
        """The stack's status once CloudFormation is done with it."""
        while (now := self.stack(stack)) and now["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(POLL_SECONDS)
        return now["StackStatus"] if now else "DELETE_COMPLETE"

    def change_set(self, request):
        """What CloudFormation would do, once it knows."""
        made = self.cloudformation.create_change_set(**request)
        while True:
            found = self.cloudformation.describe_change_set(ChangeSetName=made["Id"])
            if not found["Status"].endswith(("PENDING", "IN_PROGRESS")):
                break
            time.sleep(POLL_SECONDS)
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=made["Id"])
        return found | {"Changes": [it["ResourceChange"] for page in pages for it in page["Changes"]]}

    def failures(self, stack, since):
        """What failed, and why."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        for it in (it for page in pages for it in page["StackEvents"] if it["Timestamp"] >= since):
            reason = it.get("ResourceStatusReason", "")
            # Of all that was under way when something failed it is said that it was cancelled.
            if it["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                yield f"  {it['LogicalResourceId']}: {reason}"
        yield from self.invalid(StackName=stack)

    def invalid(self, **of):
        """What CloudFormation found wrong before it began."""
        pages = self.cloudformation.get_paginator("describe_events").paginate(**of)
        for it in (it for page in pages for it in page["OperationEvents"]):
            if it.get("ValidationStatus") == "FAILED":
                yield f"  {it['LogicalResourceId']}: {it['ValidationStatusReason']}"


def text_of(settings):
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def with_code(template, account, bucket):
    """The template with each function's code in the bucket, under a name that changes with it."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            code = resource["Properties"]["Code"]
            function = code["S3Key"].removesuffix(".zip")
            zipped = (ROOT / "target/lambda" / function / "bootstrap.zip").read_bytes()
            key = f"{function}-{hashlib.sha256(zipped).hexdigest()}.zip"
            account.upload(bucket, key, zipped)
            code["S3Bucket"], code["S3Key"] = bucket, key


def with_names(template, stack, account):
    """The template with the names of tables and bucket written out.

    What an earlier stack of this name left behind is then taken over, and not in the way: names that
    are made by functions CloudFormation does not look up. Source: CloudFormation User Guide, "Import
    AWS resources into a CloudFormation stack automatically".
    """
    known = {"StackName": stack, "AccountId": account.id, "Region": account.region}
    for resource in template["Resources"].values():
        if named := DATA.get(resource["Type"]):
            name = resource["Properties"][named]["Fn::Sub"]
            resource["Properties"][named] = re.sub(r"\$\{AWS::(\w+)\}", lambda it: known[it[1]], name)


def deploy(account, stack, parameters, template):
    """Brings the stack to the template; `False` if it was there already."""
    bucket = f"{stack}-code-{account.id}-{account.region}"
    account.make_bucket(bucket)
    with_code(template, account, bucket)
    with_names(template, stack, account)
    account.upload(bucket, "template.json", json.dumps(template).encode())

    there = account.stack(stack)
    if there and there["StackStatus"] in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"):
        # It was never whole: there is nothing to do with it but delete it.
        account.cloudformation.delete_stack(StackName=stack)
    new = account.settled(stack) == "DELETE_COMPLETE"
    request = {
        "StackName": stack,
        "ChangeSetName": f"deploy-{int(time.time())}",
        "ChangeSetType": "CREATE" if new else "UPDATE",
        "TemplateURL": f"{account.s3.meta.endpoint_url}/{bucket}/template.json",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "ImportExistingResources": True,
    }
    # Else CloudFormation goes back to what was there.
    changes = account.change_set(request | ({"OnStackFailure": "DELETE"} if new else {}))
    if changes["Status"] == "FAILED":
        if re.search("didn't contain changes|No updates are to be performed", changes["StatusReason"]):
            return False
        wrong = account.invalid(ChangeSetName=changes["ChangeSetId"])
        stop([f"CloudFormation non accetta il cambiamento: {changes['StatusReason']}", *wrong])
    lost = [
        f"  {it['LogicalResourceId']}"
        for it in changes["Changes"]
        if it["ResourceType"] in DATA and (it["Action"] == "Remove" or it.get("Replacement") == "True")
    ]
    if lost:
        stop(["Niente è cambiato. Il cambiamento avrebbe staccato dall'installazione i suoi dati:", *lost])

    started = datetime.now(timezone.utc)
    account.cloudformation.execute_change_set(ChangeSetName=changes["ChangeSetId"])
    after = account.settled(changes["StackId"])
    if after not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        kept = "Niente è rimasto, salvo tabelle e deposito vuoti." if new else "La versione di prima resta in funzione."
        stop([f"L'installazione non è riuscita ({after}). {kept}", *account.failures(changes["StackId"], started)])
    return True


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
    account.keep_secrets(stack, apps)
    parameters = {name: given[setting_of(name)] for name in rules if setting_of(name) in given}
    # Functions read secrets when they start: another version here starts them again.
    versions = account.secrets(stack)
    parameters[SECRETS_VERSION] = ",".join(f"{name}.{versions[name]}" for name in sorted(versions))
    say(f"Installazione di «{stack}» nella regione {account.region}…")
    changed = deploy(account, stack, parameters, template)
    say("  fatta" if changed else "  era già così")

    environment = os.environ | {"AWS_REGION": account.region, "FILODIRETTO_STACK": stack}
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
    except ClientError as error:
        # Of a secret its message can hold what was sent.
        why = error.response["Error"]["Code" if error.operation_name == "PutParameter" else "Message"]
        stop([f"AWS rifiuta {error.operation_name}: {why}"])
