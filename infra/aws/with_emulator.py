# SPDX-License-Identifier: EUPL-1.2
"""Runs a command while there is an emulator of AWS, whose SQS is at SQS_ENDPOINT_URL.

    with_emulator.py COMMAND…
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from emulator import Emulator

with tempfile.TemporaryDirectory() as folder, Emulator(False, Path(folder)) as emulator:
    done = subprocess.run(sys.argv[1:], env=os.environ | {"SQS_ENDPOINT_URL": emulator.url})
sys.exit(done.returncode)
