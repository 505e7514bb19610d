"""Times a network in PyTorch, one thread: the yardstick of `npm run bench -- engine`.

Usage: engine_torch.py --version, which prints {"version": ...}; or engine_torch.py MODEL LAYOUT BATCH SIDE CLASSES,
which answers each line WORKLOAD on standard input with {"seconds": ...} on standard output, so that the caller can
interleave its own rows. MODEL is one of cases.ts, LAYOUT nchw or channels_last, WORKLOAD one of row.ts.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def normalized(inputs, outputs, kernel, stride=1, groups=1):
    """A convolution that keeps the size at stride 1, and batch normalization."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = nn.Sequential(*body), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def resnet20(classes, side):
    """He et al. 2016, section 4.2, with 1x1 convolutions in the shortcuts that change shape."""
    layers = [*normalized(3, 16, 3), nn.ReLU()]
    width = 16
    for stage, outputs in enumerate((16, 32, 64)):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            body = [*normalized(width, outputs, 3, stride), nn.ReLU(), *normalized(outputs, outputs, 3)]
            shortcut = [] if stride == 1 and width == outputs else normalized(width, outputs, 1, stride)
            layers += [Residual(body, shortcut), nn.ReLU()]
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


STAGES = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


def mobilenetv2(classes, side):
    """Sandler et al. 2018, table 2; at up to 64 pixels the stem and the second stage do not halve."""
    small = side <= 64
    layers = [*normalized(3, 32, 3, 1 if small else 2), nn.ReLU6()]
    width = 32
    for stage, (expansion, outputs, blocks, first) in enumerate(STAGES):
        for block in range(blocks):
            stride = 1 if block > 0 or (small and stage == 1) else first
            inner = width * expansion
            body = [] if expansion == 1 else [*normalized(width, inner, 1), nn.ReLU6()]
            body += [*normalized(inner, inner, 3, stride, inner), nn.ReLU6(), *normalized(inner, outputs, 1)]
            layers += [Residual(body, [])] if stride == 1 and width == outputs else body
            width = outputs
    layers += [*normalized(width, 1280, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(1280, classes))


MODELS = {"resnet20-32": resnet20, "mobilenetv2-32": mobilenetv2, "mobilenetv2-224": mobilenetv2}


class Workloads:
    """The timed units of work over one batch."""

    def __init__(self, name, layout, batch, side, classes):
        form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self.inputs = torch.rand(batch, 3, side, side).to(memory_format=form)
        self.target = torch.randn(batch, 3, side, side).to(memory_format=form)
        self.labels = torch.arange(batch) % classes
        self.model = MODELS[name](classes, side).to(memory_format=form)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-6, momentum=0.9, weight_decay=5e-4)

    def forward(self):
        self.model.eval()
        with torch.inference_mode():
            self.model(self.inputs)

    def input_gradient(self, create_graph):
        inputs = self.inputs.clone().requires_grad_(True)
        loss = F.cross_entropy(self.model(inputs), self.labels, reduction="sum")
        return loss, torch.autograd.grad(loss, inputs, create_graph=create_graph)[0]

    def gradient(self):
        self.model.eval()
        self.model.requires_grad_(False)
        self.input_gradient(False)

    def start_training(self):
        self.model.train()
        self.model.requires_grad_(True)
        self.optimizer.zero_grad()

    def training(self):
        self.start_training()
        F.cross_entropy(self.model(self.inputs), self.labels, reduction="sum").backward()
        self.optimizer.step()

    def unpairing(self):
        self.start_training()
        loss, gradient = self.input_gradient(True)
        cosine = F.cosine_similarity(gradient.flatten(1), self.target.flatten(1))
        (loss + (cosine**2).sum()).backward()
        self.optimizer.step()


def main():
    if sys.argv[1:] == ["--version"]:
        print(json.dumps({"version": torch.__version__}))
        return
    torch.set_num_threads(1)
    torch.manual_seed(1)
    name, layout, *sizes = sys.argv[1:]
    workloads = Workloads(name, layout, *map(int, sizes))
    for line in sys.stdin:
        start = time.perf_counter()
        getattr(workloads, line.strip())()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
