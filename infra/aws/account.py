# SPDX-License-Identifier: EUPL-1.2
"""The account that is deployed to: its secrets, its bucket for code, and CloudFormation.

What CloudFormation is given is the expanded template, as the checks and the emulator read it.
"""

import hashlib
import json
import re
import secrets
import time
import uuid
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 2

KEYS = {"keys/lookup": "LOOKUP_KEY", "keys/api": "API_KEY"}
# What people entrusted to us, by the property that names it. A deployment never throws it away.
DATA = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName"}


# What a first installation or a removal that failed can leave of a stack.
HALF = ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"]


def say(text):
    print(text, flush=True)


def stop(problems):
    raise SystemExit("\n".join(problems))


class Account:
    """The account and region that is deployed to."""

    def __init__(self, region):
        self.session, self.region = botocore.session.get_session(), region
        self.ssm, self.s3, self.cloudformation = map(self.client, ["ssm", "s3", "cloudformation"])
        try:
            self.id = self.client("sts").get_caller_identity()["Account"]
        except (ConnectionError, HTTPClientError):
            raise
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

    def keep_secrets(self, stack, apps, kms_key=None):
        """Writes what is new or has changed. A key is made once: who has one keeps it."""
        under = {"KeyId": kms_key} if kms_key else {}
        there = self.secrets(stack)
        for name, setting in KEYS.items():
            if name not in there:
                self.put_secret(stack, name, {setting: secrets.token_hex(32)}, Overwrite=False, **under)
                say(f"  {name}: creata")
        for app, settings in apps.items():
            name = f"apps/{app}"
            if name in there and self.secret(stack, name) == text_of(settings):
                say(f"  {name}: come prima")
                continue
            self.put_secret(stack, name, settings, Overwrite=True, **under)
            say(f"  {name}: scritto")

    def secret(self, stack, name):
        name = f"/filodiretto/{stack}/secrets/{name}"
        return self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    def put_secret(self, stack, name, settings, **how):
        name, value = f"/filodiretto/{stack}/secrets/{name}", text_of(settings)
        self.ssm.put_parameter(Name=name, Value=value, Type="SecureString", **how)

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
    """Puts each function's code into the bucket, under a name that changes with it."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            code = resource["Properties"]["Code"]
            function = code["S3Key"].removesuffix(".zip")
            zipped = (ROOT / "target/lambda" / function / "bootstrap.zip").read_bytes()
            key = f"{function}-{hashlib.sha256(zipped).hexdigest()}.zip"
            account.upload(bucket, key, zipped)
            code["S3Bucket"], code["S3Key"] = bucket, key


def with_names(template, stack, account):
    """Writes out the names of tables and bucket.

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
    if there and there["StackStatus"] in HALF:
        # CloudFormation does nothing more with it. Data stays.
        account.cloudformation.delete_stack(StackName=stack)
    new = account.settled(stack) == "DELETE_COMPLETE"
    request = {
        "StackName": stack,
        "ChangeSetName": f"deploy-{uuid.uuid4()}",
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

    account.cloudformation.execute_change_set(ChangeSetName=changes["ChangeSetId"])
    after = account.settled(changes["StackId"])
    if after not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        kept = "Niente è rimasto, salvo tabelle e deposito vuoti." if new else "La versione di prima resta in funzione."
        stop([f"L'installazione non è riuscita ({after}). {kept}", *account.failures(changes["StackId"], changes["CreationTime"])])
    return True
