"""An independent, readable restatement of the audio mark, format version 1, from its documentation alone.

Prints the test vectors beside this file:  pip install blake3 cryptography numpy && python reference.py > vectors.json
Marks a mono WAV file of 16 bits at 16 kHz:  python reference.py mark IN.wav OUT.wav
"""

import importlib.util
import json
import sys
import wave
from pathlib import Path

import numpy as np
from blake3 import blake3

SOURCE = Path(__file__).resolve().parents[3] / "payload" / "tests" / "vectors" / "reference.py"
spec = importlib.util.spec_from_file_location("payload_reference", SOURCE)
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)
Keystream, derive, symbols = reference.Keystream, reference.derive, reference.symbols

RATE, FRAME, HOP = 16_000, 512, 256
FIRST_BIN, BINS, PERIOD, SYNC_FRAMES, SYMBOLS, CHECK_BITS = 10, 214, 150, 30, 1024, 20
PUBLIC = blake3(b"filigrane v1 public watermark key").digest()
PAYLOAD = bytes.fromhex("1100c0ffee00c0ffee00c0ff")
# The gain of the plain embedder below: it shapes nothing by ear.
GAIN = 0.15


def block(secret: bytes):
    """Sign and symbol of each cell, [frame][bin]; the symbol of a synchronisation cell is None."""
    stream = Keystream(derive(secret, "filigrane audio v1 pattern"))
    signs = [[0] * BINS for _ in range(PERIOD)]
    roles = [[None] * BINS for _ in range(PERIOD)]
    deck = []
    for bin_ in range(BINS):
        for place, frame in enumerate(stream.shuffle(list(range(PERIOD)))):
            signs[frame][bin_] = stream.sign()
            if place >= SYNC_FRAMES:
                if not deck:
                    deck = stream.shuffle(list(range(SYMBOLS)))
                roles[frame][bin_] = deck.pop()
    return signs, roles


def mark(secret: bytes, payload: bytes):
    """The sign by which each cell's amplitude is raised or lowered, [frame][bin]."""
    signs, roles = block(secret)
    coded = symbols(secret, "audio v1", payload, SYMBOLS, CHECK_BITS)
    cell = lambda sign, role: sign if role is None else sign * coded[role]
    return [[cell(*pair) for pair in zip(*rows)] for rows in zip(signs, roles)]


def embed(sound: np.ndarray, cells) -> np.ndarray:
    """The sound with every marked cell raised or lowered alike; frames are centred on multiples of HOP."""
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME))
    frames = -(-len(sound) // HOP) + 1
    padded = np.zeros(frames * HOP + FRAME)
    padded[FRAME // 2 : FRAME // 2 + len(sound)] = sound
    out = np.zeros_like(padded)
    for k in range(frames):
        part = slice(k * HOP, k * HOP + FRAME)
        spectrum = np.fft.rfft(padded[part] * window)
        spectrum[FIRST_BIN : FIRST_BIN + BINS] *= 1 + GAIN * np.array(cells[k % PERIOD])
        out[part] += np.fft.irfft(spectrum) * window
    return out[FRAME // 2 : FRAME // 2 + len(sound)]


def mark_file(source: str, target: str) -> None:
    with wave.open(source) as file:
        assert file.getparams()[:3] == (1, 2, RATE), "expected mono, 16 bits, 16 kHz"
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    marked = np.clip(np.rint(embed(sound, mark(PUBLIC, PAYLOAD))), -32768, 32767).astype("<i2")
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, RATE, len(marked), "NONE", ""))
        file.writeframes(marked.tobytes())


def hexadecimal(flags) -> str:
    """A bit per bin, the first one highest, filled up with zeros."""
    bits = "".join("1" if flag else "0" for flag in flags)
    return f"{int(bits.ljust(-(-len(bits) // 8) * 8, '0'), 2):0{-(-len(bits) // 8) * 2}x}"


def main() -> None:
    if sys.argv[1:2] == ["mark"]:
        return mark_file(*sys.argv[2:])
    _, roles = block(PUBLIC)
    ends = [roles[0], roles[PERIOD - 1]]
    print(json.dumps({
        "geometry": [RATE, FRAME, HOP, FIRST_BIN, BINS, PERIOD, SYNC_FRAMES, SYMBOLS],
        "payload": PAYLOAD.hex(),
        "sync": [hexadecimal(role is None for role in row) for row in roles],
        "symbols": [[-1 if role is None else role for role in row] for row in ends],
        "lowered": [hexadecimal(sign < 0 for sign in row) for row in mark(PUBLIC, PAYLOAD)],
    }))


if __name__ == "__main__":
    main()
