"""Asks c2pa-python what it makes of files: one JSON object a line, in the order of the arguments.

    python c2pa_python.py FILE... [--anchors anchor.pem]
"""

import argparse
import json
import pathlib

import c2pa

MIME = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".wav": "audio/wav", ".flac": "audio/flac",
}
# Extended key usages of claim signers and time-stamp authorities.
USAGES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.8\n1.3.6.1.4.1.62558.2.1\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--anchors", type=pathlib.Path)
    arguments = parser.parse_args()
    settings = {"version": 1, "verify": {"remote_manifest_fetch": False}, "trust": {"trust_config": USAGES}}
    if arguments.anchors:
        settings["trust"]["trust_anchors"] = arguments.anchors.read_text()
    context = c2pa.Context.from_dict(settings)
    for path in arguments.files:
        print(json.dumps(ask(path, context)))


def ask(path: pathlib.Path, context: c2pa.Context) -> dict:
    with path.open("rb") as stream:
        report = json.loads(c2pa.Reader(MIME[path.suffix], stream, context=context).json())
    results = report.get("validation_results", {}).get("activeManifest", {})
    failures = [status["code"] for status in results.get("failure", [])]
    return {"file": path.name, "state": report["validation_state"], "failures": failures}


main()
