"""The sub-networks of a cascade: convolutions in series, whose kernels and precision a recipe decides."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from recon_lib.experiment.recipes import Architecture

_FEW = 2  # A sub-network puts out so many channels at most: a real part, or an imaginary one too.


class Convolution(layers.Conv2D):
    r"""A convolution of stride 1 to the same size, computed so that few filters cost little on every backend.

    Kernels of a processor's libraries compute a single filter as slowly as sixteen, and PyTorch's refuse its gradient
    for a small image. So few filters ``W`` of odd side ``2 m + 1`` are applied as a product of matrices, which gives
    every place of the kernel a channel, and these are shifted and added:

    .. math:: y_{ij} = \sum_{uv} t^{uv}_{i+u-m,\,j+v-m}, \qquad t^{uv}_{ij} = \sum_c W_{uvc}\, x_{ijc} .
    """

    def convolution_op(self, inputs, kernel):  # noqa: ANN001, ANN201, D102 - tensors of any backend
        if self.filters > _FEW:
            return super().convolution_op(inputs, kernel)
        rows, columns = self.kernel_size
        places = ops.reshape(ops.transpose(kernel, (2, 0, 1, 3)), (-1, rows * columns * self.filters))
        products = ops.matmul(inputs, places)
        for axis, side in ((1, rows), (2, columns)):
            products = _add_shifted(ops.split(products, side, axis=-1), axis)
        return products

    def penalise(self, weight: float) -> None:
        """Add to the loss a weight times the sum of squares of the kernel, instead of what was added before.

        Args:
            weight: ``gamma`` of eq. 4.
        """
        self.kernel.regularizer = keras.regularizers.L2(weight) if weight else None


class Residual(keras.Sequential):
    """Layers in series that put out a correction of what they see, of one channel or two: of its real part, or both.

    Source: K. Zhang et al., IEEE Trans. Image Process. 26:3142-55, 2017; the paper has none.
    """

    def call(self, image, *args, **kwargs):  # noqa: ANN001, ANN002, ANN003, ANN201, D102 - as the class above it
        correction = super().call(image, *args, **kwargs)
        return image[..., : correction.shape[-1]] + correction


def _add_shifted(images, axis):  # noqa: ANN001, ANN202 - tensors of any backend
    """Add images, the first one moved towards higher indices of an axis, the last one towards lower; zeros move in."""
    margin = len(images) // 2
    padding = [(margin, margin) if n == axis else (0, 0) for n in range(4)]
    # Not by indexing, whose gradient TensorFlow computes slowly.
    starts = [[index if n == axis else 0 for n in range(4)] for index in range(len(images))]
    shape = ops.shape(images[0])
    return sum(ops.slice(ops.pad(a, padding), start, shape) for a, start in zip(images, starts, strict=True))


def sub_network(
    architecture: Architecture,
    seed: int,
    l2: float = 0.0,
    precision: str = "float32",
    name: str | None = None,
    convolution: type[Convolution] = Convolution,
) -> keras.Sequential:
    """Build one CNN ``C_p``: convolutions with ReLU, then one to a single magnitude channel, linear by default (eq. 4).

    Args:
        architecture: Its layers, filters and kernel, how its weights are drawn, and whether it is residual.
        seed: Decides the kernels; biases start at zero.
        l2: ``gamma`` of eq. 4: this times the sum of squares of the kernels is added to the loss.
        precision: Keras' dtype policy of the hidden layers; weights and output are float32 always.
        name: The model's name.
        convolution: The class of its layers.

    Returns:
        A model from ``(batch, height, width, 2)`` to ``(batch, height, width, channels)``, any size.
    """
    rng = np.random.default_rng([seed, 9])
    model = (Residual if architecture.residual else keras.Sequential)([keras.Input((None, None, 2))], name=name)
    draw = {"glorot_uniform": keras.initializers.GlorotUniform, "he_normal": keras.initializers.HeNormal}
    for layer in range(architecture.hidden_layers + 1):
        is_output = layer == architecture.hidden_layers
        model.add(
            convolution(
                architecture.channels if is_output else architecture.filters,
                architecture.kernel,
                padding="same",
                activation=architecture.output if is_output else "relu",
                kernel_initializer=draw[architecture.initial_weights](seed=int(rng.integers(2**31))),
                kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
                dtype="float32" if is_output else precision,
                name=f"conv_{layer}",
            )
        )
    return model


def sub_networks(
    architecture: Architecture,
    seed: int,
    l2: float = 0.0,
    precision: str = "float32",
    convolution: type[Convolution] = Convolution,
) -> list[keras.Sequential]:
    """Build all sub-networks of a cascade, each with kernels of its own.

    Args:
        architecture: How many, and the shape of each.
        seed: Of the cascade; another one draws other kernels in every sub-network.
        l2: As for :func:`sub_network`.
        precision: Likewise.
        convolution: Likewise.

    Returns:
        Models named ``subnetwork_0``, ``subnetwork_1``, ..., from ``(batch, height, width, 2)`` to
        ``(batch, height, width, channels)``.
    """
    return [
        sub_network(architecture, seed * 1000 + index, l2, precision, f"subnetwork_{index}", convolution)
        for index in range(architecture.subnetworks)
    ]


def penalise(subnetworks: list[keras.Sequential], weight: float) -> None:
    """Add to the loss a weight times the sum of squares of all kernels, instead of what was added before.

    Args:
        subnetworks: As :func:`sub_networks` gives them, built.
        weight: ``gamma`` of eq. 4.
    """
    for subnetwork in subnetworks:
        for layer in subnetwork.layers:
            layer.penalise(weight)
