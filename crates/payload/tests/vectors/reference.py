"""An independent, readable restatement of filigrane-payload, from its documentation alone.

Prints the test vectors beside this file:  pip install blake3 cryptography && python reference.py > vectors.json
"""

import json
import struct

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms


def derive(secret: bytes, context: str) -> bytes:
    return blake3(secret, derive_key_context=context).digest()


class Keystream:
    """ChaCha20 words: block counter 0, zero nonce, little endian."""

    def __init__(self, key: bytes):
        self.cipher = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()

    def word(self) -> int:
        return struct.unpack("<I", self.cipher.update(bytes(4)))[0]

    def below(self, bound: int) -> int:
        while True:
            product = self.word() * bound
            if product % 2**32 >= (2**32 - bound) % bound:
                return product >> 32

    def sign(self) -> int:
        return -1 if self.word() >> 31 else 1

    def shuffle(self, items: list) -> list:
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items


def bits(data: bytes) -> list:
    return [byte >> (7 - i) & 1 for byte in data for i in range(8)]


def symbols(secret: bytes, domain: str, payload: bytes, length: int, check_bits: int) -> list:
    check = blake3(payload, key=derive(secret, f"filigrane {domain} code check")).digest()
    message = bits(payload) + bits(check)[:check_bits]
    weight = lambda i: sum(2.0 ** (j / 4) for j in range(20) if i >> j & 1)
    reliable = sorted(range(length), key=weight)[length - len(message):]
    places = reliable[:4] + sorted(reliable[4:])
    word = [0] * length
    for place, bit in zip(places, message):
        word[place] = bit
    half = 1
    while half < length:
        for i in range(length):
            if not i & half:
                word[i] ^= word[i + half]
        half *= 2
    keystream = Keystream(derive(secret, f"filigrane {domain} code scramble"))
    order = keystream.shuffle(list(range(length)))
    out = [0] * length
    for place, bit in zip(order, word):
        out[place] = keystream.sign() * (-1 if bit else 1)
    return out


def key_id(secret: bytes) -> str:
    return "k:" + blake3(derive(secret, "filigrane v1 key identifier")).digest()[:16].hex()


def main() -> None:
    public = blake3(b"filigrane v1 public watermark key").digest()
    stream = lambda: Keystream(derive(public, "filigrane test vectors"))
    numbers = stream()
    payload = bytes.fromhex("1100c0ffee00c0ffee00c0ff")
    codes = []
    for domain, length, check_bits in [("image v1", 1024, 20), ("audio v1", 1024, 20), ("test", 256, 0), ("test", 512, 40)]:
        signs = symbols(public, domain, payload, length, check_bits)
        packed = "".join("1" if s < 0 else "0" for s in signs)
        codes.append({"domain": domain, "length": length, "check_bits": check_bits, "payload": payload.hex(),
                      "minus_ones": f"{int(packed, 2):0{length // 4}x}"})
    print(json.dumps({
        "public_secret": public.hex(),
        "public_id": key_id(public),
        "derived": derive(public, "filigrane test vectors").hex(),
        "words": [numbers.word() for _ in range(80)],
        "below_1000": (lambda s: [s.below(1000) for _ in range(40)])(stream()),
        "below_3221225473": (lambda s: [s.below(3221225473) for _ in range(10)])(stream()),
        "signs": (lambda s: [s.sign() for _ in range(40)])(stream()),
        "shuffle_20": stream().shuffle(list(range(20))),
        "codes": codes,
    }, indent=1))


if __name__ == "__main__":
    main()
