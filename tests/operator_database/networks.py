"""Functions of neural networks: activations, losses, normalisation, attention."""

from __future__ import annotations

import math
from typing import Any

import neo.functions as nf
import neo.numpy as nep
from neo import stop_gradient
from neo.numpy import linalg, special

from .arguments import LackingError, as_dtype, lifted, reduced


@lifted
def _softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    return _softmax_of(as_dtype(x, dtype), dim)


def _softmax_of(x: Any, dim: int) -> Any:
    if nep.isdtype(x.dtype, "complex floating"):
        return nep.exp(x) / nep.sum(nep.exp(x), axis=dim, keepdims=True)
    return nf.softmax(x, axis=dim)


@lifted
def _log_softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    x = as_dtype(x, dtype)
    if nep.isdtype(x.dtype, "complex floating"):
        return x - nep.log(nep.sum(nep.exp(x), axis=dim, keepdims=True))
    return nf.log_softmax(x, axis=dim)


def _safe_softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    nothing = nep.all(x == -math.inf, axis=dim, keepdims=True)
    return nep.where(nothing, 0.0, _softmax(nep.where(nothing, 0.0, x), dim))


def _celu(x: Any, alpha: float = 1.0) -> Any:
    return nep.maximum(x, 0.0) + nep.minimum(alpha * nep.expm1(nep.minimum(x, 0.0) / alpha), 0.0)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return nf.elu(x, alpha=alpha)


def _selu(x: Any) -> Any:
    return 1.0507009873554805 * nf.elu(x, alpha=1.6732632423543772)


@lifted
def _glu(x: Any, dim: int = -1) -> Any:
    a, b = nep.unstack(nep.stack(_halves(x, dim)))
    return a * nf.sigmoid(b)


def _halves(x: Any, dim: int) -> list[Any]:
    before, n = (slice(None),) * (dim % x.ndim), x.shape[dim] // 2
    return [x[(*before, slice(0, n))], x[(*before, slice(n, None))]]


def _prelu(x: Any, weight: Any) -> Any:
    if weight.ndim and weight.shape[0] > 1 and x.ndim > 1:
        weight = nep.reshape(weight, (-1,) + (1,) * (x.ndim - 2))
    elif weight.ndim and not x.ndim:
        weight = nep.reshape(weight, ())
    return nep.where(x > 0, x, weight * x)


def _softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return nep.where(x * beta > threshold, x, nf.softplus(beta * x) / beta)


def _silu(x: Any) -> Any:
    return x / (1 + nep.exp(-x)) if nep.isdtype(x.dtype, "complex floating") else nf.silu(x)


def _gelu(x: Any, approximate: str = "none") -> Any:
    return nf.gelu(x, approximate=approximate)


def _hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return nep.clip(x, min_val, max_val)


def _threshold(x: Any, threshold: float, value: float) -> Any:
    return nep.where(x > threshold, x, value)


def _soft_shrink(x: Any, lambd: float = 0.5) -> Any:
    return nep.where(x > lambd, x - lambd, nep.where(x < -lambd, x + lambd, 0 * x))


def _hard_shrink(x: Any, lambd: float = 0.5) -> Any:
    return nep.where(nep.abs(x) > lambd, x, 0.0)


def _normalize(x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    norm = linalg.vector_norm(x, ord=p, axis=dim if x.ndim else None, keepdims=True)
    return x / nep.clip(norm, eps, None)


def _cosine(x: Any, y: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    x, y = nep.broadcast_arrays(x, y)
    sizes = [nep.clip(linalg.vector_norm(z, axis=dim if z.ndim else None), eps, None) for z in (x, y)]
    return nep.sum(x * y, axis=dim if x.ndim else None) / (sizes[0] * sizes[1])


def _layer_norm(x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    return nf.layer_norm(x, weight, bias, axis=tuple(range(-len(shape), 0)), eps=eps)


def _native_layer_norm(x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    axis = tuple(range(-len(shape), 0))
    mean = nep.mean(x, axis=axis, keepdims=True)
    deviation = 1 / nep.sqrt(nep.var(x, axis=axis, keepdims=True) + eps)
    return _layer_norm(x, shape, weight, bias, eps), mean, deviation


def _rms_norm(x: Any, shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    axis = tuple(range(-len(shape), 0))
    eps = nep.finfo(x.dtype).eps if eps is None else eps
    out = x / nep.sqrt(nep.mean(x * x, axis=axis, keepdims=True) + eps)
    return out if weight is None else out * weight


def _standardised(x: Any, axis: Any, eps: float) -> Any:
    return (x - nep.mean(x, axis=axis, keepdims=True)) / nep.sqrt(nep.var(x, axis=axis, keepdims=True) + eps)


def _per_channel(w: Any, x: Any) -> Any:
    return nep.reshape(w, (-1,) + (1,) * (x.ndim - 2))


def _affine(out: Any, weight: Any, bias: Any) -> Any:
    out = out if weight is None else out * _per_channel(weight, out)
    return out if bias is None else out + _per_channel(bias, out)


def _group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    if not x.size:
        return _affine(x, weight, bias)
    n, c, *rest = x.shape
    y = nep.reshape(x, (n, groups, c // groups * math.prod(rest)))
    return _affine(nep.reshape(_standardised(y, -1, eps), x.shape), weight, bias)


def _instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    return _affine(_standardised(x, tuple(range(2, x.ndim)), eps), weight, bias)


def _batch_norm(
    x: Any,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if not x.size:
        return _affine(x, weight, bias)
    if training:
        return _affine(_standardised(x, (0, *range(2, x.ndim)), eps), weight, bias)
    scaled = (x - _per_channel(mean, x)) / nep.sqrt(_per_channel(var, x) + eps)
    return _affine(scaled, weight, bias)


def _cross_entropy(
    x: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    axis = 1 if x.ndim > 1 else 0
    scores, k = nf.log_softmax(x, axis=axis), x.shape[axis]
    weights = nep.ones((k,), dtype=x.dtype, backend=x.backend) if weight is None else weight
    along = nep.reshape(weights, (-1,) + (1,) * (x.ndim - 1 - axis))
    if nep.isdtype(target.dtype, "real floating"):
        target = target * (1 - label_smoothing) + label_smoothing / k
        loss = -nep.sum(scores * along * target, axis=axis)
        rows = loss.size
        return nep.sum(loss) / rows if reduction == "mean" else reduced(loss, reduction)
    kept = target != ignore_index
    chosen = nep.where(kept, target, 0)
    picked = nep.squeeze(nep.take_along_axis(scores, nep.expand_dims(chosen, axis=axis), axis=axis), axis)
    each = nep.where(kept, nep.reshape(nep.take(weights, nep.reshape(chosen, (-1,))), chosen.shape), 0.0)
    smooth = nep.where(kept, -nep.sum(scores * along, axis=axis), 0.0) / k
    loss = -(1 - label_smoothing) * picked * each + label_smoothing * smooth
    return nep.sum(loss) / nep.sum(each) if reduction == "mean" else reduced(loss, reduction)


def _nll(x: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    axis = 1 if x.ndim > 1 else 0
    kept = target != ignore_index
    chosen = nep.where(kept, target, 0)
    picked = nep.squeeze(nep.take_along_axis(x, nep.expand_dims(chosen, axis=axis), axis=axis), axis)
    weights = nep.ones((x.shape[axis],), dtype=x.dtype, backend=x.backend) if weight is None else weight
    each = nep.where(kept, nep.reshape(nep.take(weights, nep.reshape(chosen, (-1,))), chosen.shape), 0.0)
    loss = -picked * each
    return nep.sum(loss) / nep.sum(each) if reduction == "mean" else reduced(loss, reduction)


def _loss(formula: Any) -> Any:
    return lambda x, y, reduction="mean", **settings: reduced(formula(x, y, **settings), reduction)


def _bce(x: Any, y: Any, weight: Any = None) -> Any:
    out = -(y * nep.clip(nep.log(x), -100, None) + (1 - y) * nep.clip(nep.log1p(-x), -100, None))
    return out if weight is None else out * weight


def _bce_logits(x: Any, y: Any, weight: Any = None, pos_weight: Any = None) -> Any:
    scale = 1 if pos_weight is None else 1 + (pos_weight - 1) * y
    out = (1 - y) * x + scale * nf.softplus(-x)
    return out if weight is None else out * weight


def _huber(x: Any, y: Any, delta: float = 1.0) -> Any:
    d = nep.abs(x - y)
    return nep.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


def _smooth_l1(x: Any, y: Any, beta: float = 1.0) -> Any:
    d = nep.abs(x - y)
    return d if beta == 0 else nep.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)


def _kl(x: Any, y: Any, log_target: bool = False) -> Any:
    return nep.exp(y) * (y - x) if log_target else special.xlogy(y, y) - y * x


def _kl_div(x: Any, y: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    out = _kl(x, y, log_target)
    return (
        nep.sum(out) / x.shape[0]
        if reduction == "batchmean" and x.ndim
        else reduced(out, {"batchmean": "sum"}.get(reduction, reduction))
    )


def _poisson(x: Any, y: Any, log_input: bool = True, full: bool = False, eps: float = 1e-8) -> Any:
    out = nep.exp(x) - y * x if log_input else x - y * nep.log(x + eps)
    return out + nep.where(y > 1, y * nep.log(y) - y + 0.5 * nep.log(2 * math.pi * y), 0.0) if full else out


def _gaussian(
    x: Any, y: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    if var.shape != x.shape and x.shape[:-1] == var.shape:
        var = var[..., None]
    var = var + stop_gradient(nep.clip(var, eps, None) - var)
    out = 0.5 * (nep.log(var) + (x - y) ** 2 / var)
    return reduced(out + 0.5 * math.log(2 * math.pi) if full else out, reduction)


def _hinge(x: Any, y: Any, margin: float = 1.0) -> Any:
    return nep.where(y != 1, nf.relu(margin - x), 0.0) + nep.where(y != -1, x, 0.0)


def _cosine_embedding(x: Any, y: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    axis = -1
    along = nep.sum(x * y, axis=axis)
    sizes = [nep.sum(z * z, axis=axis) + 1e-12 for z in (x, y)]
    c = along / nep.sqrt(sizes[0] * sizes[1])
    return reduced(
        nep.where(target == 1, 1 - c, 0.0) + nep.where(target == -1, nf.relu(c - margin), 0.0), reduction
    )


def _margin_ranking(x: Any, y: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    return reduced(nf.relu(-target * (x - y) + margin), reduction)


def _soft_margin(x: Any, y: Any) -> Any:
    return nep.log1p(nep.exp(-y * x))


def _multilabel_soft(x: Any, y: Any, weight: Any = None, reduction: str = "mean") -> Any:
    out = y * nf.softplus(-x) + (1 - y) * nf.softplus(x)
    out = out if weight is None else out * weight
    return reduced(nep.mean(out, axis=-1), reduction)


def _distance(x: Any, y: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    return linalg.vector_norm(x - y + eps, ord=p, axis=-1, keepdims=keepdim)


def _triplet(
    a: Any,
    b: Any,
    c: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
    distance_function: Any = None,
) -> Any:
    near, far = _distance(a, b, p, eps), _distance(a, c, p, eps)
    if swap:
        far = nep.minimum(far, _distance(b, c, p, eps))
    return reduced(nf.relu(margin + near - far), reduction)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    out = x @ (nep.matrix_transpose(weight) if weight.ndim > 1 else weight)
    return out if bias is None else out + bias


def _bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    out = nep.einsum("...i,kij,...j->...k", x, weight, y)
    return out if bias is None else out + bias


def _attention(
    q: Any,
    k: Any,
    v: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Any:
    if dropout_p:
        raise LackingError("the random numbers of dropout are PyTorch's own")
    if enable_gqa:
        k, v = [nep.repeat(z, q.shape[-3] // z.shape[-3], axis=-3) for z in (k, v)]
    scores = (q @ nep.matrix_transpose(k)) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = nep.tril(nep.ones(scores.shape[-2:], dtype="float64", backend=q.backend)) > 0
    if attn_mask is not None:
        is_bool = nep.isdtype(attn_mask.dtype, "bool")
        scores = nep.where(attn_mask, scores, -math.inf) if is_bool else scores + attn_mask
    return nf.softmax(scores, axis=-1) @ v


def _cdist(x: Any, y: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    return linalg.vector_norm(x[..., :, None, :] - y[..., None, :, :], ord=p, axis=-1)


def _pdist(x: Any, p: float = 2.0) -> Any:
    n = x.shape[0]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    rows, columns = [nep.asarray([q[k] for q in pairs], dtype="int64", backend=x.backend) for k in (0, 1)]
    return linalg.vector_norm(x[rows] - x[columns], ord=p, axis=-1)


def _dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    if training and p:
        raise LackingError("the random numbers of dropout are PyTorch's own")
    return x


def _rrelu(
    x: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Any:
    if training:
        raise LackingError("random slopes")
    return nf.leaky_relu(x, negative_slope=(lower + upper) / 2)


ACTIVATIONS: dict[str, Any] = {
    "softmax": _softmax,
    "softmax:with_dtype": _softmax,
    "nn.functional.softmin": lambda x, dim, dtype=None: _softmax(-as_dtype(x, dtype), dim),
    "nn.functional.softmin:with_dtype": lambda x, dim, dtype=None: _softmax(-as_dtype(x, dtype), dim),
    "torch.ops.aten._safe_softmax.default": _safe_softmax,
    "log_softmax": _log_softmax,
    "log_softmax:with_dtype": _log_softmax,
    "nn.functional.relu": lambda x, inplace=False: nf.relu(x),
    "nn.functional.relu6": lambda x, inplace=False: nep.clip(x, 0, 6),
    "nn.functional.leaky_relu": lambda x, negative_slope=0.01, inplace=False: nf.leaky_relu(
        x, negative_slope=negative_slope
    ),
    "nn.functional.elu": lambda x, alpha=1.0, inplace=False: _elu(x, alpha),
    "nn.functional.celu": lambda x, alpha=1.0, inplace=False: _celu(x, alpha),
    "nn.functional.selu": lambda x, inplace=False: _selu(x),
    "nn.functional.glu": _glu,
    "nn.functional.prelu": _prelu,
    "nn.functional.rrelu": _rrelu,
    "nn.functional.softplus": _softplus,
    "nn.functional.silu": lambda x, inplace=False: _silu(x),
    "nn.functional.silu:complex": lambda x, inplace=False: _silu(x),
    "nn.functional.mish": lambda x, inplace=False: x * nep.tanh(nf.softplus(x)),
    "nn.functional.gelu": _gelu,
    "nn.functional.hardsigmoid": lambda x, inplace=False: nep.clip(x + 3, 0, 6) / 6,
    "nn.functional.hardswish": lambda x, inplace=False: x * nep.clip(x + 3, 0, 6) / 6,
    "nn.functional.hardtanh": lambda x, min_val=-1.0, max_val=1.0, inplace=False: _hardtanh(
        x, min_val, max_val
    ),
    "nn.functional.hardshrink": _hard_shrink,
    "nn.functional.softshrink": _soft_shrink,
    "nn.functional.softsign": lambda x: x / (1 + nep.abs(x)),
    "nn.functional.tanhshrink": lambda x: x - nep.tanh(x),
    "nn.functional.threshold": lambda x, threshold, value, inplace=False: _threshold(x, threshold, value),
    "nn.functional.logsigmoid": lambda x: special.log_expit(x),
}
NORMALISATION: dict[str, Any] = {
    "nn.functional.normalize": _normalize,
    "nn.functional.cosine_similarity": _cosine,
    "nn.functional.layer_norm": _layer_norm,
    "native_layer_norm": _native_layer_norm,
    "nn.functional.rms_norm": _rms_norm,
    "nn.functional.group_norm": _group_norm,
    "nn.functional.instance_norm": _instance_norm,
    "nn.functional.batch_norm": _batch_norm,
}
LOSSES: dict[str, Any] = {
    "nn.functional.cross_entropy": _cross_entropy,
    "nn.functional.nll_loss": _nll,
    "nn.functional.mse_loss": _loss(lambda x, y: (x - y) ** 2),
    "nn.functional.l1_loss": _loss(lambda x, y: nep.abs(x - y)),
    "nn.functional.huber_loss": _loss(_huber),
    "nn.functional.smooth_l1_loss": _loss(_smooth_l1),
    "nn.functional.binary_cross_entropy": _loss(_bce),
    "nn.functional.binary_cross_entropy_with_logits": _loss(_bce_logits),
    "nn.functional.kl_div": _kl_div,
    "nn.functional.poisson_nll_loss": _loss(_poisson),
    "nn.functional.gaussian_nll_loss": _gaussian,
    "nn.functional.hinge_embedding_loss": _loss(_hinge),
    "nn.functional.cosine_embedding_loss": _cosine_embedding,
    "nn.functional.margin_ranking_loss": _margin_ranking,
    "nn.functional.soft_margin_loss": _loss(_soft_margin),
    "nn.functional.multilabel_soft_margin_loss": _multilabel_soft,
    "nn.functional.triplet_margin_loss": _triplet,
    "nn.functional.triplet_margin_with_distance_loss": _triplet,
}
LAYERS: dict[str, Any] = {
    "nn.functional.linear": _linear,
    "nn.functional.bilinear": _bilinear,
    "nn.functional.scaled_dot_product_attention": _attention,
    "cdist": _cdist,
    "nn.functional.pdist": _pdist,
    "nn.functional.pairwise_distance": _distance,
    **{f"nn.functional.{n}": _dropout for n in ("dropout", "dropout2d", "dropout3d", "alpha_dropout")},
    "nn.functional.feature_alpha_dropout:without_train": _dropout,
}
TABLE: dict[str, Any] = {**ACTIVATIONS, **NORMALISATION, **LOSSES, **LAYERS}
