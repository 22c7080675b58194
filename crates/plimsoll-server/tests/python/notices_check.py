"""Judges what a receiver of notices got, with no code of ours.

Usage: notices_check.py FOLDER SCHEMAS SECRET
FOLDER has a file of JSON for each request: {"path", "headers", "body"}; the last part of the path names the kind. Bodies are
validated against SCHEMAS/KIND.json, webhooks' signatures are verified as docs/notify.md says.
Prints {KIND: {"valid": count, "errors": [text]}} as JSON.
"""

import hashlib
import hmac
import json
import pathlib
import sys

import jsonschema

folder, schemas, secret = sys.argv[1:]


def verified(secret: str, header: str, body: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


found = {}
for file in sorted(pathlib.Path(folder).iterdir()):
    request = json.loads(file.read_text())
    kind = request["path"].rsplit("/", 1)[-1]
    result = found.setdefault(kind, {"valid": 0, "errors": []})
    schema = json.loads(pathlib.Path(schemas, f"{kind}.json").read_text())
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(request["body"]))]
    if kind == "webhook":
        header, body = request["headers"]["x-plimsoll-signature"], request["body"].encode()
        if not verified(secret, header, body):
            errors.append("the signature is not good")
        if verified("another", header, body) or verified(secret, header, body + b" "):
            errors.append("any signature is good")
    result["errors"] += errors
    result["valid"] += not errors
json.dump(found, sys.stdout)
