"""Pictures through a latent autoencoder, the attack called regeneration.

    python3 autoencoder.py ENCODER.pth DECODER.pth MARKED.jsonl IN OUT

takes what `filigrane bench image --attacks none --dump IN --jsonl MARKED.jsonl` wrote, encodes and decodes every picture,
and writes the results to OUT with a `list.jsonl` for `filigrane bench judge`. The weights are those of a tiny autoencoder
with the layers of TAESD (https://github.com/madebyollin/taesd, MIT; for FLUX.2 `taef2_encoder.pth` and
`taef2_decoder.pth`); latents are not rounded. It runs on a processor and needs `numpy onnx onnxruntime pillow`.
"""

import collections
import json
import pathlib
import pickle
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from PIL import Image

STORAGES = {"FloatStorage": np.float32, "HalfStorage": np.float16}


class Tensors(pickle.Unpickler):
    """The tensors of a file of weights, and nothing else: every other name in the pickle is refused."""

    def __init__(self, archive: zipfile.ZipFile):
        self.archive = archive
        index = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        self.folder = index.removesuffix("data.pkl")
        super().__init__(archive.open(index))

    def find_class(self, module, name):
        if name == "_rebuild_tensor_v2":
            return self.tensor
        if name in STORAGES:
            return STORAGES[name]
        if name == "OrderedDict":
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"expected tensors alone, found {module}.{name}")

    def persistent_load(self, pid):
        _, kind, key, *_ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}data/{key}"), kind)

    @staticmethod
    def tensor(storage, offset, size, stride, *_):
        steps = [step * storage.itemsize for step in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).astype(np.float32)


class Network:
    """An ONNX graph that is built layer by layer from named weights."""

    def __init__(self, path: str):
        with zipfile.ZipFile(path) as archive:
            self.weights = Tensors(archive).load()
        self.nodes, self.constants = [], []

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, *values: float) -> str:
        return self.constant(np.array(values, np.float32))

    def has(self, layer: str) -> bool:
        return f"{layer}.weight" in self.weights

    def convolution(self, layer: str, x: str, stride: int = 1) -> str:
        weight = self.weights[f"{layer}.weight"]
        inputs = [x, self.constant(weight)]
        if f"{layer}.bias" in self.weights:
            inputs.append(self.constant(self.weights[f"{layer}.bias"]))
        return self.op("Conv", *inputs, pads=[weight.shape[2] // 2] * 4, strides=[stride] * 2)

    def group_normalization(self, layer: str, x: str, groups: int) -> str:
        shape = self.op("Shape", x)
        x = self.op("Reshape", x, self.constant(np.array([1, groups, -1], np.int64)))
        x = self.op("InstanceNormalization", x, self.floats(*[1] * groups), self.floats(*[0] * groups), epsilon=1e-5)
        x = self.op("Reshape", x, shape)
        for kind, part in (("Mul", "weight"), ("Add", "bias")):
            x = self.op(kind, x, self.constant(self.weights[f"{layer}.{part}"].reshape(1, -1, 1, 1)))
        return x

    def block(self, layer: str, x: str) -> str:
        if self.has(f"{layer}.pool.0"):
            pool = self.group_normalization(f"{layer}.pool.1", self.convolution(f"{layer}.pool.0", x), 4)
            x = self.op("Add", x, self.convolution(f"{layer}.pool.3", self.op("Relu", pool)))
        y = self.op("Relu", self.convolution(f"{layer}.conv.0", x))
        y = self.op("Relu", self.convolution(f"{layer}.conv.2", y))
        y = self.convolution(f"{layer}.conv.4", y)
        if self.has(f"{layer}.skip"):
            x = self.convolution(f"{layer}.skip", x)
        return self.op("Relu", self.op("Add", x, y))

    def layer(self, layer: str, x: str, stride: int = 1) -> str:
        return self.block(layer, x) if self.has(f"{layer}.conv.0") else self.convolution(layer, x, stride)

    def session(self, output: str, channels: int):
        tensor = onnx.TensorProto.FLOAT
        inputs = [helper.make_tensor_value_info("x", tensor, [1, channels, "h", "w"])]
        outputs = [helper.make_tensor_value_info(output, tensor, [1, None, None, None])]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        made = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return lambda x: made.run(None, {"x": x})[0]


def encoder(path: str):
    """A convolution, blocks with three halvings between them, a convolution to the latents."""
    network, x = Network(path), "x"
    last = max(int(name.split(".")[0]) for name in network.weights)
    for index in range(last + 1):
        x = network.layer(str(index), x, stride=1 if index in (0, last) else 2)
    return network.session(x, 3)


def decoder(path: str):
    """Latents held within ±3, blocks with three doublings between them, a convolution to the colours."""
    network = Network(path)
    # Layers without weights count in the names; some files leave the first of them out.
    first = 1 if network.has("1") else 0
    channels = network.weights[f"{first}.weight"].shape[1]
    x = network.op("Mul", network.op("Tanh", network.op("Mul", "x", network.floats(1 / 3))), network.floats(3))
    for index in range(19):
        if index == 1:
            x = network.op("Relu", x)
        elif index in (5, 10, 15):
            twice = network.floats(1, 1, 2, 2)
            how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            x = network.op("Resize", x, "", twice, mode="nearest", **how)
        else:
            x = network.layer(str(index + first), x)
    return network.session(x, channels)


def main():
    encoder_path, decoder_path, marked, source, target = sys.argv[1:]
    encode, decode = encoder(encoder_path), decoder(decoder_path)
    target = pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    entries = []
    for line in pathlib.Path(marked).read_text().splitlines():
        record = json.loads(line)
        if record["type"] != "embedding" or record["refused"]:
            continue
        name = f"{record['picture']}--none.png"
        before = np.asarray(Image.open(pathlib.Path(source) / name).convert("RGB"))
        height, width = before.shape[:2]
        padded = np.pad(before, ((0, -height % 8), (0, -width % 8), (0, 0)), mode="reflect")
        after = decode(encode(padded.transpose(2, 0, 1)[None].astype(np.float32) / 255))
        after = np.rint(255 * after[0, :, :height, :width].clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)
        error = np.mean((before.astype(float) - after) ** 2)
        print(f"{record['picture']}: {10 * np.log10(255**2 / error):.2f} dB", flush=True)
        Image.fromarray(after).save(target / name)
        entries.append({"file": str((target / name).resolve()), "id": record["id"], "attack": "autoencoder"})
    (target / "list.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))


if __name__ == "__main__":
    main()
