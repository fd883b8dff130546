"""The program in a process of its own."""

import json
import subprocess
import sys


def archsim(*arguments, check=True):
    command = [sys.executable, "-m", "archsim", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 or not check, done.stderr
    return done


def report(*arguments):
    return json.loads(archsim("run", *arguments, "--json").stdout)
