"""Lets schemathesis ask a server whatever its /openapi.json allows, and what it does not.

Usage: schemathesis_run.py URL FOLDER [EXCLUDED_PATH...]
Prints {"exit": its exit code, "said": what it printed} as JSON; backups go to FOLDER.
"""

import json
import pathlib
import subprocess
import sys

# All that can be judged by the document alone. Not among them: whether data of the right shape is accepted, for times and
# queries are texts of which no schema says whether they have a meaning.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
]

url, folder, *excluded = sys.argv[1:]
folder = pathlib.Path(folder)
config = folder / "schemathesis.toml"
# A backup writes to any folder that it is told; names of what is there let more than "not found" be asked.
config.write_text(f"""
[[operations]]
include-operation-id = "createBackup"
parameters = {{ "query.folder" = {json.dumps(str(folder / "backup"))} }}

[[operations]]
include-operation-id = ["getMeasurement", "listTagValues"]
parameters = {{ "path.measurement" = "temperature", "path.tag" = "room" }}
""")
program = pathlib.Path(sys.executable).parent / "st"
command = [program, "--config-file", config, "run", f"{url}/openapi.json", "--no-color"]
# The same questions every time, so that a failure is ours.
command += ["--generation-deterministic", "--max-examples", "20", "--phases", "examples,coverage,fuzzing"]
command += ["--request-timeout", "20", "--continue-on-failure", "--checks", ",".join(CHECKS)]
for path in excluded:
    command += ["--exclude-path", path]
done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150)
json.dump({"exit": done.returncode, "said": done.stdout + done.stderr}, sys.stdout)
