"""Prints wide-band PESQ (ITU-T P.862.2) of two mono WAV files of 16 bits and 16 kHz.

Usage: pesq_wb.py REFERENCE DEGRADED

Needs the packages `pesq` and `numpy`, for instance in a virtual environment:
`python3 -m venv venv && venv/bin/pip install numpy pesq`.
"""

import sys
import wave

import numpy
import pesq


def samples(path):
    with wave.open(path, "rb") as file:
        if file.getframerate() != 16_000 or file.getnchannels() != 1:
            raise SystemExit(f"`{path}` is not mono at 16 kHz")
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


reference, degraded = (samples(path) for path in sys.argv[1:3])
print(pesq.pesq(16_000, reference, degraded, "wb"))
