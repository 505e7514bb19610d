"""Runs attacks of public Python tools on ONNX networks, one thread: the yardstick of `npm run bench -- peers`.

Usage: peers.py SURROGATE.onnx TARGET.onnx IMAGES SHAPE, with IMAGES float32 [N,C,H,W] in [0,1] and SHAPE as C,H,W. Greets
with {"tools": {NAME: VERSION}} for each of the tools that are installed; then answers each line
{"tool", "attack", "samples", "labels", ...settings} with {"seconds", "processor", "success", "l2", "queries"}: of all
samples in order whether the target takes another class, the l2 distance, and the target's evaluations of one sample on
average. Transfer attacks see the surrogate, the others the target.
"""

import contextlib
import importlib.metadata
import json
import sys
import time

import numpy
import torch
from onnx2torch import convert
from torch import nn

TOOLS = ("foolbox", "torchattacks", "adversarial-robustness-toolbox")
BATCH = 64


class Counted(nn.Module):
    """A network that counts the inputs it evaluates."""

    def __init__(self, path):
        super().__init__()
        self.network = convert(path).eval().requires_grad_(False)
        self.inputs = 0

    def forward(self, x):
        self.inputs += len(x)
        # ART hands over float64 at times.
        return self.network(x.float())


def installed():
    found = {}
    for tool in TOOLS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[tool] = importlib.metadata.version(tool)
    return found


def batches(attack, images, labels):
    """The attack on a batch at a time, as its users write it."""
    parts = [attack(x, y) for x, y in zip(images.split(BATCH), labels.split(BATCH))]
    return torch.cat(parts)


def torchattacks(name, model, ask, epsilon):
    import torchattacks as tool

    steps = {"eps": epsilon, "steps": ask.get("steps", 10), "alpha": ask.get("stepSize", 0)}
    makers = {
        "pgd": lambda: tool.PGD(model, **steps),
        "mi-fgsm": lambda: tool.MIFGSM(model, decay=1.0, **steps),
        "di-fgsm": lambda: tool.DIFGSM(model, decay=1.0, resize_rate=0.9, diversity_prob=0.5, **steps),
        "vmi-fgsm": lambda: tool.VMIFGSM(model, decay=1.0, N=20, beta=1.5, **steps),
        "si-ni-fgsm": lambda: tool.SINIFGSM(model, decay=1.0, m=5, **steps),
        "square": lambda: tool.Square(model, eps=epsilon, n_queries=ask["budget"], p_init=0.05, seed=1),
    }
    attack = makers[name]()
    return lambda x, y: batches(attack, x, y)


def foolbox(name, model, ask, epsilon):
    import foolbox as tool

    net = tool.PyTorchModel(model, bounds=(0, 1), device="cpu")
    if name == "hop-skip-jump":
        attack = tool.attacks.HopSkipJumpAttack(steps=ask["rounds"], initial_gradient_eval_steps=100)
        return lambda x, y: batches(lambda a, b: attack(net, a, b, epsilons=None)[0], x, y)
    attack = tool.attacks.LinfPGD(steps=ask["steps"], rel_stepsize=ask["stepSize"] / epsilon)
    return lambda x, y: batches(lambda a, b: attack(net, a, b, epsilons=epsilon)[1], x, y)


def toolbox(name, model, ask, epsilon):
    from art.attacks import evasion as tool
    from art.estimators.classification import PyTorchClassifier

    # It takes probabilities.
    seen = nn.Sequential(model, nn.Softmax(dim=1)) if name == "simba" else model
    net = PyTorchClassifier(
        seen,
        loss=nn.CrossEntropyLoss(),
        input_shape=tuple(ask["shape"]),
        nb_classes=10,
        clip_values=(0, 1),
        device_type="cpu",
    )
    quiet = {"verbose": False}
    makers = {
        "pgd": lambda: tool.ProjectedGradientDescentPyTorch(
            net, eps=epsilon, eps_step=ask["stepSize"], max_iter=10, num_random_init=1, batch_size=BATCH, **quiet
        ),
        "mi-fgsm": lambda: tool.MomentumIterativeMethod(
            net, eps=epsilon, eps_step=ask["stepSize"], decay=1.0, max_iter=10, batch_size=BATCH, **quiet
        ),
        "square": lambda: tool.SquareAttack(
            net, eps=epsilon, max_iter=ask["budget"], p_init=0.05, nb_restarts=1, batch_size=BATCH, **quiet
        ),
        "hop-skip-jump": lambda: tool.HopSkipJump(
            net, norm=2, max_iter=ask["rounds"], init_eval=100, batch_size=BATCH, **quiet
        ),
        "simba": lambda: tool.SimBA(net, attack="px", epsilon=0.2, max_iter=ask["budget"] // 2, **quiet),
    }
    attack = makers[name]()
    encode = nn.functional.one_hot
    return lambda x, y: torch.from_numpy(attack.generate(x=x.numpy(), y=encode(y, 10).float().numpy()))


MAKERS = {"torchattacks": torchattacks, "foolbox": foolbox, "adversarial-robustness-toolbox": toolbox}


def answer(ask, surrogate, target, images):
    seen = surrogate if ask["transfer"] else target
    x, y = images[: ask["samples"]].clone(), torch.tensor(ask["labels"])
    torch.manual_seed(1)
    numpy.random.seed(1)
    attack = MAKERS[ask["tool"]](ask["attack"], seen, ask, ask["epsilon"])
    target.inputs = 0
    start, processor = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        found = attack(x, y).detach()
    spent = {"seconds": time.perf_counter() - start, "processor": time.process_time() - processor}
    queries = target.inputs / len(x)
    with torch.inference_mode():
        classes = target(found).argmax(1)
    distances = (found - x).flatten(1).norm(dim=1)
    return {**spent, "queries": queries, "success": (classes != y).tolist(), "l2": distances.tolist()}


def main():
    torch.set_num_threads(1)
    surrogate, target = (Counted(path).eval() for path in sys.argv[1:3])
    shape = [int(side) for side in sys.argv[4].split(",")]
    images = torch.from_numpy(numpy.fromfile(sys.argv[3], numpy.float32).reshape(-1, *shape))
    print(json.dumps({"torch": torch.__version__, "tools": installed()}), flush=True)
    for line in sys.stdin:
        ask = {**json.loads(line), "shape": shape}
        print(json.dumps(answer(ask, surrogate, target, images)), flush=True)


if __name__ == "__main__":
    main()
