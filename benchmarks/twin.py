"""The same network, data consistency and loss written plainly in PyTorch: the peer of training and inference."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from recon_lib.imaging.acquisition import Acquired, to_complex
from recon_lib.network.cascade import Cascade, named_weights

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True  # as ours has it on a card
torch._dynamo.config.recompile_limit = 64  # each size and batch is compiled for itself; beyond 8 it would give up


def sub_network(filters: int, hidden_layers: int) -> nn.Sequential:
    """Build one CNN, 3x3 kernels, from two channels to one."""
    layers: list[nn.Module] = []
    for layer in range(hidden_layers):
        layers += [nn.Conv2d(filters if layer else 2, filters, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(filters if hidden_layers else 2, 1, 3, padding=1))


class Twin(nn.Module):
    """The cascade, with the weights of ours.

    Args:
        cascade: Ours, built, its data consistency with infinite lambda.
    """

    def __init__(self, cascade: Cascade) -> None:
        super().__init__()
        shape = cascade.architecture
        self.subnetworks = nn.ModuleList(
            sub_network(shape.filters, shape.hidden_layers) for _ in range(shape.subnetworks)
        )
        weights = named_weights(cascade)
        with torch.no_grad():
            for p, subnetwork in enumerate(self.subnetworks):
                convolutions = [layer for layer in subnetwork if isinstance(layer, nn.Conv2d)]
                for layer, convolution in enumerate(convolutions):
                    name = f"subnetwork_{p}/conv_{layer}"
                    convolution.weight.copy_(torch.from_numpy(weights[f"{name}/kernel"].transpose(3, 2, 0, 1).copy()))
                    convolution.bias.copy_(torch.from_numpy(weights[f"{name}/bias"]))

    def forward(
        self, image: torch.Tensor, kspace: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Reconstruct: the image after data consistency, ``(n, 2, h, w)``, and before, ``(n, 1, h, w)``."""
        output = image
        for subnetwork in self.subnetworks:
            output = subnetwork(image).float()  # of bfloat16, if it computes in that
            spectrum = torch.fft.fft2(output[:, 0], norm="ortho")
            after = torch.fft.ifft2(torch.where(mask, kspace, spectrum), norm="ortho")
            image = torch.stack((after.real, after.imag), dim=1)
        return image, output


def precision(name: str) -> torch.autocast:
    """Return the context in which PyTorch computes convolutions in ``float32`` or ``bfloat16``."""
    return torch.autocast(DEVICE, torch.bfloat16, enabled=name == "bfloat16")


def tensors(data: Acquired, channels_last: bool) -> tuple[torch.Tensor, ...]:
    """Turn our batch into what :class:`Twin` takes, k-space and mask in the order of ``torch.fft``; and the target."""
    image = torch.from_numpy(np.ascontiguousarray(data.zero_filled.transpose(0, 3, 1, 2)))
    if channels_last:
        image = image.contiguous(memory_format=torch.channels_last)
    mask = torch.from_numpy(np.fft.ifftshift(data.mask.astype(bool), axes=(-2, -1)).copy())
    kspace = torch.fft.fft2(torch.from_numpy(to_complex(data.zero_filled)), norm="ortho") * mask
    target = torch.from_numpy(np.ascontiguousarray(data.target.transpose(0, 3, 1, 2)))
    return tuple(tensor.to(DEVICE) for tensor in (image, kspace, mask, target))


def loss(model: nn.Module, output: torch.Tensor, target: torch.Tensor, l2: float) -> torch.Tensor:
    """Mean-squared plus mean-absolute error, plus ``l2`` times the sum of squares of the kernels."""
    error = output - target
    kernels = sum(weight.square().sum() for weight in model.parameters() if weight.ndim == 4)
    return error.square().mean() + error.abs().mean() + l2 * kernels


class Trainer:
    """Adam on the twin or on one of its sub-networks, in one of PyTorch's settings.

    Args:
        model: The network; its weights change.
        l2: Weight of the sum of squares of the kernels.
        channels_last: Memory layout of weights and images.
        compiled: Through ``torch.compile``.
        precision: ``float32`` or ``bfloat16``, of the convolutions.
    """

    def __init__(self, model: nn.Module, l2: float, channels_last: bool, compiled: bool, precision: str) -> None:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model.to(DEVICE, memory_format=layout)
        self.l2, self.precision = l2, precision
        self.run = torch.compile(self.model, dynamic=False) if compiled else self.model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, eps=1e-8)

    def step(self, *tensors: torch.Tensor) -> float:
        """Update once from inputs and, last, the target; return the loss."""
        *inputs, target = tensors
        with precision(self.precision):
            output = self.run(*inputs)
        value = loss(self.model, output[1] if isinstance(output, tuple) else output, target, self.l2)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        self.optimizer.step()
        return value.item()
