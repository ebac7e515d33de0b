# SPDX-License-Identifier: EUPL-1.2
"""What `make deploy` does and refuses, on the emulator: no build, the rest as on AWS.

Needs what emulator.py needs. Ends with a failed assertion that shows what was said.
"""

import json
import tempfile
import time
from pathlib import Path

import emulator as on

# Nobody is there.
SETTINGS = on.SETTINGS | {"GRAPH_API_URL": "http://127.0.0.1:1"}


class Office:
    """Who installs: a folder with settings and secrets, and an AWS account that is the emulator."""

    def __init__(self, emulator, folder):
        self.emulator, self.folder = emulator, folder
        self.template = json.loads(on.template())
        (folder / "secrets").mkdir()
        self.secrets = folder / "secrets/default.env"

    def settle_on(self, **changes):
        (self.folder / "deploy.env").write_text(on.settings(SETTINGS | changes))

    def keep(self, **changes):
        self.secrets.write_text(on.settings(on.APP | changes))

    def deploys(self, *expected, template=None, succeeds=True):
        done = on.deploy(self.emulator, self.folder, json.dumps(template or self.template))
        assert (done.returncode == 0) == succeeds, done.stdout
        for part in expected:
            assert part in done.stdout, (part, done.stdout)
        for name, secret in on.APP.items():
            assert secret not in done.stdout, f"{name} was said"

    def is_refused(self, *expected, template=None):
        self.deploys(*expected, template=template, succeeds=False)

    def client(self, service):
        return self.emulator.client(service)

    def has_nothing(self):
        assert not self.client("ssm").describe_parameters()["Parameters"]
        assert not self.client("s3").list_buckets()["Buckets"]
        assert not self.client("cloudformation").list_stacks()["StackSummaries"]

    def secret(self, name):
        asked = {"Name": f"/filodiretto/{on.STACK}/secrets/{name}", "WithDecryption": True}
        return self.client("ssm").get_parameter(**asked)["Parameter"]["Value"]

    def function(self):
        return self.client("lambda").get_function_configuration(FunctionName=f"{on.STACK}-admin")

    def removes_bucket(self):
        """The emulator holds a bucket that is to be taken over against the stack that takes it."""
        self.client("s3").delete_bucket(Bucket=f"{on.STACK}-000000000000-{on.REGION}")

    def is_served(self):
        """Asks the installation for its lines."""
        apis = self.client("apigatewayv2").get_apis()["Items"]
        api = next(it["ApiId"] for it in apis if it["Name"] == on.STACK)
        key = self.secret("keys/api").removeprefix("API_KEY=").strip()
        url = f"{self.emulator.url}/_aws/execute-api/{api}/$default/v1/lines"
        status, body = on.http("GET", url, headers={"authorization": f"Bearer {key}"})
        assert status == 200 and b"pordenone" in body, (status, body)

    def broken(self):
        """A template of which not everything can be made."""
        broken = json.loads(json.dumps(self.template))
        for resource in broken["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                resource["Properties"]["Description"] = "broken"
        # Last, when all else is there.
        broken["Resources"]["Broken"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "DependsOn": [name for name in self.template["Resources"] if name not in ("Domain", "DomainMapping", "Board", "KeyUse")],
            "Properties": {"FunctionName": f"{on.STACK}-none", "Qualifier": "$LATEST"},
        }
        return broken


def refuses_before_anything_is_made(office):
    on.step("what is missing is named, and nothing is made")
    office.is_refused("Manca", "deploy.env")
    office.settle_on(ALARM_EMAIL=None, ARCHITECTURE="arm", DASHBORD="true", STACK="Prova", WEBHOOK_DOMAIN="filo.example.org")
    office.keep()
    office.is_refused(
        "manca ALARM_EMAIL.",
        "ARCHITECTURE non può essere «arm»; una di arm64, x86_64.",
        "DASHBORD non è un'impostazione",
        "STACK è fatto di",
        "manca CERTIFICATE_ARN",
    )
    office.settle_on(LINES="infra/aws/tools")
    office.is_refused("non c'è nessun file di linea")
    office.settle_on()
    office.keep(META_APP_SECRET="a,b,c", META_ACCESS_TOKEN=None, META_APP_SEGRET="x")
    office.is_refused("META_APP_SECRET è uno, o due", "default.env: manca META_ACCESS_TOKEN.", "META_APP_SEGRET non va qui.")
    office.secrets.unlink()
    office.is_refused("Manca", "default.env: ci vanno META_APP_SECRET, META_VERIFY_TOKEN, META_ACCESS_TOKEN.")
    office.has_nothing()


def survives_a_first_failure(office):
    on.step("a first installation that fails goes away, and the next takes over what it left")
    office.keep()
    office.is_refused("non è riuscita", "Broken", template=office.broken())
    tables = office.client("dynamodb").list_tables()["TableNames"]
    assert len(tables) == 3, tables
    lookup = office.secret("keys/lookup")
    office.removes_bucket()
    office.deploys("fatta", "linea nuova", "WebhookUrl: ")
    assert office.secret("keys/lookup") == lookup
    office.is_served()


def changes_only_what_changed(office):
    on.step("again, nothing changes; a changed secret starts the functions again")
    keys = office.secret("keys/lookup"), office.secret("keys/api")
    office.deploys("era già così", "apps/default: come prima")
    before = office.function()["Environment"]["Variables"]
    office.keep(META_ACCESS_TOKEN="another-token")
    office.deploys("apps/default: scritto", "fatta")
    assert "META_ACCESS_TOKEN=another-token\n" in office.secret("apps/default")
    after = office.function()["Environment"]["Variables"]
    assert before["SECRETS_VERSION"] != after["SECRETS_VERSION"], after
    assert keys == (office.secret("keys/lookup"), office.secret("keys/api"))
    # What is written is there for who installs from elsewhere.
    office.secrets.unlink()
    office.deploys("era già così")
    assert "META_ACCESS_TOKEN=another-token\n" in office.secret("apps/default")
    office.is_served()


def keeps_the_version_before(office):
    on.step("an update that fails leaves the version before")
    before = office.function()["Description"]
    office.is_refused("UPDATE_ROLLBACK_COMPLETE", "La versione di prima resta in funzione.", "Broken", template=office.broken())
    assert office.function()["Description"] == before
    office.is_served()


def keeps_its_data(office):
    on.step("an update that would leave a table behind is refused")
    renamed = json.loads(json.dumps(office.template))
    renamed["Resources"]["SubscribersTable"]["Properties"]["TableName"] = {"Fn::Sub": "${AWS::StackName}-people"}
    office.is_refused("Niente è cambiato.", "SubscribersTable", template=renamed)

    on.step("removed and installed again, it has its lines")
    cloudformation = office.client("cloudformation")
    cloudformation.delete_stack(StackName=on.STACK)
    on.until("the stack is gone", lambda: not alive(cloudformation))
    office.removes_bucket()
    office.deploys("fatta", "nessun cambiamento")
    office.is_served()


def alive(cloudformation):
    return [it for it in cloudformation.list_stacks()["StackSummaries"] if it["StackStatus"] != "DELETE_COMPLETE"]


def main():
    with tempfile.TemporaryDirectory() as folder, on.Emulator(False, Path(folder)) as emulator:
        office = Office(emulator, Path(folder))
        for part in [
            refuses_before_anything_is_made,
            survives_a_first_failure,
            changes_only_what_changed,
            keeps_the_version_before,
            keeps_its_data,
        ]:
            started = time.monotonic()
            part(office)
            on.step(f"  {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
