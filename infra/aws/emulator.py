# SPDX-License-Identifier: EUPL-1.2
"""One story on an emulator of AWS, with the real functions: their zips run as on Lambda.

    emulator.py [--auth]      with --auth every call is held against the function's own role

Subscribe by webhook, broadcast by API, message at Meta's stand-in, statuses back, unsubscribe; then a
poisoned message goes to the dead letters. Needs target/lambda (infra/aws/package x86_64) and
target/debug (filodiretto, examples/meta); ends with 1 and says where if a step does not come true.
"""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import botocore.session
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "aws"))

STACK = "filodiretto"
REGION = "eu-south-1"
FUNCTIONS = ["webhook", "commands", "fanout", "sender", "statuses", "retention", "desk", "admin"]
APP = {
    "META_APP_SECRET": "emulator-app-secret",
    "META_VERIFY_TOKEN": "emulator-verify-token",
    "META_ACCESS_TOKEN": "emulator-token",
}
SETTINGS = {"STACK": STACK, "REGION": REGION, "ARCHITECTURE": "x86_64", "ALARM_EMAIL": "allarmi@example.org"}
PHONE = "393330000001"
PATIENCE_SECONDS = 90
# Where the emulator differs from AWS: it has actions for batches, AWS has not.
BATCH_ACTIONS = {"sqs:SendMessage": "sqs:SendMessageBatch", "sqs:DeleteMessage": "sqs:DeleteMessageBatch"}


def step(text):
    print(text, flush=True)


def until(what, probe):
    """The first truthy answer of `probe`."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if answer := probe():
                return answer
        except (OSError, KeyError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"it did not come true within {PATIENCE_SECONDS} s: {what}")


def http(method, url, body=None, headers=()):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **dict(headers)}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Emulator:
    """ministack on a port of its own. It ends, with the functions it started, when this is left."""

    def __init__(self, auth, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "emulator.log", "w+", encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "S3_DATA_DIR": str(folder / "s3"),
            "STATE_DIR": str(folder / "state"),
            "AUTH": "true" if auth else "false",
        }
        program = Path(sys.executable).parent / "ministack"
        self.process = subprocess.Popen([program], env=environment, stdout=self.log, stderr=self.log)

    def __enter__(self):
        until("the emulator answers", lambda: http("GET", f"{self.url}/_ministack/health")[0] == 200)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()

    def client(self, service):
        return botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 2}),
        )


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def template():
    """As CloudFormation gets it, with the emulator's own actions for batches.

    Left out are alarms over two metrics, which the emulator does not have, and the bucket's refusal of
    what comes without TLS.
    """
    from subprocess import run

    python = run([ROOT / "infra/aws/venv", "aws-sam-cli"], check=True, capture_output=True, text=True).stdout.strip()
    expanded = run([f"{python}/python", ROOT / "infra/aws/expand.py", "code"], check=True, capture_output=True, text=True)
    template = json.loads(expanded.stdout)
    resources = template["Resources"]
    left_out = [name for name, it in resources.items() if "Metrics" in it["Properties"] or it["Type"] == "AWS::S3::BucketPolicy"]
    for name in left_out:
        del resources[name]
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            # It takes a parameter's number for text.
            scaling = resource["Properties"]["ScalingConfig"]
            if isinstance(scaling["MaximumConcurrency"], dict):
                scaling["MaximumConcurrency"] = 2
        if resource["Type"] == "AWS::IAM::Role":
            for statement in resource["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                actions += [BATCH_ACTIONS[it] for it in actions if it in BATCH_ACTIONS]
                if "ssm:GetParametersByPath" in actions:
                    # It does not look at the path that is asked for.
                    statement["Resource"] = "*"
    return json.dumps(template)


def deploy(emulator, folder, template):
    """`make deploy` by the settings and secrets in a folder, but for the build."""
    python = subprocess.check_output([ROOT / "infra/aws/venv", "aws-sam-cli"], text=True).strip() + "/python"
    path = folder / "template.json"
    path.write_text(template)
    command = [python, ROOT / "infra/aws/deploy.py", folder / "deploy.env", "--packaged", "--template", path]
    aws = {"AWS_ENDPOINT_URL": emulator.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} | aws
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def settings(values):
    return "".join(f"{name}={value}\n" for name, value in values.items() if value is not None)


class Town:
    """A citizen's phone at Meta's stand-in, and the office with its key."""

    def __init__(self, meta_url, api_url, api_key):
        self.meta, self.api, self.key = meta_url, api_url, api_key

    def write(self, text):
        status, body = http("POST", f"{self.meta}/simulator/phones/{PHONE}/messages", {"to": "pordenone", "text": text})
        assert status < 300, (status, body)
        step(f"  cittadino: {text}")

    def heard(self, part):
        def probe():
            _, body = http("GET", f"{self.meta}/simulator/phones/{PHONE}/messages")
            return part in json.loads(body.decode()).__str__()

        until(f"the phone shows «{part}»", probe)
        step(f"  telefono: … {part} …")

    def asks(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.key}"}
        return http(method, f"{self.api}/v1/lines/pordenone{path}", body, headers)

    def office(self, method, path, body=None):
        status, answer = self.asks(method, path, body)
        assert status < 300, (method, path, status, answer)
        return json.loads(answer or b"{}")


def story(town):
    step("a citizen subscribes by webhook")
    town.write("ISCRIVIMI")
    town.heard("CANCELLAMI")
    until("one subscriber is counted", lambda: town.office("GET", "/subscribers/count")["total"] == 1)

    step("the office broadcasts by API")
    parameters = {
        "data": "16 dicembre",
        "azione": "pagare il saldo IMU",
        "come": "con il modello F24",
        "pagina": "www.comune.pordenone.it",
    }
    made = town.office("POST", "/broadcasts", {
        "title": "Saldo IMU",
        "audience": {"topics": ["scadenze"]},
        "message": {"template": {"name": "pordenone_scadenza", "language": "it", "parameters": parameters}},
    })
    shown = town.office("POST", f"/broadcasts/{made['id']}/preview")
    step(f"  anteprima: {shown['recipients']} destinatari, {shown['cost_eur']} EUR")
    town.office("POST", f"/broadcasts/{made['id']}/schedule")
    town.heard("pagare il saldo IMU")

    step("statuses come back")

    def counts():
        counts = town.office("GET", f"/broadcasts/{made['id']}")["counts"]
        return counts if counts["read"] == 1 else None

    counted = until("the broadcast is counted as read", counts)
    step("  ufficio: " + ", ".join(f"{key} {counted[key]}" for key in ("audience", "accepted", "sent", "delivered", "read")))

    step("the citizen leaves")
    town.write("CANCELLAMI")
    town.heard("Iscrizione cancellata")
    until("nobody is subscribed", lambda: town.office("GET", "/subscribers/count")["total"] == 0)


def brings(town):
    step("the office brings a file to the bucket, and opens it")
    pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
    announced = {"file_name": "avviso.pdf", "mime_type": "application/pdf", "bytes": len(pdf)}
    expected = town.office("POST", "/media/uploads", announced)
    done = f"/media/{expected['id']}/complete"
    status, _ = town.asks("POST", done)
    assert status == 409, ("nothing was brought yet", status)
    status, answer = http(expected["method"], expected["url"], pdf, expected["headers"])
    assert status == 200, (status, answer)
    town.office("POST", done)
    shown = town.office("GET", f"/media/{expected['id']}")
    status, answer = http("GET", shown["url"])
    assert (status, answer) == (200, pdf), (status, answer)
    status, _ = http("GET", shown["url"].replace("X-Amz-Signature=", "X-Amz-Signature=0"))
    assert status == 403, ("opened with a signature of nobody's", status)
    step(f"  file: {shown['state']}, {len(answer)} byte")


def refused(webhook_url):
    step("a webhook whose signature is wrong changes nothing")
    status, _ = http("POST", webhook_url, b"{}", {"x-hub-signature-256": "sha256=" + "0" * 64})
    assert status == 401, status
    step(f"  risposta: {status}")


def unreadable(emulator, webhook_url, bucket):
    step("a signed webhook that cannot be read is kept aside")
    body = b"not json"
    signature = hmac.new(APP["META_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    status, _ = http("POST", webhook_url, body, {"x-hub-signature-256": f"sha256={signature}"})
    assert status == 200, status
    kept = emulator.client("s3").list_objects_v2(Bucket=bucket, Prefix="aside/").get("Contents", [])
    assert len(kept) == 1, kept
    step(f"  risposta: {status}, {len(kept)} in aside/")


def poisoned(emulator, queues, dead_letters):
    step("a poisoned message goes to the dead letters")
    sqs = emulator.client("sqs")
    # Its rest after each try, six times the timeout, is cut short here.
    attributes = {"VisibilityTimeout": "1"}
    sqs.set_queue_attributes(QueueUrl=queues["statuses"], Attributes=attributes)
    sqs.send_message(QueueUrl=queues["statuses"], MessageBody="poison")

    def dead():
        asked = ["ApproximateNumberOfMessages"]
        found = sqs.get_queue_attributes(QueueUrl=dead_letters["standard"], AttributeNames=asked)
        return found["Attributes"]["ApproximateNumberOfMessages"] == "1"

    until("the message is with the dead letters", dead)
    step("  coda dei messaggi non trattati: 1")


def leave(emulator, folder):
    step("the dead letter is looked at and deleted, and a line's data leave")
    aws = {"AWS_ENDPOINT_URL": emulator.url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def command(*arguments):
        run = [ROOT / "target/debug/filodiretto", *arguments, "--stack", STACK]
        return subprocess.run(run, env=aws, check=True, capture_output=True, text=True).stdout

    letters = command("dlq", "list")
    assert "illeggibile" in letters and "poison" not in letters, letters
    command("dlq", "delete", letters.split()[0], "--yes")
    assert "Nessuna" in command("dlq", "list")
    command("export", "--line", "pordenone", "--to", folder / "export")
    assert PHONE in (folder / "export/contatti.csv").read_text(encoding="utf-8")
    step("  " + command("consent", "verify", "--line", "pordenone").splitlines()[0])


def night(emulator):
    step("the night's work is done")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": at, "detail": {}}
    answer = emulator.client("lambda").invoke(FunctionName=f"{STACK}-retention", Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    step("  notte: fatta")


def main(auth):
    with tempfile.TemporaryDirectory() as folder, Emulator(auth, Path(folder)) as emulator:
        step(f"AWS is an emulator at {emulator.url}" + (", and roles are held to" if auth else ""))
        run_meta = [ROOT / "target/debug/examples/meta", ROOT / "infra/lines"]
        try:
            tell(emulator, run_meta, Path(folder))
        except BaseException:
            emulator.log.seek(0)
            sys.stderr.write("".join(emulator.log.readlines()[-60:]))
            raise


def tell(emulator, run_meta, folder):
    # Meta must know the webhook's address, and the functions Meta's: a port is agreed on first.
    meta_port = free_port()
    meta_url = f"http://127.0.0.1:{meta_port}"
    (folder / "deploy.env").write_text(settings(SETTINGS | {"GRAPH_API_URL": meta_url}))
    (folder / "secrets").mkdir()
    (folder / "secrets/default.env").write_text(settings(APP))
    done = deploy(emulator, folder, template())
    assert done.returncode == 0, done.stdout
    ssm = emulator.client("ssm")
    read = lambda name: ssm.get_parameter(Name=f"/filodiretto/{STACK}/{name}", WithDecryption=True)["Parameter"]["Value"]
    deployed = json.loads(read("deployment"))
    apis = emulator.client("apigatewayv2").get_apis()["Items"]
    api_id = next(it["ApiId"] for it in apis if it["Name"] == STACK)
    base = f"{emulator.url}/_aws/execute-api/{api_id}/$default"
    step(f"the stack {STACK} is created: {len(FUNCTIONS)} functions, {len(deployed['queues'])} queues, {len(deployed['tables'])} tables")
    meta = subprocess.Popen([*run_meta, f"{base}/webhook", str(meta_port)], env=APP, stdout=subprocess.DEVNULL)
    try:
        until("Meta's stand-in answers", lambda: http("GET", f"{meta_url}/simulator")[0] == 200)
        town = Town(meta_url, base, read("secrets/keys/api").strip().removeprefix("API_KEY="))
        story(town)
        brings(town)
        refused(f"{base}/webhook")
        unreadable(emulator, f"{base}/webhook", deployed["bucket"])
        night(emulator)
        poisoned(emulator, deployed["queues"], deployed["dead_letters"])
        leave(emulator, folder)
    finally:
        meta.terminate()
        meta.wait(timeout=20)
    step("everything came true")


if __name__ == "__main__":
    main(auth="--auth" in sys.argv[1:])
