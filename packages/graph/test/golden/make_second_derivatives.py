"""Writes second-derivatives.golden.json: what PyTorch's double backward gives for penalties on input gradients.

    python3 make_second_derivatives.py > second-derivatives.golden.json

Each case is a list of layers, from which the test builds an ONNX graph and this file a function in float64. Weights,
images and labels come from one linear congruential generator, drawn in the order of the layers. A case is evaluated
with two sets of weights: one that trains and one that is fixed. The penalties are, summed over samples, the squared
cosine of both input gradients of the cross-entropy, and the norm of the first; the file holds their derivatives with
respect to the weights that train.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

SAMPLES, CLASSES, COORDINATES = 4, 5, 24


def conv(outputs, inputs, kernel, **options):
    return {"op": "conv", "weight": [outputs, inputs, kernel, kernel], **options}


def norm(channels):
    return {"op": "batchNormalization", "channels": channels}


def act(name):
    return {"op": "activation", "name": name}


def pool(op, kernel, stride, pad=0):
    return {"op": op, "kernel": kernel, "stride": stride, "pad": pad}


def dense(outputs, inputs):
    return {"op": "dense", "weight": [outputs, inputs]}


def residual(body, shortcut=()):
    return {"op": "residual", "body": list(body), "shortcut": list(shortcut)}


def quantized(scale, zero_point, between=()):
    return {"op": "quantize", "scale": scale, "zeroPoint": zero_point, "between": list(between)}


HEAD = [{"op": "globalAveragePool"}, {"op": "flatten"}]


def classifier(*layers, channels=6):
    """Layers between a stem with a smooth activation, so that every second derivative matters, and a head."""
    return [conv(6, 3, 3, pad=1), act("tanh"), *layers, *HEAD, dense(CLASSES, channels)]


def activation(name):
    return classifier(conv(6, 6, 3, pad=1), act(name), conv(6, 6, 3))


def basic_block(inputs, outputs, stride):
    same = stride == 1 and inputs == outputs
    shortcut = [] if same else [conv(outputs, inputs, 1, stride=stride), norm(outputs)]
    first = [conv(outputs, inputs, 3, pad=1, stride=stride), norm(outputs), act("relu")]
    return [residual([*first, conv(outputs, outputs, 3, pad=1), norm(outputs)], shortcut), act("relu")]


def inverted_residual(inputs, outputs, stride, expansion=3):
    inner = inputs * expansion
    depthwise = conv(inner, 1, 3, pad=1, stride=stride, groups=inner)
    body = [
        *[conv(inner, inputs, 1), norm(inner), act("relu6")],
        *[depthwise, norm(inner), act("relu6")],
        *[conv(outputs, inner, 1), norm(outputs)],
    ]
    return [residual(body)] if stride == 1 and inputs == outputs else body


CASES = {
    "convolution": classifier(conv(6, 6, 3, pad=1, bias=True), act("softplus"), conv(6, 6, 3)),
    "strided convolution": classifier(conv(8, 6, 3, pad=1, stride=2), act("tanh"), channels=8),
    "strided convolution that leaves a rest": classifier(conv(8, 6, 3, stride=3), act("tanh"), channels=8),
    "dilated convolution": classifier(conv(6, 6, 3, pad=2, dilation=2), act("tanh")),
    "pointwise convolution": classifier(conv(8, 6, 1), act("tanh"), channels=8),
    "grouped convolution": classifier(conv(8, 3, 3, pad=1, groups=2), act("tanh"), channels=8),
    "depthwise convolution": classifier(conv(6, 1, 3, pad=1, groups=6), act("tanh")),
    "strided depthwise convolution": classifier(
        conv(6, 1, 3, pad=1, stride=2, groups=6), act("tanh")
    ),
    "depthwise convolution with a multiplier": classifier(
        conv(12, 1, 3, pad=1, groups=6), act("tanh"), channels=12
    ),
    "transposed convolution": classifier(
        {"op": "convTranspose", "weight": [6, 4, 3, 3], "stride": 2, "pad": 1}, act("tanh"), channels=4
    ),
    "grouped transposed convolution": classifier(
        {"op": "convTranspose", "weight": [6, 2, 2, 2], "stride": 2, "groups": 3}, act("tanh")
    ),
    "max pool": classifier(pool("maxPool", 2, 2), conv(6, 6, 3, pad=1), act("tanh")),
    "overlapping max pool": classifier(pool("maxPool", 3, 2, 1), conv(6, 6, 3, pad=1), act("tanh")),
    "average pool": classifier(pool("averagePool", 3, 2, 1), conv(6, 6, 3, pad=1), act("tanh")),
    "global max pool": [
        *[conv(6, 3, 3, pad=1), act("tanh"), conv(6, 6, 3), act("softplus")],
        *[{"op": "globalMaxPool"}, {"op": "flatten"}, dense(CLASSES, 6)],
    ],
    "dense": [{"op": "flatten"}, dense(16, 192), act("tanh"), dense(CLASSES, 16)],
    "batch normalization": classifier(conv(6, 6, 3), norm(6), act("tanh"), conv(6, 6, 3), norm(6)),
    "normalization with running statistics": classifier(
        conv(6, 6, 3), {"op": "fixedNormalization", "channels": 6}, act("tanh")
    ),
    **{
        name: activation(name)
        for name in ["sigmoid", "tanh", "gelu", "swish", "softplus", "elu"]
        + ["relu", "relu6", "leakyRelu", "hardSwish"]
    },
    "quantized": [
        *[quantized(1 / 255, 0), {**conv(6, 3, 3, pad=1), "scale": 0.01}, act("relu"), quantized(0.023, 3)],
        *[{**conv(6, 6, 3, pad=1), "scale": 0.01}, act("tanh"), quantized(2 / 255, 128), *HEAD, dense(CLASSES, 6)],
    ],
    "quantized, pooled as integers": [
        *[{**conv(6, 3, 3, pad=1), "scale": 0.01}, act("tanh")],
        *[quantized(2 / 255, 128, [pool("maxPool", 3, 2, 1)]), {**conv(6, 6, 3), "scale": 0.01}],
        *[act("tanh"), *HEAD, dense(CLASSES, 6)],
    ],
    "small ResNet": [
        *[conv(6, 3, 3, pad=1), norm(6), act("relu"), *basic_block(6, 6, 1)],
        *[*basic_block(6, 8, 2), *basic_block(8, 8, 1), *HEAD, dense(CLASSES, 8)],
    ],
    "small MobileNetV2": [
        *[conv(4, 3, 3, pad=1), norm(4), act("relu6"), *inverted_residual(4, 4, 1)],
        *[*inverted_residual(4, 6, 2), *inverted_residual(6, 6, 1), conv(12, 6, 1), norm(12), act("relu6")],
        *[*HEAD, dense(CLASSES, 12)],
    ],
}


class Numbers:
    """A linear congruential generator of float32 numbers, as any language can make again."""

    def __init__(self, state):
        self.state = state

    def draw(self, shape, low, high):
        values = []
        for _ in range(math.prod(shape)):
            self.state = (1103515245 * self.state + 12345) % 2**31
            values.append(low + (high - low) * ((self.state >> 15) / 2**16))
        return torch.from_numpy(np.asarray(values, np.float32).astype(np.float64).reshape(shape))


def weights_of(layers, numbers):
    """The weights of all layers in order; biases and normalization parameters behind the filters they belong to."""
    for layer in layers:
        op = layer["op"]
        if op in ("conv", "convTranspose", "dense"):
            shape = layer["weight"]
            fan_in = shape[0] if op == "convTranspose" else math.prod(shape[1:])
            bound = math.sqrt(6 / fan_in)
            yield numbers.draw(shape, -bound, bound)
            if layer.get("bias") or op == "dense":
                yield numbers.draw([shape[0]], -0.5, 0.5)
        elif op.endswith("ormalization"):
            yield numbers.draw([layer["channels"]], 0.5, 1.5)
            yield numbers.draw([layer["channels"]], -0.5, 0.5)
        elif op == "residual":
            yield from weights_of(layer["body"], numbers)
            yield from weights_of(layer["shortcut"], numbers)


def straight_through(x, rounded, low, high):
    """`rounded` with the derivative of x where it rounds to a value in the range."""
    inside = (x > low) & (x < high)
    return rounded.detach() + torch.where(inside, x - x.detach(), torch.zeros_like(x))


def quantize(x, scale, zero_point, low, high):
    # Scales are float32 in the model.
    scale = float(np.float32(scale))
    steps = torch.clamp(torch.round(x / scale) + zero_point, low, high) - zero_point
    edges = ((low - zero_point - 0.5) * scale, (high - zero_point + 0.5) * scale)
    return straight_through(x, steps * scale, *edges)


ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2))),
    "swish": lambda x: x * torch.sigmoid(x),
    "softplus": lambda x: torch.log1p(torch.exp(x)),
    "elu": lambda x: torch.where(x > 0, x, torch.exp(torch.clamp(x, max=0)) - 1),
    "relu": F.relu,
    "relu6": lambda x: torch.clamp(x, 0, 6),
    "leakyRelu": lambda x: torch.where(x > 0, x, float(np.float32(0.1)) * x),
    "hardSwish": lambda x: x * torch.clamp(x / 6 + 0.5, 0, 1),
}


def normalize(x, scale, shift, mean, variance):
    column = lambda vector: vector.reshape(1, -1, 1, 1)
    return (x - column(mean)) * column(scale / torch.sqrt(variance + float(np.float32(1e-5)))) + column(shift)


def apply(layers, weights, x):
    """What the layers make of x; `weights` is an iterator over all of theirs."""
    for layer in layers:
        op = layer["op"]
        options = {k: layer[k] for k in ("stride", "dilation", "groups") if k in layer}
        if op in ("conv", "convTranspose"):
            weight = next(weights)
            if "scale" in layer:
                weight = quantize(weight, layer["scale"], 0, -128, 127)
            bias = next(weights) if layer.get("bias") else None
            run = F.conv2d if op == "conv" else F.conv_transpose2d
            x = run(x, weight, bias, padding=layer.get("pad", 0), **options)
        elif op == "dense":
            x = F.linear(x, next(weights), next(weights))
        elif op == "batchNormalization":
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            x = normalize(x, next(weights), next(weights), mean, variance)
        elif op == "fixedNormalization":
            channels = torch.arange(layer["channels"], dtype=torch.float64)
            x = normalize(x, next(weights), next(weights), channels / 8, channels / 4 + 0.5)
        elif op == "activation":
            x = ACTIVATIONS[layer["name"]](x)
        elif op == "maxPool":
            x = F.max_pool2d(x, layer["kernel"], layer["stride"], layer["pad"])
        elif op == "averagePool":
            x = F.avg_pool2d(x, layer["kernel"], layer["stride"], layer["pad"], count_include_pad=False)
        elif op == "globalAveragePool":
            x = x.mean((2, 3), keepdim=True)
        elif op == "globalMaxPool":
            x = x.amax((2, 3), keepdim=True)
        elif op == "flatten":
            x = x.flatten(1)
        elif op == "quantize":
            x = apply(layer["between"], weights, quantize(x, layer["scale"], layer["zeroPoint"], 0, 255))
        elif op == "residual":
            x = apply(layer["body"], weights, x) + apply(layer["shortcut"], weights, x)
    return x


def input_gradient(layers, weights, image, labels, create_graph):
    loss = F.cross_entropy(apply(layers, iter(weights), image), labels, reduction="sum")
    return torch.autograd.grad(loss, image, create_graph=create_graph)[0].flatten(1)


def summary(derivative):
    """A derivative's norm, and its elements where it is small, else evenly spread ones."""
    flat = derivative.flatten()
    step = max(1, math.ceil(flat.numel() / COORDINATES))
    rounded = lambda value: float("%.8g" % value)
    return {"norm": rounded(flat.norm()), "step": step, "elements": [rounded(v) for v in flat[::step].tolist()]}


def golden(layers):
    numbers = Numbers(12345)
    image = numbers.draw([SAMPLES, 3, 8, 8], 0, 1).requires_grad_()
    labels = torch.arange(SAMPLES) % CLASSES
    weights = [weight.requires_grad_() for weight in weights_of(layers, numbers)]
    target = input_gradient(layers, list(weights_of(layers, numbers)), image, labels, False)
    own = input_gradient(layers, weights, image, labels, True)
    cosine = F.cosine_similarity(own, target.detach(), dim=1)
    penalties = {"squared-cosine": cosine**2, "gradient-norm": own.norm(dim=1)}
    result = {"layers": layers}
    for name, values in penalties.items():
        derivatives = torch.autograd.grad(values.sum(), weights, retain_graph=True, allow_unused=True)
        zeros = (d if d is not None else torch.zeros_like(w) for d, w in zip(derivatives, weights))
        result[name] = {"values": values.tolist(), "derivatives": [summary(d) for d in zeros]}
    return result


if __name__ == "__main__":
    cases = {name: golden(layers) for name, layers in CASES.items()}
    print(json.dumps({"torch": torch.__version__, "cases": cases}))
