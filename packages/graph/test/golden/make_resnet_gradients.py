"""Writes resnet-gradients.json: what PyTorch computes for the CIFAR-10 ResNets that the tests differentiate.

    python3 make_resnet_gradients.py MODELS_FOLDER > resnet-gradients.json

The networks are rebuilt by hand from their weights, in float64, so the file is an oracle for the values and for the
derivative rules alike. Only numpy and torch are needed; the ONNX files are read with a minimal protobuf parser.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

SAMPLES = 4
COORDINATES = 64


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a message; bytes for a length-delimited one."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = data[at : at + 8], at + 8
        elif key & 7 == 5:
            value, at = data[at : at + 4], at + 4
        else:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def tensor(message):
    """TensorProto with raw float data: dims = 1, name = 8, raw_data = 9."""
    dims, name, raw = [], "", b""
    for number, value in fields(message):
        if number == 1:
            if isinstance(value, int):
                dims.append(value)
            else:
                at = 0
                while at < len(value):
                    dim, at = varint(value, at)
                    dims.append(dim)
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    return name, dims, raw


def weights(path):
    """Weights in the order of the nodes that use them: a list of (operator, [arrays])."""
    graph = next(value for number, value in fields(path.read_bytes()) if number == 7)
    constants, layers = {}, []
    for number, value in fields(graph):
        if number == 5:
            name, dims, raw = tensor(value)
            if len(raw) == 4 * int(np.prod(dims)):
                constants[name] = torch.from_numpy(np.frombuffer(raw, "<f4").reshape(dims).astype(np.float64))
    for number, value in fields(graph):
        if number == 1:
            node = list(fields(value))
            operator = next(v.decode() for n, v in node if n == 4)
            used = [constants[v.decode()] for n, v in node if n == 1 and v.decode() in constants]
            if used:
                layers.append((operator, used))
    return layers


def classifier(layers):
    """The ResNet of He et al. for CIFAR-10 with parameter-free shortcuts, its batch normalization folded in."""
    (_, (mean,)), (_, (deviation,)) = layers[:2]
    convolutions = [arrays for operator, arrays in layers if operator == "Conv"]
    (head,) = [arrays for operator, arrays in layers if operator == "Gemm"]
    blocks = (len(convolutions) - 1) // 6

    def forward(image):
        remaining = iter(convolutions)

        def convolve(x, stride):
            weight, bias = next(remaining)
            return F.conv2d(x, weight, bias, stride=stride, padding=1)

        x = F.relu(convolve((image - mean) / deviation, 1))
        for stage in range(3):
            for block in range(blocks):
                down = stage > 0 and block == 0
                shortcut = x
                if down:
                    quarter = x.shape[1] // 2
                    shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter))
                inner = F.relu(convolve(x, 2 if down else 1))
                x = F.relu(convolve(inner, 1) + shortcut)
        return F.linear(x.mean(dim=(2, 3)), head[0], head[1])

    return forward


def inputs():
    """Images that any language can make again: a linear congruential generator, as integers over 2^16."""
    state, values = 12345, []
    for _ in range(SAMPLES * 3 * 32 * 32):
        state = (1103515245 * state + 12345) % 2**31
        values.append((state >> 15) / 2**16)
    return torch.tensor(values, dtype=torch.float64).reshape(SAMPLES, 3, 32, 32)


def golden(path):
    image = inputs().requires_grad_()
    labels = torch.arange(SAMPLES) % 10
    logits = classifier(weights(path))(image)
    losses = F.cross_entropy(logits, labels, reduction="none")
    (gradient,) = torch.autograd.grad(losses.sum(), image)
    flat = gradient.reshape(SAMPLES, -1)
    coordinates = [(index * 1009) % flat.shape[1] for index in range(COORDINATES)]
    rounded = lambda values: [float("%.9g" % value) for value in values]
    return {
        "labels": labels.tolist(),
        "logits": [rounded(row) for row in logits.tolist()],
        "losses": rounded(losses.tolist()),
        "gradientNorms": rounded(flat.norm(dim=1).tolist()),
        "gradientSums": rounded(flat.sum(dim=1).tolist()),
        "coordinates": coordinates,
        "gradients": [rounded(row) for row in flat[:, coordinates].tolist()],
    }


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    names = ["cifar10-resnet20.onnx", "cifar10-resnet56.onnx"]
    models = {name: golden(folder / name) for name in names}
    print(json.dumps({"torch": torch.__version__, "models": models}, indent=1))
