# SPDX-License-Identifier: EUPL-1.2
"""The template as CloudFormation gets it: without the transform, its code in a bucket.

    expand.py BUCKET > expanded.json      code of the function F is at F.zip in BUCKET
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parent / "template.yaml"


class NoManagedPolicies:
    """Every role names its permissions itself."""

    def load(self):
        return {}


def expanded(bucket):
    # Partitions are told apart by it; any region of AWS's own does.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-south-1")
    template = yaml_parse(TEMPLATE.read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": f"{name.lower()}.zip"}
    return transform(template, {}, NoManagedPolicies())


if __name__ == "__main__":
    json.dump(expanded(sys.argv[1]), sys.stdout, indent=1)
