"""Let Sphinx read the library's documentation without Keras: stand-ins for what its modules need while they load.

Sphinx's own mocks do not carry a decorator with arguments around a class. A use of Keras at a module's top level that
is not listed here fails the build, which is right: add it.
"""

from __future__ import annotations

import sys
from types import ModuleType


def setup(app: object) -> dict[str, bool]:
    """Put the stand-ins in Keras' place, in Sphinx's process only."""
    del app
    parts = {name: ModuleType(name) for name in ("keras", "keras.backend", "keras.layers", "keras.ops", "keras.saving")}
    keras = parts["keras"]
    for name, module in parts.items():
        if name != "keras":
            setattr(keras, name.removeprefix("keras."), module)
    keras.Model, keras.Sequential = type("Model", (), {}), type("Sequential", (), {})
    keras.backend.backend = lambda: "tensorflow"
    keras.layers.Layer, keras.layers.Conv2D = type("Layer", (), {}), type("Conv2D", (), {})
    keras.saving.register_keras_serializable = lambda *_: lambda cls: cls
    sys.modules.update(parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
