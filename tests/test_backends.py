"""The registry of libraries: found by name, by array, by device, for a block of code."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import backends


class ToyArray:
    """The array of a toy library: NumPy's in a box that knows nothing of NumPy's."""

    __array_ufunc__ = None

    def __init__(self, values, dtype=None):
        self.values = np.asarray(values, dtype=dtype)
        self.shape, self.dtype, self.ndim = self.values.shape, self.values.dtype, self.values.ndim

    def __dlpack__(self, **settings):
        return self.values.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()

    def __getitem__(self, key):
        return ToyArray(self.values[key])

    def __repr__(self):
        return f"ToyArray({self.values})"


class FollowingArray(ToyArray):
    """The same with a namespace, so that nobody has to register it."""

    def __array_namespace__(self, **_):
        return _namespace(FollowingArray)


def _operator(name):
    def method(self, *others):
        return type(self)(getattr(self.values, name)(*[getattr(x, "values", x) for x in others]))

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg", "eq"):
    setattr(ToyArray, f"__{_name}__", _operator(f"__{_name}__"))


def _namespace(kind):
    """Return a library's namespace: NumPy's functions on the toy's arrays."""

    def boxed(function):
        def of_toys(*operands, device=None, **settings):
            return kind(function(*[getattr(x, "values", x) for x in operands], **settings))

        return of_toys

    names = "sin cos exp sum ones_like asarray zeros ones reshape broadcast_to astype multiply add".split()
    functions = {name: boxed(getattr(np, name)) for name in names}
    return SimpleNamespace(**functions, float64=np.float64, float32=np.float32, result_type=np.result_type)


@pytest.fixture
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry, as it was before when the test is over."""
    for table in ("_entries", "_loaded"):
        monkeypatch.setattr(backends.registry, table, dict(getattr(backends.registry, table)))


@pytest.fixture
def toy(_registry: None) -> str:
    """The toy library, registered for one test."""
    # Three lines for a library that follows the standard: its name, namespace and class of arrays.
    backends.register("toy", backends.Backend("toy", _namespace(ToyArray), (ToyArray,)), module=__name__)
    return "toy"


def test_registered_library_is_differentiated(toy: str) -> None:
    found = neo.grad(lambda x: nep.sum(x * nep.sin(x)))(ToyArray([1.0, 2.0]))

    assert type(found) is ToyArray
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(found.values, np.sin(x) + x * np.cos(x), rtol=4e-16)


def test_registered_library_is_differentiated_twice(toy: str) -> None:
    found = neo.grad(lambda x: nep.sum(neo.grad(lambda y: nep.sum(y**3))(x)))(ToyArray([1.0, 2.0]))

    np.testing.assert_array_equal(found.values, [6.0, 12.0])


def test_registered_library_is_named_and_creates_arrays(toy: str) -> None:
    assert toy in backends.available()
    assert neo.zeros(2, backend=toy).backend == toy
    assert type(neo.asarray([1.0, 2.0], backend=toy).data) is ToyArray


@pytest.mark.usefixtures("_registry")
def test_library_with_a_namespace_needs_no_registration() -> None:
    found = neo.grad(lambda x: nep.sum(x * nep.sin(x)))(FollowingArray([1.0, 2.0]))

    assert type(found) is FollowingArray


def test_name_taken_by_another_module_is_refused(toy: str) -> None:
    with pytest.raises(ValueError, match="already registered"):
        backends.register(toy, lambda: None, module="another")


def test_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(ValueError, match=r"unknown backend 'nowhere'.*Installed: numpy"):
        neo.zeros(2, backend="nowhere")


@pytest.mark.usefixtures("_registry")
def test_absent_library_says_what_to_install() -> None:
    backends.register("absent", lambda: None, module="no_such_module", install="pip install it")

    with pytest.raises(ImportError, match=r"no_such_module.*Installed: numpy.*pip install it"):
        neo.zeros(2, backend="absent")
    assert "absent" not in backends.available()


def test_absent_device_lists_the_devices_found() -> None:
    with pytest.raises(ValueError, match=r"no device 'nowhere:0' here.*numpy: cpu"):
        neo.zeros(2, device="nowhere:0")


def test_absent_gpu_says_what_to_install() -> None:
    if any(backends.registry.has_device(backends.get(k), "cuda") for k in backends.available()):
        pytest.skip("there is a GPU")

    with pytest.raises(ValueError, match=r"no device 'cuda'.*neo-autodiff\[cupy\]"):
        neo.zeros(2, device="cuda")


def test_device_that_the_named_library_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no device 'cuda'"):
        neo.zeros(2, device="cuda", backend="numpy")


@pytest.mark.parametrize(
    "create",
    [
        lambda **where: neo.zeros((2, 3), **where),
        lambda **where: neo.ones(3, **where),
        lambda **where: neo.full((2,), 1.5, **where),
        lambda **where: neo.arange(3, **where),
        lambda **where: neo.eye(2, **where),
        lambda **where: neo.linspace(0.0, 1.0, 5, **where),
        lambda **where: neo.asarray([[1.0, 2.0]], **where),
        lambda **where: neo.array(2.0, **where),
        lambda **where: neo.randn((2,), **where),
        lambda **where: neo.rand((2,), **where),
        lambda **where: neo.randint(0, 5, (2,), **where),
    ],
)
def test_creation_functions_take_a_backend_and_a_device(xp: Library, create) -> None:
    assert xp.owns(create(backend=xp.backend).data) or xp.device != "cpu"
    assert xp.owns(create(backend=xp.backend, device=xp.device).data)
    with backends.use(xp.backend, xp.device):
        assert xp.owns(create().data)


def test_creation_functions_take_a_dtype_of_any_library_or_its_name(xp: Library) -> None:
    for dtype in ("float32", np.float32, nep.float32, xp.library.dtype("float32")):
        assert neo.ones(2, dtype=dtype, backend=xp.backend).dtype == xp.library.dtype("float32")


def test_default_is_numpy() -> None:
    assert neo.zeros(2).backend == "numpy"
    assert neo.asarray([1.0]).backend == "numpy"


def test_unknown_dtype_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"numpy has no dtype 'bfloat16'"):
        neo.zeros(2, dtype="bfloat16")


def test_use_ends_with_its_block() -> None:
    with backends.use("array_api_strict"):
        assert neo.zeros(2).backend == "array_api_strict"
        with backends.use("numpy"):
            assert neo.zeros(2).backend == "numpy"
        assert neo.zeros(2).backend == "array_api_strict"

    assert neo.zeros(2).backend == "numpy"


def test_use_ends_when_its_block_raises() -> None:
    with pytest.raises(KeyError), backends.use("array_api_strict"):
        raise KeyError

    assert neo.zeros(2).backend == "numpy"


def test_use_is_of_one_thread() -> None:
    seen = []

    with backends.use("array_api_strict"):
        thread = threading.Thread(target=lambda: seen.append(neo.zeros(2).backend))
        thread.start()
        thread.join()

    assert seen == ["numpy"]


def test_arrays_choose_their_library_whatever_is_in_use(xp: Library) -> None:
    with backends.use("numpy"):
        assert xp.owns(nep.sin(xp.asarray([1.0])))


def test_what_is_no_array_is_a_type_error_that_names_asarray() -> None:
    with pytest.raises(TypeError, match=r"neo\.asarray"):
        nep.sum([1.0, 2.0])


def test_loading_one_library_imports_no_other() -> None:
    code = (
        "import sys, neo; neo.zeros(2) + 1; print([k for k in ('torch', 'cupy', 'jax') if k in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_an_array_of_neo_is_no_library_of_its_own(xp: Library) -> None:
    assert neo.backends.of(xp.array([1.0])) is xp.library
    with pytest.raises(TypeError, match="stop_gradient"):
        neo.grad(lambda x: neo.backends.of(x))(xp.asarray(1.0))

    assert "neo" not in neo.backends.names()
