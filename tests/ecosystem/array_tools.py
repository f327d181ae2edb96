"""array-api-extra, array-api-compat, einops and xarray."""

from __future__ import annotations

from typing import Any

import array_api_compat
import array_api_extra as xpx
import einops
import einops.array_api
import xarray

from .calls import calls


def _xp(x: Any) -> Any:
    return array_api_compat.array_namespace(x)


def _array(x: Any, *names: str) -> Any:
    return xarray.DataArray(x, dims=names or ("a", "b", "c")[: x.ndim])


def _index(x: Any, values: list[int]) -> Any:
    return _xp(x).asarray(values)


def _labelled(x: Any) -> Any:
    return xarray.DataArray(
        x, dims=("a", "b"), coords={"a": list(range(x.shape[0])), "b": list(range(x.shape[1]))}
    )


CALLS = [
    *calls(
        "array_api_extra",
        "matrix",
        atleast_nd=lambda x: xpx.atleast_nd(x, ndim=4),
        cov=lambda x: xpx.cov(x),
        diag=lambda x: xpx.create_diagonal(x[0]),
        diagonal_offset=lambda x: xpx.create_diagonal(x[:, 0], offset=1),
        expand_dims=lambda x: xpx.expand_dims(x, axis=(0, 2)),
        pad=lambda x: xpx.pad(x, 2),
        pad_value=lambda x: xpx.pad(x, ((1, 0), (0, 2)), constant_values=3.0),
        sinc=lambda x: xpx.sinc(x),
        nan_to_num=lambda x: xpx.nan_to_num(x),
        kron=lambda x: xpx.kron(x, x),
        at_set=lambda x: xpx.at(x)[0, :].set(x[1, :]),
        at_add=lambda x: xpx.at(x)[1, 1].add(3.0),
        at_subtract=lambda x: xpx.at(x)[:, 1].subtract(x[:, 0]),
        at_multiply=lambda x: xpx.at(x)[2, :].multiply(2.0),
        at_divide=lambda x: xpx.at(x)[2, :].divide(2.0),
        at_power=lambda x: xpx.at(x)[2, :].power(2.0),
        at_min=lambda x: xpx.at(x)[2, :].min(0.1),
        at_max=lambda x: xpx.at(x)[2, :].max(0.1),
        at_mask=lambda x: xpx.at(x)[x > 0].set(0.5),
        apply_where=lambda x: xpx.apply_where(x > 0, x, lambda v: v**2, lambda v: -3 * v),
        apply_where_value=lambda x: xpx.apply_where(x > 0, x, lambda v: v**0.5, fill_value=1.0),
        isclose=lambda x: _xp(x).where(xpx.isclose(x, x), x, x * 2),
        one_hot=lambda x: x @ _xp(x).astype(xpx.one_hot(_index(x, [0, 2, 1]), 3), x.dtype),
        nunique=lambda x: x * float(xpx.nunique(x)),
        setdiff=lambda x: x * float(xpx.setdiff1d(_index(x, [1, 2, 3]), _index(x, [2])).shape[0]),
        partition=lambda x: _xp(x).sort(xpx.partition(x, 1, axis=0), axis=0),
        angle=lambda x: xpx.angle(x + 1j * x * x),
        argpartition=lambda x: _xp(x).take(x[:, 0], xpx.argpartition(x[:, 0], 2)[2:3]),
        broadcast_shapes=lambda x: _xp(x).broadcast_to(x, xpx.broadcast_shapes((2, 6, 3), x.shape)),
        default_dtype=lambda x: _xp(x).astype(x, xpx.default_dtype(_xp(x))),
        cov_of_two=lambda x: xpx.cov(_xp(x).stack([x[:, 0], x[:, 1]])),
        lazy_apply=lambda x: xpx.lazy_apply(lambda v: v * 2, x),
        isin=lambda x: x * _xp(x).astype(xpx.isin(_index(x, [0, 1, 2]), _index(x, [1])), x.dtype),
        union1d=lambda x: x * float(xpx.union1d(_index(x, [1, 2]), _index(x, [2, 3])).shape[0]),
        searchsorted=lambda x: (
            x * 1.0 + 0.0 * float(xpx.searchsorted(_xp(x).sort(x[:, 0]), x[:, 1]).shape[0])
        ),
    ),
    *calls(
        "array_api_compat",
        "matrix",
        array_namespace=lambda x: array_api_compat.array_namespace(x).exp(x),
        device=lambda x: _xp(x).zeros(3, device=array_api_compat.device(x)) + x,
        to_device=lambda x: array_api_compat.to_device(x, array_api_compat.device(x)) * 2,
        size=lambda x: x * array_api_compat.size(x),
        is_array_api_obj=lambda x: x * float(array_api_compat.is_array_api_obj(x)),
        is_writeable_array=lambda x: x * float(array_api_compat.is_writeable_array(x)),
        is_lazy_array=lambda x: x * (1.0 + float(array_api_compat.is_lazy_array(x))),
    ),
    *calls(
        "einops",
        "cube",
        rearrange=lambda x: einops.rearrange(x, "a b c -> c (b a)"),
        rearrange_split=lambda x: einops.rearrange(x, "a b (c d) -> (a c) b d", d=2),
        rearrange_flat=lambda x: einops.rearrange(x, "a b c -> (a b c)"),
        rearrange_new=lambda x: einops.rearrange(x, "a b c -> a 1 b c"),
        rearrange_list=lambda x: einops.rearrange([x, x * 2], "n a b c -> a (n b) c"),
        rearrange_ellipsis=lambda x: einops.rearrange(x, "a ... -> ... a"),
        reduce_mean=lambda x: einops.reduce(x, "a b c -> b", "mean"),
        reduce_sum=lambda x: einops.reduce(x, "a b c -> a c", "sum"),
        reduce_max=lambda x: einops.reduce(x, "a b c -> a", "max"),
        reduce_min=lambda x: einops.reduce(x, "a b (c d) -> a d", "min", d=2),
        reduce_prod=lambda x: einops.reduce(x, "a b c -> b c", "prod"),
        repeat=lambda x: einops.repeat(x, "a b c -> a b c r", r=3),
        repeat_wide=lambda x: einops.repeat(x, "a b c -> a (b r) c", r=2),
        einsum=lambda x: einops.einsum(x, x, "a b c, a d c -> b d"),
        pack=lambda x: einops.pack([x, x[:, :1]], "a * c")[0],
        unpack=lambda x: einops.unpack(x, [(1,), (2,)], "a * c"),
        asnumpy=lambda x: x * einops.parse_shape(x, "a b c")["c"],
        array_api_rearrange=lambda x: einops.array_api.rearrange(x, "a b c -> c (b a)"),
        array_api_reduce=lambda x: einops.array_api.reduce(x, "a b c -> b", "mean"),
        array_api_repeat=lambda x: einops.array_api.repeat(x, "a b c -> a b c r", r=3),
        array_api_pack=lambda x: einops.array_api.pack([x, x[:, :1]], "a * c")[0],
        array_api_unpack=lambda x: einops.array_api.unpack(x, [(1,), (2,)], "a * c"),
    ),
    *calls(
        "xarray",
        "matrix",
        sum=lambda x: _array(x).sum("a").data,
        mean=lambda x: _array(x).mean("b").data,
        std=lambda x: _array(x).std("a").data,
        var=lambda x: _array(x).var("a").data,
        max=lambda x: _array(x).max("a").data,
        min=lambda x: _array(x).min("a").data,
        prod=lambda x: _array(x).prod("a").data,
        sum_kept=lambda x: _array(x).sum("a", skipna=False).data,
        mean_kept=lambda x: _array(x).mean("a", skipna=False).data,
        arithmetic=lambda x: (_array(x) * 2 + _array(x) ** 2).data,
        broadcasting=lambda x: (_array(x[:, 0], "a") * _array(x[0], "b")).data,
        isel=lambda x: _array(x).isel(a=slice(1, 4)).data,
        isel_one=lambda x: _array(x).isel(b=1).data,
        sel=lambda x: _labelled(x).sel(a=slice(1, 3)).data,
        transpose=lambda x: _array(x).transpose("b", "a").data,
        expand_dims=lambda x: _array(x).expand_dims("c").data,
        squeeze=lambda x: _array(x[:, :1]).squeeze("b").data,
        stack=lambda x: _array(x).stack(ab=("a", "b")).data,
        concat=lambda x: xarray.concat([_array(x), _array(x * 2)], "a").data,
        where=lambda x: _array(x).where(_array(x) > 0, 0.5).data,
        clip=lambda x: _array(x).clip(-0.4, 0.4).data,
        dot=lambda x: xarray.dot(_array(x), _array(x), dim="a").data,
        dot_method=lambda x: _array(x).dot(_array(x), dim="a").data,
        cumsum=lambda x: _array(x).cumsum("a").data,
        cumprod=lambda x: _array(x).cumprod("a").data,
        diff=lambda x: _array(x).diff("a").data,
        shift=lambda x: _array(x).isel(a=slice(1, None)).shift(a=0).data,
        roll=lambda x: _array(x).roll(a=1).data,
        pad=lambda x: _array(x).pad(a=1, constant_values=0.0).data,
        astype=lambda x: _array(x).astype(x.dtype).data,
        exp=lambda x: xarray.ufuncs.exp(_array(x)).data,
        sin=lambda x: xarray.ufuncs.sin(_array(x)).data,
        abs=lambda x: abs(_array(x)).data,
        neg=lambda x: (-_array(x)).data,
        round=lambda x: _array(x).round().data,
        fillna=lambda x: _array(x).fillna(0.0).data,
        apply_ufunc=lambda x: xarray.apply_ufunc(lambda v: v * 3, _array(x)).data,
        weighted=lambda x: _array(x).weighted(_array(x[:, 0] * 0 + 2.0, "a")).mean("a").data,
        coarsen=lambda x: _array(x).coarsen(a=2).mean().data,
        rolling=lambda x: _array(x).rolling(a=2).mean().data,
        quantile=lambda x: _array(x).quantile(0.3, "a").data,
        median=lambda x: _array(x).median("a").data,
        interp=lambda x: _labelled(x).interp(a=1.5).data,
        differentiate=lambda x: _labelled(x).differentiate("a").data,
        integrate=lambda x: _labelled(x).integrate("a").data,
        polyfit=lambda x: _labelled(x).polyfit("a", 1).polyfit_coefficients.data,
        dataset=lambda x: xarray.Dataset({"v": _array(x)}).mean("a").v.data,
        cov=lambda x: xarray.cov(_array(x[:, 0], "a"), _array(x[:, 1], "a")).data,
        corr=lambda x: xarray.corr(_array(x[:, 0], "a"), _array(x[:, 1], "a")).data,
    ),
]
