"""Judges documents by JSON Schema (Debian's python3-jsonschema).

Standard input has one JSON object a line: {"schema": …} sets the schema of what follows and is
itself judged, {"document": …} is judged by it. Standard output has one line for each: `valid`, or
`invalid` and why.
"""

import json
import sys

from jsonschema import Draft202012Validator

validator = None
for line in sys.stdin:
    given = json.loads(line)
    if "schema" in given:
        Draft202012Validator.check_schema(given["schema"])
        validator = Draft202012Validator(given["schema"])
        print("valid")
        continue
    error = next(validator.iter_errors(given["document"]), None)
    print("invalid " + error.message.replace("\n", " ")[:200] if error else "valid")
