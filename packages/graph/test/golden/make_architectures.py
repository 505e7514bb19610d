"""Writes architectures/: small classifiers as PyTorch exports them, and what PyTorch computes for them.

    python3 make_architectures.py architectures

For each network NAME and operator set K there is NAME.K.onnx, and for each network NAME.bin: float32 logits [2,10]
followed by the gradient [2,3,32,32] of the summed cross-entropy with respect to the input, computed in float64. The
inputs are integers over 2^16 from a linear congruential generator, the labels 0 and 1. Needs torch and torchvision
(made with 1.13 and 0.14).
"""
import pathlib
import sys
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.efficientnet import MBConvConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.squeezenet import Fire
from torchvision.ops.misc import Conv2dNormActivation

SAMPLES, SIZE, CLASSES = 2, 32, 10


def resnet():
    """A basic, a strided and a grouped bottleneck block of torchvision's ResNet."""
    down = nn.Sequential(nn.Conv2d(8, 16, 1, 2, bias=False), nn.BatchNorm2d(16))
    widen = nn.Sequential(nn.Conv2d(16, 32, 1, 2, bias=False), nn.BatchNorm2d(32))
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        BasicBlock(8, 8), BasicBlock(8, 16, 2, down), Bottleneck(16, 8, 2, widen, groups=2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES),
    )


def vgg():
    features = models.vgg.make_layers([4, "M", 8, "M", 12, 12, "M", 16, "M"], batch_norm=True)
    model = models.VGG(nn.Sequential(), init_weights=False)
    model.features, model.avgpool = features, nn.AdaptiveAvgPool2d(2)
    model.classifier = nn.Sequential(
        nn.Linear(64, 24), nn.ReLU(True), nn.Dropout(), nn.Linear(24, CLASSES)
    )
    return model


def densenet():
    return models.DenseNet(growth_rate=4, block_config=(2, 2, 2), num_init_features=8, bn_size=2, num_classes=CLASSES)


def mobilenet_v1():
    def separable(inside, outside, stride):
        return nn.Sequential(
            nn.Conv2d(inside, inside, 3, stride, 1, groups=inside, bias=False), nn.BatchNorm2d(inside), nn.ReLU6(),
            nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU6(),
        )

    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
        separable(8, 16, 1), separable(16, 24, 2), separable(24, 32, 2),
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, CLASSES),
    )


def mobilenet_v2():
    settings = [[1, 8, 1, 1], [4, 12, 2, 2], [4, 16, 1, 2]]
    model = models.MobileNetV2(num_classes=CLASSES, width_mult=0.5, inverted_residual_setting=settings)
    last = model.features[-1][0].in_channels
    model.features[-1] = Conv2dNormActivation(last, 24, kernel_size=1, activation_layer=nn.ReLU6)
    model.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(24, CLASSES))
    return model


def mobilenet_v3():
    block = partial(InvertedResidualConfig, width_mult=1.0)
    settings = [
        block(16, 3, 16, 16, True, "RE", 2, 1),
        block(16, 5, 24, 16, True, "HS", 2, 1),
        block(16, 3, 24, 16, False, "HS", 1, 2),
    ]
    return models.MobileNetV3(settings, last_channel=24, num_classes=CLASSES)


def efficientnet():
    settings = [MBConvConfig(1, 3, 1, 8, 8, 1), MBConvConfig(4, 3, 2, 8, 12, 1), MBConvConfig(4, 5, 2, 12, 12, 2)]
    model = models.EfficientNet(settings, dropout=0.2, num_classes=CLASSES, last_channel=32)
    return model


def shufflenet():
    return models.ShuffleNetV2([2, 2, 2], [8, 16, 24, 32, 40], num_classes=CLASSES)


def squeezenet():
    model = models.SqueezeNet("1_1", num_classes=CLASSES)
    model.features = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.ReLU(True), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(8, 4, 8, 8), Fire(16, 4, 8, 8), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 8, 12, 12),
    )
    model.classifier = nn.Sequential(
        nn.Dropout(0.5), nn.Conv2d(24, CLASSES, 1), nn.ReLU(True), nn.AdaptiveAvgPool2d((1, 1))
    )
    return model


def convnext():
    return models.ConvNeXt(
        [CNBlockConfig(8, 12, 1), CNBlockConfig(12, 16, 1), CNBlockConfig(16, None, 1)],
        layer_scale=0.5, num_classes=CLASSES,
    )


def vit():
    model = models.VisionTransformer(SIZE, 8, 2, 2, 16, 32, num_classes=CLASSES)
    nn.init.normal_(model.heads.head.weight, std=0.3)
    nn.init.normal_(model.class_token, std=0.3)
    return model


class Mixer(nn.Module):
    """Tolstikhin et al., 2105.01601."""

    def __init__(self, patches=16, width=24, depth=2):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        mlp = lambda size, hidden: nn.Sequential(nn.Linear(size, hidden), nn.GELU(), nn.Linear(hidden, size))
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(2 * depth)])
        self.tokens = nn.ModuleList([mlp(patches, 12) for _ in range(depth)])
        self.channels = nn.ModuleList([mlp(width, 32) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        for i, (tokens, channels) in enumerate(zip(self.tokens, self.channels)):
            x = x + tokens(self.norms[2 * i](x).transpose(1, 2)).transpose(1, 2)
            x = x + channels(self.norms[2 * i + 1](x))
        return self.head(self.norm(x).mean(1))


class Attention(nn.Module):
    """A transformer block of the timm kind: fused projection, unbind, Einsum; relative bias by a gathered table."""

    def __init__(self, width=16, heads=2, tokens=16):
        super().__init__()
        self.heads, self.patch = heads, nn.Conv2d(3, width, 8, 8)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.randn(5, heads))
        self.register_buffer("index", torch.randint(0, 5, (tokens, tokens)))
        self.head = nn.Linear(width, CLASSES)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = torch.einsum("bhid,bhjd->bhij", q, k) * (width // self.heads) ** -0.5
        scores = scores + self.table[self.index.reshape(-1)].reshape(tokens, tokens, -1).permute(2, 0, 1)
        mixed = torch.einsum("bhij,bhjd->bihd", scores.softmax(dim=-1), v).reshape(n, tokens, width)
        return self.head(x + self.out(mixed))[:, 1:].mean(dim=1)


class Assortment(nn.Module):
    """Layers that the others lack."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3, 2), nn.GroupNorm(2, 8), nn.PReLU(8))
        self.middle = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 1), nn.Mish())
        self.up = nn.Sequential(nn.ConvTranspose2d(12, 8, 3, 2, 1, 1), nn.InstanceNorm2d(8, affine=True), nn.CELU(0.8))
        self.shuffle = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.PixelShuffle(2), nn.LeakyReLU(0.2), nn.SELU())
        self.head = nn.Linear(160, CLASSES)

    def forward(self, image):
        x = self.up(self.middle(self.stem(image)))
        x = torch.cat([self.shuffle(x), F.softplus(x[:, ::2]), torch.chunk(x, 4, 1)[1]], 1)
        x = F.interpolate(x, size=(7, 9), mode="bilinear", align_corners=False)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.pad(F.hardtanh(x, -2, 2), (1, 0, 2, 0), mode="replicate")
        x = torch.where(x > 0.1, x, x * torch.sigmoid(x))
        x = F.lp_pool2d(x.abs() + 0.1, 2, 4, 4)
        return self.head((x / x.norm(dim=1, keepdim=True)).flatten(1))


NETWORKS = {
    "resnet": (resnet, [9, 13, 17]),
    "vgg": (vgg, [9]),
    "densenet": (densenet, [11]),
    "mobilenet-v1": (mobilenet_v1, [10]),
    "mobilenet-v2": (mobilenet_v2, [9, 12]),
    "mobilenet-v3": (mobilenet_v3, [11, 16]),
    "efficientnet": (efficientnet, [13]),
    "shufflenet-v2": (shufflenet, [11, 16]),
    "squeezenet": (squeezenet, [10]),
    "convnext": (convnext, [12, 17]),
    "vit": (vit, [12, 17]),
    "mlp-mixer": (Mixer, [13, 17]),
    "attention": (Attention, [12, 16]),
    "assortment": (Assortment, [12, 16]),
}


def images():
    """Integers over 2^16 that any language can make again."""
    state, values = 12345, []
    for _ in range(SAMPLES * 3 * SIZE * SIZE):
        state = (1103515245 * state + 12345) % 2**31
        values.append((state >> 15) / 2**16)
    return torch.tensor(values, dtype=torch.float64).reshape(SAMPLES, 3, SIZE, SIZE)


def make(build):
    """A network whose normalizations have statistics and factors as after training."""
    torch.manual_seed(1)
    model = build()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.2, 1)
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)):
            nn.init.uniform_(module.weight, 0.7, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return model.eval()


def golden(model):
    """Logits and input gradient; the weights are those of the float32 files."""
    exact = model.double()
    image = images().requires_grad_()
    logits = exact(image)
    loss = F.cross_entropy(logits, torch.arange(SAMPLES), reduction="sum")
    (gradient,) = torch.autograd.grad(loss, image)
    return np.concatenate([logits.detach().numpy().ravel(), gradient.numpy().ravel()]).astype("<f4")


def main(folder, names):
    for name in names or NETWORKS:
        build, opsets = NETWORKS[name]
        model = make(build)
        for opset in opsets:
            torch.onnx.export(
                model.float(), images().float(), str(folder / f"{name}.{opset}.onnx"), opset_version=opset,
                input_names=["image"], output_names=["logits"],
                dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
            )
        (folder / f"{name}.bin").write_bytes(golden(model).tobytes())
        print(name, opsets)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
