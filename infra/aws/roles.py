# SPDX-License-Identifier: EUPL-1.2
"""Holds the functions' roles against the calls that the tests made, both ways.

    roles.py EXPANDED.json CALLS.tsv      CALLS as infra/local/src/calls.rs writes it

A call without a grant would be refused on AWS; a grant without a call is more than the function
needs. Ends with 1 if there is either, naming each.
"""

import json
import sys

FUNCTIONS = ["webhook", "commands", "fanout", "sender", "statuses", "retention", "desk", "admin"]

# Resources as the calls name them.
NAMES = {
    "SubscribersTable": "table/subscribers",
    "MessagesTable": "table/messages",
    "BroadcastsTable": "table/broadcasts",
    "InboundQueue": "inbound.fifo",
    "SendsQueue": "sends",
    "StatusesQueue": "statuses",
    "Bus": "bus",
}

# Grants for what the local stack does by other means. The story on the emulator makes these calls,
# under these roles.
ELSEWHERE = {
    "logs:CreateLogStream": "Lambda writes the log",
    "logs:PutLogEvents": "Lambda writes the log",
    "sqs:ReceiveMessage": "Lambda's event source polls",
    "sqs:DeleteMessage": "Lambda's event source polls",
    "sqs:GetQueueAttributes": "Lambda's event source polls",
    "ssm:GetParametersByPath": "locally secrets are in the environment",
    "ses:SendEmail": "locally mails are kept in a folder",
    "s3:PutObject": "locally files, and what is unreadable, are kept in a folder",
    "s3:GetObject": "locally files are kept in a folder",
    "s3:ListBucket": "locally files are kept in a folder",
    "s3:DeleteObject": "locally files are kept in a folder",
    "admin events:PutEvents": "locally the bus is a channel",
}


def name(resource):
    """`{"Fn::GetAtt": ["BroadcastsTable", "Arn"]}` is table/broadcasts."""
    if "Fn::GetAtt" in resource:
        return NAMES.get(resource["Fn::GetAtt"][0], "")
    logical, _, rest = resource["Fn::Sub"].removeprefix("${").partition(".Arn}")
    return NAMES.get(logical, "") + rest


def listed(value):
    return value if isinstance(value, list) else [value]


def granted(template):
    """(function, action, resource) of every grant. A star in an action or alone is refused."""
    for function in FUNCTIONS:
        role = template["Resources"][f"{function.capitalize()}Role"]["Properties"]
        assert "ManagedPolicyArns" not in role, f"{function}: a managed policy is not the least"
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow", f"{function}: only grants are understood"
                for action in listed(statement["Action"]):
                    assert "*" not in action, f"{function}: {action} is more than one action"
                    for resource in listed(statement["Resource"]):
                        assert resource != "*", f"{function}: {action} on everything"
                        yield function, action, name(resource)


def main(expanded, calls):
    with open(expanded, encoding="utf-8") as file:
        grants = set(granted(json.load(file)))
    with open(calls, encoding="utf-8") as file:
        made = {tuple(line.rstrip("\n").split("\t")) for line in file}
    silent = [it for it in FUNCTIONS if not any(it == function for function, _, _ in made)]
    assert not silent, f"no call of {', '.join(silent)} was written down: run `make test` first"
    missing = made - grants
    unused = {
        it for it in grants - made if it[1] not in ELSEWHERE and f"{it[0]} {it[1]}" not in ELSEWHERE
    }
    for what, them in [("missing grant", missing), ("unused grant", unused)]:
        for function, action, resource in sorted(them):
            print(f"{what}: {function} {action} {resource}")
    print(f"roles: {len(made)} kinds of call, {len(grants)} grants")
    return 1 if missing or unused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
