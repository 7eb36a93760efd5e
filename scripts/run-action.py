"""Runs the steps of a composite GitHub Action as a runner does: action.yml, then its inputs as NAME=VALUE.

What the action sets as outputs is in GITHUB_OUTPUT when it ends. Of expressions it knows those that stand alone as the
value of an env: ${{ inputs.NAME }} and ${{ steps.ID.outputs.NAME }}; in the text of a script they are an error.
"""

import os
import re
import subprocess
import sys
import tempfile

import yaml

EXPRESSION = re.compile(r"\$\{\{ (inputs|steps)\.([\w-]+)(?:\.outputs\.([\w-]+))? \}\}")


def value_of(text, inputs, steps):
    known = EXPRESSION.fullmatch(text)
    if not known:
        if "${{" in text:
            sys.exit(f"run-action: do not know what {text} is")
        return text
    kind, name, output = known.groups()
    return inputs[name] if kind == "inputs" else steps[name].get(output, "")


def run(step, inputs, steps, folder):
    if unknown := step.keys() - {"id", "shell", "env", "run"} or step["shell"] != "bash" or "${{" in step["run"]:
        sys.exit(f"run-action: step {step['id']} has what is not to be there: {unknown}")
    script = os.path.join(folder, f"{step['id']}.sh")
    output = os.path.join(folder, f"{step['id']}.output")
    with open(script, "w") as file:
        file.write(step["run"])
    open(output, "w").close()
    environment = os.environ | {name: value_of(text, inputs, steps) for name, text in step.get("env", {}).items()}
    # https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
    status = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        env=environment | {"GITHUB_OUTPUT": output},
        stdin=subprocess.DEVNULL,
    ).returncode
    with open(output) as file:
        steps[step["id"]] = dict(line.rstrip("\n").split("=", 1) for line in file)
    return status


path, *given = sys.argv[1:]
with open(path) as file:
    action = yaml.safe_load(file)
inputs = {name: str(declared.get("default", "")) for name, declared in action["inputs"].items()}
for name, value in (argument.split("=", 1) for argument in given):
    if name not in inputs:
        sys.exit(f"run-action: the action has no input {name}")
    inputs[name] = value
os.environ["GITHUB_ACTION_PATH"] = os.path.dirname(os.path.abspath(path))
steps, status = {}, 0
with tempfile.TemporaryDirectory() as folder:
    for step in action["runs"]["steps"]:
        status = run(step, inputs, steps, folder)
        if status != 0:
            break
with open(os.environ["GITHUB_OUTPUT"], "w") as file:
    for name, output in action["outputs"].items():
        _, step, key = EXPRESSION.fullmatch(output["value"]).groups()
        file.write(f"{name}={steps.get(step, {}).get(key, '')}\n")
sys.exit(status)
