"""Times a ResNet-20 at 32x32x3 in PyTorch, one thread: the yardstick of `npm run bench -- engine`.

Usage: engine_torch.py BATCH. Prints {"version": ...}, then answers each line `WORKLOAD LAYOUT REPEATS` on
standard input with {"seconds": [...]} on standard output, so that the caller can interleave its own rows.
WORKLOAD is forward, gradient or training; LAYOUT is nchw or channels_last.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016, section 4.2)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    width = 16
    for stage, outputs in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(Block(width, outputs, 2 if stage > 0 and block == 0 else 1))
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Workloads:
    """The three timed units of work over one batch, in one memory layout."""

    def __init__(self, batch, layout):
        form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self.inputs = torch.rand(batch, 3, 32, 32).to(memory_format=form)
        self.labels = torch.arange(batch) % 10
        self.model = resnet20().to(memory_format=form)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-6, momentum=0.9, weight_decay=5e-4)

    def forward(self):
        self.model.eval()
        with torch.inference_mode():
            self.model(self.inputs)

    def gradient(self):
        self.model.eval()
        self.model.requires_grad_(False)
        inputs = self.inputs.clone().requires_grad_(True)
        loss = F.cross_entropy(self.model(inputs), self.labels, reduction="sum")
        torch.autograd.grad(loss, inputs)

    def training(self):
        self.model.train()
        self.model.requires_grad_(True)
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.inputs), self.labels).backward()
        self.optimizer.step()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    batch = int(sys.argv[1])
    layouts = {layout: Workloads(batch, layout) for layout in ("nchw", "channels_last")}
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        workload, layout, repeats = line.split()
        run = getattr(layouts[layout], workload)
        seconds = []
        for _ in range(int(repeats)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
