# SPDX-License-Identifier: EUPL-1.2
"""Asks every operation of the API for more than a test would think of.

    api.py SCHEMATHESIS      the tool; target/debug/filodiretto has to be built

A stack of its own is started and filled: a few people who are subscribed and have written, a
broadcast that was sent, one that was not. Ids of these go into the tool's settings, so that requests
get past the door. Ends with the tool's own exit code.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE = "pordenone"
KEY = "local-key"
PEOPLE = ["393330001001", "393330001002"]

# A schema cannot say every rule: that an end comes after a beginning, that a topic is one of the
# line's. Where nothing but such a rule was broken, 422 is the right answer.
RULES = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "502"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5xx"]
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]
"""


class Stack:
    def __init__(self):
        command = [ROOT / "target/debug/filodiretto", "--ephemeral", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        for row in self.process.stdout:
            if row.startswith("ready "):
                self.url = row.split()[1]
                return
        raise SystemExit("the stack did not start")

    def ask(self, path, body=None):
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=60) as answer:
            return json.load(answer)

    def office(self, path, body=None):
        return self.ask(f"/v1/lines/{LINE}{path}", body)

    def settle(self):
        self.ask("/_clock/advance", {"seconds": 1})

    def stop(self):
        self.process.terminate()
        self.process.wait()


def fill(stack):
    """Makes what there is to ask for, and gives its ids: part of a path, method, parameters."""
    for phone in PEOPLE:
        for text in ["ISCRIVIMI", "Buongiorno, quando apre la biblioteca?"]:
            stack.ask(f"/simulator/phones/{phone}/messages", {"to": LINE, "text": text})
    stack.settle()
    contacts = [it["id"] for it in stack.office("/subscribers?limit=100")["items"]]
    assert len(contacts) == len(PEOPLE), contacts
    parameters = {
        "avviso": "prova", "dove": "piazza", "quando": "oggi", "cosa_fare": "niente", "pagina": "comune.pordenone.it",
    }
    draft = {
        "title": "Prova",
        "audience": {"all": True},
        "message": {"template": {"name": "pordenone_utilita", "language": "it", "parameters": parameters}},
    }
    broadcasts = [stack.office("/broadcasts", draft)["id"] for _ in range(3)]
    stack.office(f"/broadcasts/{broadcasts[0]}/schedule", {"send_at": None})
    stack.settle()
    asked = {"right": "access", "asked_at": "2026-11-20T10:00:00+01:00", "channel": "counter"}
    requests = [stack.office(f"/contacts/{it}/requests", asked)["number"] for it in contacts[:1]]
    desk = "/v1/lines/barberino-demografici"
    stack.ask(f"/simulator/phones/{PEOPLE[0]}/messages", {"to": "barberino-demografici", "text": "ISCRIZIONE"})
    stack.settle()
    citizen = stack.ask(f"{desk}/subscribers")["items"][0]["id"]
    slots = stack.ask(f"{desk}/services/residenza/slots")["items"]
    wish = {"contact": citizen, "service": "residenza", "starts_at": slots[-1]["starts_at"]}
    appointment = stack.ask(f"{desk}/appointments", wish)["id"]
    keys = [stack.office("/keys", {"name": "Prova", "scopes": ["reports"]})["id"] for _ in range(2)]
    colleague = {"email": "anna@comune.example", "name": "Anna", "role": "operator"}
    person = stack.office("/people", colleague)["id"]
    chat = stack.office(f"/conversations/{contacts[0]}/messages")["items"]
    came = next(it["id"] for it in chat if it["direction"] == "in")
    report = {"messages": [came], "rule": "spam", "reason": "prova", "recipient": "platform"}
    measure = stack.office(f"/conversations/{contacts[0]}/report", report)["id"]
    return [
        # Of a line that has services.
        ("/(appointments|services)", None, {"path.line": "barberino-demografici", "path.contact": citizen}),
        ("/appointments/", None, {"path.line": "barberino-demografici", "path.id": appointment}),
        ("/services/", None, {"path.line": "barberino-demografici", "path.id": "residenza"}),
        ("/contacts/", None, {"path.id": contacts[0]}),
        # Who is erased is not asked for again.
        ("/contacts/", "DELETE", {"path.id": contacts[1]}),
        ("/conversations/", None, {"path.contact": contacts[0]}),
        ("/moderation/", None, {"path.measure": measure}),
        ("/broadcasts/", None, {"path.id": broadcasts[1]}),
        ("/requests/", None, {"path.number": requests[0]}),
        ("/keys/", None, {"path.id": keys[0]}),
        # Which is revoked is not put in the place of another.
        ("/keys/", "DELETE", {"path.id": keys[1]}),
        ("/people/", None, {"path.id": person, "header.If-Match": '\\"1\\"'}),
    ]


def settings(ids):
    """A later operation's parameters win."""
    rows = [RULES, "[parameters]", f'"path.line" = "{LINE}"']
    for part, method, values in ids:
        inner = ", ".join(f'"{name}" = "{value}"' for name, value in values.items())
        rows += ["", "[[operations]]", f'include-path-regex = "{part}"', f"parameters = {{ {inner} }}"]
        if method:
            rows.append(f'include-method = "{method}"')
    return "\n".join(rows) + "\n"


def main(tool):
    started = time.monotonic()
    stack = Stack()
    try:
        ids = fill(stack)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "schemathesis.toml").write_text(settings(ids), encoding="utf-8")
            command = [
                tool, "--config-file", f"{folder}/schemathesis.toml",
                "run", f"{stack.url}/v1/openapi.json",
                "--header", f"Authorization: Bearer {KEY}",
                "--phases", "examples,coverage,fuzzing",
                "--max-examples", "30",
                "--seed", "1",
                "--continue-on-failure",
                "--no-color",
            ]
            code = subprocess.run(command, cwd=folder, check=False).returncode
    finally:
        stack.stop()
    print(f"asked in {time.monotonic() - started:.0f} s")
    raise SystemExit(code)


if __name__ == "__main__":
    main(sys.argv[1])
