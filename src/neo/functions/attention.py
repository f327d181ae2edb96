"""Attention, embeddings and one-hot vectors."""

from __future__ import annotations

import math
from typing import Any

from ..core.array import bottom_of
from ..core.dtypes import BOOL, INTEGER, kind
from ..core.policy import library_of_all
from ..errors import describe
from ..ops.broadcasting import astype, reshape
from ..ops.constant import equal
from ..ops.formulas import add
from ..ops.indexing import take
from ..ops.manipulation import arange_like, expand_dims, matrix_transpose
from ..ops.products import matmul
from ..ops.promotion import one_dtype
from ..ops.registry import composite
from ..ops.selection import where
from .softmax import softmax

ANY = (-1, 1)


@composite(
    domain=ANY,
    samples=[
        ([(2, 3, 4), (2, 5, 4), (2, 5, 2)], {}),
        ([(3, 4), (3, 4), (3, 2)], {"is_causal": True, "scale": 0.5}),
    ],
)
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """Return softmax(query @ key.mT * scale + mask) @ value, as PyTorch does.

    query: (..., n, d). key: (..., m, d). value: (..., m, e). attn_mask: broadcasts to (..., n, m):
    bool, true where a query may look, or numbers that are added. is_causal: query i sees keys up to
    i. scale: 1 / sqrt(d) by default. Returns (..., n, e). Gradient: to all four. A query that may
    look nowhere sees all keys evenly. Source: Vaswani et al., "Attention is all you need" (2017).
    """
    query, key, value = one_dtype(query, key, value)
    if len(query.shape) < 2 or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"scaled_dot_product_attention: {describe(query)}, {describe(key)} and {describe(value)} do not "
            f"fit; expected (..., n, d), (..., m, d) and (..., m, e)"
        )
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(query, matrix_transpose(key)) * scale
    if is_causal:
        rows, columns = [arange_like(query, n) for n in scores.shape[-2:]]
        scores = where(reshape(rows, (-1, 1)) >= columns, scores, -math.inf)
    if attn_mask is not None:
        is_bool = kind(attn_mask.dtype) == BOOL
        scores = where(attn_mask, scores, -math.inf) if is_bool else add(scores, attn_mask)
    return matmul(softmax(scores, axis=-1), value)


@composite(domain=ANY, samples=[([(4, 3)], {"indices": [[0, 3], [3, 1]]})])
def embedding(indices: Any, weight: Any, /) -> Any:
    """Return the rows of weight at indices.

    indices: (...) integer. weight: (n, d). Returns (..., d). Gradient: to weight; a row taken several
    times gets the sum. Raises IndexError for an index out of range and TypeError for no integers.
    """
    if not hasattr(indices, "dtype"):
        raw = bottom_of(weight)
        library = library_of_all((raw,))
        indices = library.asarray(indices, None, library.device(raw))
    if kind(indices.dtype) != INTEGER:
        raise TypeError(f"embedding: indices are {describe(indices)}; expected integers, the numbers of rows")
    shape = tuple(indices.shape)
    return reshape(take(weight, reshape(indices, (-1,)), axis=0), (*shape, *tuple(weight.shape)[1:]))


def one_hot(labels: Any, num_classes: int, *, dtype: Any = None) -> Any:
    """Return (..., num_classes) with 1 at each label and 0 elsewhere.

    The result has no gradient.
    labels: (...) integer; one out of range gives zeros. dtype: the library's default real one.
    """
    library = library_of_all((labels,))
    hot = equal(expand_dims(labels, axis=-1), arange_like(labels, num_classes))
    return astype(hot, library.dtype(float if dtype is None else dtype))
