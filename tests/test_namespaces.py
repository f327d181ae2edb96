"""Namespaces: what neo.numpy shows, and what it is when an array is asked for its namespace."""

from __future__ import annotations

from typing import Any

import array_api_compat as compat
import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def namespace(xp: Library) -> Any:
    """Return the namespace of an array of a library."""
    return xp.array([1.0]).__array_namespace__()


def test_version_is_that_of_the_standard(xp: Library) -> None:
    assert nep.__array_api_version__ == namespace(xp).__array_api_version__ == "2025.12"


@pytest.mark.parametrize("version", ["2021.12", "2022.12", "2023.12", "2024.12", "2025.12"])
def test_all_versions_of_the_standard_give_the_namespace(xp: Library, version: str) -> None:
    x = xp.array([1.0])

    assert x.__array_namespace__(api_version=version) is x.__array_namespace__()


def test_unknown_version_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"1999.12.*2025.12"):
        neo.zeros(1).__array_namespace__(api_version="1999.12")


def test_namespace_is_hashable_named_and_made_once(xp: Library) -> None:
    assert {namespace(xp)} == {namespace(xp)}
    assert xp.backend in namespace(xp).__name__


def test_namespace_shows_only_names_of_neo(xp: Library) -> None:
    assert {"sum", "fft", "float32", "newaxis"} <= set(dir(namespace(xp))) <= set(nep.__all__)
    assert not {"np", "math", "annotations"} & set(dir(nep.fft) + nep.__all__)
    with pytest.raises(AttributeError, match="no attribute 'annotations'"):
        _ = namespace(xp).annotations


def test_dtypes_are_those_of_the_library(xp: Library) -> None:
    assert namespace(xp).float32 == xp.library.dtype("float32")


def test_creation_functions_make_arrays_where_the_array_is(xp: Library) -> None:
    ns = namespace(xp)

    made = [
        ns.zeros(2),
        ns.ones(2),
        ns.full(2, 3.0),
        ns.eye(2),
        ns.arange(2),
        ns.linspace(0, 1, 2),
        ns.empty(2),
    ]
    made += [ns.asarray(0.5), ns.asarray([1, 2]), ns.fft.fftfreq(2), ns.fft.rfftfreq(2)]

    assert all([xp.owns(x.data) for x in made])


def test_asarray_moves_an_array_of_another_library_here(xp: Library) -> None:
    assert xp.owns(namespace(xp).asarray(neo.ones(2)).data)
    assert xp.owns(namespace(xp).asarray(np.ones(2)).data)


def test_asarray_moves_a_traced_array_with_its_gradient(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(namespace(xp).asarray(x) * 2).to("numpy"))(np.ones(2))

    np.testing.assert_array_equal(gradient, [2, 2])


def test_array_api_compat_accepts_arrays(xp: Library) -> None:
    x = xp.array([1.0, 2.0])

    assert compat.is_array_api_obj(x)
    assert compat.array_namespace(x, 1.0) is x.__array_namespace__()
    assert compat.device(x) == x.device
    assert compat.size(x) == 2
    assert compat.to_device(x, x.device) is x


def test_array_api_compat_accepts_traced_arrays(xp: Library) -> None:
    def f(x: Any) -> Any:
        ns = compat.array_namespace(x)
        return ns.sum(compat.to_device(x, compat.device(x)) ** 2) * compat.size(x)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.0, 2.0]))), [4, 8])


def test_inspection_tells_of_the_library(xp: Library) -> None:
    info = namespace(xp).__array_namespace_info__()

    assert info.default_device() == xp.array([1.0]).device
    assert info.default_device() in info.devices()
    assert info.dtypes(kind="bool") == {"bool": xp.library.dtype("bool")}
    assert set(info.default_dtypes()) == {"real floating", "complex floating", "integral", "indexing"}
    assert info.capabilities()["boolean indexing"] is True


def test_top_level_inspection_tells_of_the_backend_in_use() -> None:
    assert nep.__array_namespace_info__().default_device() == "cpu"
    assert nep.__array_namespace_info__().default_dtypes()["real floating"] == nep.float64


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_limits_of_floats_are_python_numbers_of_the_real_dtype(xp: Library, dtype: str) -> None:
    found = nep.finfo(xp.library.dtype(dtype))

    assert (found.bits, found.eps, found.max) == (32, 2.0**-23, float(np.finfo("float32").max))
    assert {type(x) for x in (found.eps, found.max, found.min, found.smallest_normal)} == {float}
    assert found.dtype == xp.library.dtype("float32")


def test_limits_of_integers_are_python_numbers(xp: Library) -> None:
    found = nep.iinfo(xp.array([1], "int16"))

    assert (found.bits, found.min, found.max) == (16, -(2**15), 2**15 - 1)
    assert found.dtype == xp.library.dtype("int16")


def test_limits_of_the_wrong_kind_are_an_error() -> None:
    with pytest.raises(TypeError, match="int32; see iinfo"):
        nep.finfo(nep.int32)
    with pytest.raises(TypeError, match="float32; see finfo"):
        nep.iinfo(nep.float32)


@pytest.mark.parametrize(
    ("dtype", "kind", "expected"),
    [
        ("float32", "real floating", True),
        ("float32", ("integral", "bool"), False),
        ("uint8", "integral", True),
        ("uint8", "signed integer", False),
        ("complex64", "numeric", True),
        ("bool", "numeric", False),
    ],
)
def test_isdtype_tells_kinds(xp: Library, dtype: str, kind: Any, expected: bool) -> None:
    assert nep.isdtype(xp.library.dtype(dtype), kind) is expected


def test_isdtype_compares_dtypes_of_any_library(xp: Library) -> None:
    assert nep.isdtype(xp.library.dtype("float32"), (nep.int8, nep.float32))


def test_isdtype_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="no kind 'real'"):
        nep.isdtype(nep.float32, "real")


def test_dtypes_promote_whichever_library_they_come_from(xp: Library) -> None:
    x = xp.array([1.0], "float32")

    assert nep.result_type(x, nep.complex64) == xp.library.dtype("complex64")
    assert nep.can_cast(x, nep.float64)
    assert not nep.can_cast(x, nep.int32)


def test_astype_copies_unless_told_not_to(xp: Library) -> None:
    x = xp.array([1.0, 2.0])

    copy = nep.astype(x, x.dtype)
    copy[0] = 5.0

    np.testing.assert_array_equal(x.numpy(), [1, 2])
    assert nep.astype(x, x.dtype, copy=False) is x


def test_astype_from_complex_to_real_is_an_error(xp: Library) -> None:
    with pytest.raises(TypeError, match="imaginary part"):
        nep.astype(xp.array([1j]), "float64")


def test_deviations_take_a_correction_that_is_no_integer(xp: Library) -> None:
    x = np.asarray([1.0, 2.0, 4.0, 7.0])

    for name in ("std", "var"):
        found = getattr(nep, name)(xp.asarray(x), correction=1.5)
        np.testing.assert_allclose(xp.numpy(found), getattr(np, name)(x, ddof=1.5), rtol=1e-14)


def test_limits_of_a_dtype_class_are_those_of_the_dtype() -> None:
    assert nep.finfo(np.float32) == nep.finfo(nep.float32)
    assert nep.iinfo(np.int8) == nep.iinfo(nep.int8)
