# SPDX-License-Identifier: EUPL-1.2
"""Asks every operation of the API for more than a test would think of.

    api.py SCHEMATHESIS [SEED]      the tool; target/debug/filodiretto has to be built

A stack of its own is started and filled: people who are subscribed and have written, broadcasts,
appointments, files. Ids of these go into the tool's settings, so that requests get past the door; and
what a request uses up, or must know of (a version, a message, a free hour), is made just before it,
by `before_call`, which the tool runs: it loads this file, too. Ends with the tool's own exit code.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

import schemathesis

ROOT = Path(__file__).resolve().parents[1]
LINE = "pordenone"
# One that has services.
DESK = "barberino-demografici"
KEY = "local-key"
OPT_IN = {LINE: "ISCRIVIMI", DESK: "ISCRIZIONE"}

# A schema cannot say every rule: that an end comes after a beginning, that a topic is one of the
# line's. Where nothing but such a rule was broken, 422 is the right answer.
RULES = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "502"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5xx"]
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]
# Ids come from us: with those of answers, one operation erases what the next one asks for.
[phases.coverage.extra-data-sources]
responses = false
[phases.fuzzing.extra-data-sources]
responses = false
"""


class Town:
    """What there is to ask for, made through the same API and the simulator."""

    phones = itertools.count(393330002000)
    names = itertools.count(1)

    def __init__(self, url):
        self.url = url

    def ask(self, path, body=None, method=None, etag=None, kind="application/json"):
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
        if etag:
            headers["If-Match"] = etag
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.etag = answer.headers.get("ETag")
            text = answer.read()
            return json.loads(text) if text else None

    def office(self, path, *more, line=LINE, **how):
        return self.ask(f"/v1/lines/{line}{path}", *more, **how)

    def try_to(self, path, *more, **how):
        """Where it is so already, that is good."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.office(path, *more, **how)

    def version(self, path, line=LINE):
        self.office(path, line=line)
        return self.etag

    def advance(self, seconds):
        self.ask("/_clock/advance", {"seconds": seconds})

    def citizen(self, line=LINE):
        phone = str(next(self.phones))
        for text in [OPT_IN[line], "Buongiorno, quando apre la biblioteca?"]:
            self.ask(f"/simulator/phones/{phone}/messages", {"to": line, "text": text})
        self.advance(1)
        return self.office("/contacts/search", {"phone": f"+{phone}"}, line=line)["items"][0]["id"]

    def draft(self):
        parameters = {
            "avviso": "prova", "dove": "piazza", "quando": "oggi", "cosa_fare": "niente",
            "pagina": "comune.pordenone.it",
        }
        message = {"template": {"name": "pordenone_utilita", "language": "it", "parameters": parameters}}
        return self.office("/broadcasts", {"title": "Prova", "audience": {"all": True}, "message": message})["id"]

    def planned(self):
        """A broadcast that goes in an hour."""
        broadcast = self.draft()
        hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6 * 86_400))
        self.office(f"/broadcasts/{broadcast}/schedule", {"send_at": hour})
        return broadcast

    def free(self):
        """When somebody can come."""
        return self.office("/services/residenza/slots", line=DESK)["items"][-1]["starts_at"]

    def appointment(self):
        wish = {"contact": self.citizen(DESK), "service": "residenza", "starts_at": self.free()}
        return self.office("/appointments", wish, line=DESK)["id"]

    def key(self):
        return self.office("/keys", {"name": "Prova", "scopes": ["reports"]})["id"]

    def person(self):
        colleague = {"email": f"anna{next(self.names)}@comune.example", "name": "Anna", "role": "operator"}
        return self.office("/people", colleague)["id"]

    def file(self):
        return self.office("/media", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", kind="application/pdf")["id"]

    def brought(self):
        """A file that was announced and is here."""
        pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
        asked = {"file_name": "modulo.pdf", "mime_type": "application/pdf", "bytes": len(pdf)}
        there = self.office("/media/uploads", asked)
        with urllib.request.urlopen(
            urllib.request.Request(there["url"], pdf, there["headers"], method=there["method"]), timeout=60
        ):
            return there["id"]

    def message(self, contact):
        """One of the citizen's that is still there."""
        chat = self.office(f"/conversations/{contact}/messages?limit=100")["items"]
        came = [it["id"] for it in chat if it["direction"] == "in" and not it["deleted"]]
        return came[0] if came else None

    def block(self, contact):
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86_400))
        self.try_to(f"/contacts/{contact}/block", {"rule": "spam", "reason": "prova", "until": until})


# What a request would use up is made for it: the operation, without the line.
FRESH = {
    "DELETE /contacts/{id}": Town.citizen,
    "DELETE /broadcasts/{id}": Town.draft,
    "PATCH /broadcasts/{id}": Town.draft,
    "POST /broadcasts/{id}/schedule": Town.draft,
    "POST /broadcasts/{id}/cancel": Town.planned,
    "DELETE /keys/{id}": Town.key,
    "POST /keys/{id}/rotate": Town.key,
    "DELETE /people/{id}": Town.person,
    "PATCH /people/{id}": Town.person,
    "POST /people/{id}/invite": Town.person,
    "PATCH /appointments/{id}": Town.appointment,
    "POST /appointments/{id}/cancel": Town.appointment,
    "POST /media/{id}/complete": Town.brought,
}

# Where `If-Match` says which version was read: the path it is read at.
READ_AT = {
    "PATCH /broadcasts/{id}": "/broadcasts/{id}",
    "DELETE /broadcasts/{id}": "/broadcasts/{id}",
    "PATCH /people/{id}": "/people/{id}",
    "DELETE /people/{id}": "/people/{id}",
    "PATCH /appointments/{id}": "/appointments/{id}",
    "PATCH /conversations/{contact}": "/conversations/{contact}",
    "POST /conversations/{contact}/read": "/conversations/{contact}",
    "POST /conversations/{contact}/close": "/conversations/{contact}",
}


@schemathesis.hook
def before_call(_, case, **__):
    """A request that asks for what we know of finds it as it would be."""
    if case.meta is None or case.meta.generation.mode != schemathesis.GenerationMode.POSITIVE:
        return
    method, _, path = case.operation.label.partition(" ")
    label = f"{method} {path.removeprefix('/v1/lines/{line}')}"
    known = json.loads(os.environ["FILODIRETTO_KNOWN"])
    asked = dict(case.path_parameters or {})
    ours = [name for name in ("id", "contact") if asked.get(name) in known]
    if (ours or "{" not in label) and asked.get("line") in OPT_IN:
        # What is refused already is asked for as it is.
        with contextlib.suppress(urllib.error.HTTPError):
            prepare(Town(os.environ["FILODIRETTO_URL"]), case, label, asked, ours)


def prepare(town, case, label, asked, ours):
    if label in FRESH:
        asked[ours[0]] = FRESH[label](town)
        case.path_parameters.update(asked)
    if label == "DELETE /contacts/{id}/block":
        town.block(asked["id"])
    if label == "POST /contacts/{id}/block":
        town.try_to(f"/contacts/{asked['id']}/block", method="DELETE")
    if label in READ_AT and "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = town.version(READ_AT[label].format(**asked), asked["line"])
    if isinstance(case.body, dict):
        made_of = {
            "rule": lambda: "spam",
            "contact": lambda: town.citizen(DESK),
            "service": lambda: "residenza",
            "media_id": town.file,
            "starts_at": town.free,
        }
        for name, make in made_of.items():
            if isinstance(case.body.get(name), str):
                case.body[name] = make()
        if label.endswith("/delete"):
            case.body["message"] = town.message(asked["contact"])
        if label.endswith("/report") and isinstance(case.body.get("messages"), list) and case.body["messages"]:
            case.body["messages"] = [town.message(asked["contact"])]


def fill(town):
    """Makes what there is to ask for, and gives its ids: part of a method and path, parameters."""
    # Of which it can be said that it took place, or that nobody came.
    citizen = town.citizen(DESK)
    past = []
    for service in ["residenza", "carta-identita"]:
        first = town.office(f"/services/{service}/slots", line=DESK)["items"][0]["starts_at"]
        wish = {"contact": citizen, "service": service, "starts_at": first}
        past.append((first, town.office("/appointments", wish, line=DESK)["id"]))
    first = max(it for it, _ in past)
    town.advance(int(datetime.fromisoformat(first).timestamp() - time.time()) + 60)

    contact, blocked, leaves = town.citizen(), town.citizen(), town.citizen()
    broadcast, sent = town.draft(), town.draft()
    town.office(f"/broadcasts/{sent}/schedule", {"send_at": None})
    town.advance(1)
    asked = {"right": "access", "asked_at": "2026-11-20T10:00:00+01:00", "channel": "counter"}
    request = town.office(f"/contacts/{contact}/requests", asked)["number"]
    report = {"messages": [town.message(contact)], "rule": "spam", "reason": "prova", "recipient": "platform"}
    measure = town.office(f"/conversations/{contact}/report", report)["id"]
    appointment, key, person, file = town.appointment(), town.key(), town.person(), town.file()
    at_the_desk = {"path.line": DESK}
    return [
        ("/(appointments|services)", at_the_desk | {"path.contact": citizen}),
        ("/appointments/", at_the_desk | {"path.id": appointment}),
        ("/appointments/.*/done", at_the_desk | {"path.id": past[0][1]}),
        ("/appointments/.*/no-show", at_the_desk | {"path.id": past[1][1]}),
        ("/services/", at_the_desk | {"path.id": "residenza"}),
        ("/contacts/", {"path.id": contact}),
        ("/contacts/.*/block", {"path.id": blocked}),
        # Some of what is refused for its form alone would be done.
        ("DELETE .*/contacts/[^/]*$", {"path.id": leaves}),
        ("/conversations/", {"path.contact": contact}),
        ("/conversations/.*/propose", at_the_desk | {"path.contact": citizen}),
        ("/moderation/", {"path.measure": measure}),
        ("/media/", {"path.id": file}),
        ("/broadcasts/", {"path.id": broadcast}),
        ("/broadcasts/.*/(deliveries|report|resend)", {"path.id": sent}),
        ("/requests/", {"path.number": request}),
        ("/keys/", {"path.id": key}),
        ("/people/", {"path.id": person}),
        ("/templates/", {"path.name": "pordenone_utilita"}),
    ]


def settings(ids):
    """What is said last of an operation, by its method and path, is what holds: the tool takes the first."""
    rows = [f'hooks = "{__file__}"', RULES, "[parameters]", f'"path.line" = "{LINE}"']
    for name, values in reversed(ids):
        inner = ", ".join(f'"{name}" = "{value}"' for name, value in values.items())
        rows += ["", "[[operations]]", f'include-name-regex = "{name}"', f"parameters = {{ {inner} }}"]
    return "\n".join(rows) + "\n"


def start():
    command = [ROOT / "target/debug/filodiretto", "--ephemeral", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    for row in process.stdout:
        if row.startswith("ready "):
            return process, row.split()[1]
    raise SystemExit("the stack did not start")


def main(tool, seed="1"):
    started = time.monotonic()
    stack, url = start()
    try:
        ids = fill(Town(url))
        known = {value for _, values in ids for name, value in values.items() if name in ("path.id", "path.contact")}
        environment = os.environ | {"FILODIRETTO_URL": url, "FILODIRETTO_KNOWN": json.dumps(sorted(known))}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "schemathesis.toml").write_text(settings(ids), encoding="utf-8")
            command = [
                tool, "--config-file", f"{folder}/schemathesis.toml",
                "run", f"{url}/v1/openapi.json",
                "--header", f"Authorization: Bearer {KEY}",
                "--phases", "examples,coverage,fuzzing",
                "--max-examples", "30",
                "--seed", seed,
                "--continue-on-failure",
                "--no-color",
            ]
            if report := os.environ.get("FILODIRETTO_REPORT"):
                command += ["--report", "ndjson", "--report-ndjson-path", report]
            code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    finally:
        stack.terminate()
        stack.wait()
    print(f"asked in {time.monotonic() - started:.0f} s")
    raise SystemExit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
