"""An independent, readable restatement of the image pattern, format version 1, from its documentation alone.

Prints the test vectors beside this file:  pip install blake3 cryptography && python reference.py > vectors.json
"""

import cmath
import importlib.util
import json
import math
from pathlib import Path

from blake3 import blake3

PAYLOAD = Path(__file__).resolve().parents[3] / "payload" / "tests" / "vectors" / "reference.py"
spec = importlib.util.spec_from_file_location("payload_reference", PAYLOAD)
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)
Keystream, derive, symbols = reference.Keystream, reference.derive, reference.symbols

TILE, SYNC, MESSAGE, AXIS = 128, 64, 512, 2
BAND, SYNC_BAND = (9.0, 24.0), (10.0, 21.0)
SYNC_POWER, BOUND_POWER = 0.22, 0.06
FEATURES, ORDER = 8, 4


def uniform(stream: Keystream) -> float:
    return stream.word() / 2**32


def within(carrier, band) -> bool:
    return band[0] <= math.hypot(*carrier) <= band[1]


def carriers(secret: bytes):
    """Synchronisation and message carriers as (kx, ky, phase)."""
    stream = Keystream(derive(secret, "filigrane image v1 carriers"))
    plane = [(kx, ky) for ky in range(AXIS, 25) for kx in range(-24, 25)]
    candidates = stream.shuffle([c for c in plane if abs(c[0]) >= AXIS and within(c, BAND)])
    sync = [c for c in candidates if within(c, SYNC_BAND)][:SYNC]
    rest = [c for c in candidates if c not in sync]
    message = sorted(rest, key=lambda c: (c[0] ** 2 + c[1] ** 2, c[0], c[1]))[:MESSAGE]
    message = stream.shuffle(message)
    phase = lambda: uniform(stream) * math.tau
    return [(*c, phase()) for c in sync], [(*c, phase()) for c in message]


def binding(secret: bytes):
    """Weights of the features' cosines, the feature of each message carrier, and its value's phase."""
    stream = Keystream(derive(secret, "filigrane image v1 binding"))
    weights = []
    for _ in range(FEATURES):
        row = [0.0] + [
            (2 * uniform(stream) - 1) * math.sqrt((t % ORDER) ** 2 + (t // ORDER) ** 2)
            for t in range(1, ORDER * ORDER)
        ]
        norm = math.sqrt(sum(w * w for w in row))
        weights.append([w / norm for w in row])
    feature = stream.shuffle([i % FEATURES for i in range(MESSAGE)])
    return weights, feature, [uniform(stream) * math.tau for _ in range(MESSAGE)]


def tile(secret: bytes, payload: bytes, places):
    """The periodic part at some places (x, y) of the tile."""
    sync, message = carriers(secret)
    signs = symbols(secret, "image v1", payload, 2 * MESSAGE, 12)
    message_power = 1 - SYNC_POWER - BOUND_POWER
    sync_amplitude = math.sqrt(2 * SYNC_POWER / SYNC)
    message_amplitude = math.sqrt(2 * message_power / MESSAGE)
    waves = [(kx, ky, sync_amplitude * cmath.exp(1j * phase)) for kx, ky, phase in sync]
    for i, (kx, ky, phase) in enumerate(message):
        value = complex(signs[2 * i], signs[2 * i + 1]) / math.sqrt(2)
        waves.append((kx, ky, message_amplitude * value * cmath.exp(1j * phase)))
    turn = lambda kx, ky, x, y: cmath.exp(2j * math.pi * (kx * x + ky * y) / TILE)
    return [sum((value * turn(kx, ky, x, y)).real for kx, ky, value in waves) for x, y in places]


def rounded(values):
    return [round(value, 6) for value in values]


def main() -> None:
    secret = blake3(b"filigrane v1 public watermark key").digest()
    payload = bytes.fromhex("1100c0ffee00c0ffee00c0ff")
    sync, message = carriers(secret)
    weights, feature, phases = binding(secret)
    places = [(0, 0), (1, 0), (0, 1), (77, 3), (64, 64), (127, 127), (13, 100), (90, 41)]
    flat = lambda list_: [[kx, ky, round(phase, 6)] for kx, ky, phase in list_]
    print(json.dumps({
        "sync": flat(sync),
        "message": flat(message[:64] + message[-64:]),
        "weights": [rounded(row) for row in weights],
        "feature": feature[:64] + feature[-64:],
        "value_phases": rounded(phases[:64] + phases[-64:]),
        "payload": payload.hex(),
        "places": places,
        "tile": rounded(tile(secret, payload, places)),
    }))


if __name__ == "__main__":
    main()
