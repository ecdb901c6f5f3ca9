"""A network of which only a scale and a shift of every channel are tuned, and its folding into an ordinary one."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from recon_lib.network.cascade import Cascade, build
from recon_lib.network.subnetworks import Convolution


class ChannelConvolution(Convolution):
    r"""A convolution with fixed weights, whose channels are scaled and shifted before the activation.

    With kernel ``W``, bias ``b``, scale ``s`` and shift ``t`` of an output channel its output is
    :math:`s\,(W * x + b) + t`, that of a convolution with the kernel ``s W`` and the bias ``s b + t``: the direction of
    a kernel stays as it was trained. At the start ``s`` is 1 and ``t`` is 0.

    Sources: Sun et al., CVPR 2019 (Meta-transfer learning, arXiv 1812.02391), who adapt a deep network to a few images
    by a scale and a shift of its weights, because all of them would overfit; Frankle, Schwab and Morcos, ICLR 2021
    (arXiv 2003.00152), who train nothing but such scales and shifts; Bi et al., Front. Neurosci., 2023
    (10.3389/fnins.2023.1202143), who transfer networks of MR images by a linear transformation. The folding is ours.
    """

    def build(self, input_shape) -> None:  # noqa: ANN001, D102 - as the class above it
        super().build(input_shape)
        self.kernel.trainable = self.bias.trainable = False
        self.scale = self.add_weight(shape=(self.filters,), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(self.filters,), initializer="zeros", name="shift")

    def call(self, inputs):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        output = self.convolution_op(inputs, ops.multiply(self.kernel, self.scale))
        bias = ops.add(ops.multiply(self.bias, self.scale), self.shift)
        return self.activation(ops.add(output, ops.reshape(bias, (1, 1, 1, self.filters))))

    def penalise(self, weight: float) -> None:
        """Add to the loss a weight times the sum of squares of the folded kernel.

        Args:
            weight: ``gamma`` of eq. 4.
        """
        squares = np.square(ops.convert_to_numpy(self.kernel)).sum(axis=(0, 1, 2))
        self.scale.regularizer = lambda scale: weight * ops.sum(ops.multiply(ops.square(scale), squares))


class ChannelCascade(Cascade):
    """A cascade whose layers are :class:`ChannelConvolution`."""

    convolution = ChannelConvolution


def open_channels(cascade: Cascade) -> ChannelCascade:
    """Return a network that gives the same images and has only scales and shifts to tune.

    Args:
        cascade: A network; it stays as it is.
    """
    opened = build(ChannelCascade(cascade.architecture, cascade.seed, cascade.l2, cascade.precision))
    for layer, source in _pairs(opened, build(cascade)):
        layer.kernel.assign(source.kernel)
        layer.bias.assign(source.bias)
    return opened


def fold_channels(opened: ChannelCascade, cascade: Cascade) -> None:
    """Put scales and shifts into the weights of an ordinary network, which then gives the same images.

    Args:
        opened: What :func:`open_channels` made, tuned or not.
        cascade: A network of the same shape; its weights are replaced.
    """
    for layer, target in _pairs(opened, cascade):
        kernel, bias, scale, shift = map(ops.convert_to_numpy, (layer.kernel, layer.bias, layer.scale, layer.shift))
        target.kernel.assign(kernel * scale)
        target.bias.assign(bias * scale + shift)


def _pairs(opened: Cascade, cascade: Cascade) -> list[tuple[keras.Layer, keras.Layer]]:
    networks = zip(opened.subnetworks, cascade.subnetworks, strict=True)
    return [pair for a, b in networks for pair in zip(a.layers, b.layers, strict=True)]
