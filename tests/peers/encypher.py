"""Asks encypher-c2pa what it makes of files: one JSON object a line, in the order of the arguments.

    python encypher.py FILE... [--anchors anchor.pem]

Nothing is sent or fetched: telemetry and the network are off.
"""

import argparse
import json
import pathlib

import encypher_c2pa

MIME = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".wav": "audio/wav", ".flac": "audio/flac",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--anchors", type=pathlib.Path)
    arguments = parser.parse_args()
    anchors = arguments.anchors.read_text() if arguments.anchors else None
    for path in arguments.files:
        print(json.dumps(ask(path, anchors)))


def ask(path: pathlib.Path, anchors: str | None) -> dict:
    report = encypher_c2pa.verify(
        path.read_bytes(), MIME[path.suffix], trust_pem=anchors, no_default_trust=True, telemetry=False, online=False,
    )
    failures = [status["code"] for status in report["validation_results"]["failure"]]
    return {"file": path.name, "state": report["validation_state"], "failures": failures}


main()
