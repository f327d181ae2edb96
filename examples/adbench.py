"""The objectives of ADBench, in the functions of the array API standard, with sparse Jacobians.

Each takes a namespace first: `neo.numpy` to differentiate with neo, any other to compare. The
objectives are those of F. Srajer, Z. Kukelova and A. Fitzgibbon, "A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning" (2018).
"""

from __future__ import annotations

import math
from typing import Any

import neo
import neo.numpy as nep

# Gaussian mixtures.


def triangle(d: int) -> list[list[int]]:
    """Return where each element of a lower triangle stands in (0, elements below the diagonal...)."""
    places, count = [[0] * d for _ in range(d)], 0
    for column in range(d):
        for row in range(column + 1, d):
            count += 1
            places[row][column] = count
    return places


def gmm(np: Any, alphas: Any, means: Any, icf: Any, x: Any, gamma: float, m: int) -> Any:
    """Return the log posterior of a mixture of Gaussians with a Wishart prior.

    alphas: (k,) logarithms of weights. means: (k, d). icf: (k, d + d (d - 1) / 2), the logarithms of
    the diagonal and the rest of the inverse covariances' triangular factors. x: (n, d).
    """
    (n, d), k = x.shape, means.shape[0]
    q, below = icf[:, :d], icf[:, d:]
    padded = np.concat([0 * q[:, :1], below], axis=1)
    rows = [np.stack([padded[:, j] for j in row], axis=1) for row in triangle(d)]
    factor = np.stack(rows, axis=1)  # (k, d, d), zeros on the diagonal
    centred = x[:, None, :] - means[None, :, :]
    scaled = np.exp(q)[None] * centred + np.sum(factor[None] * centred[:, :, None, :], axis=-1)
    inside = alphas + np.sum(q, axis=1) - 0.5 * np.sum(scaled**2, axis=-1)
    likelihood = np.sum(_logsumexp(np, inside)) - n * _logsumexp(np, alphas[None])[0]
    return likelihood - 0.5 * n * d * math.log(2 * math.pi) + _wishart(np, q, below, gamma, m, k, d)


def _logsumexp(np: Any, x: Any) -> Any:
    top = np.max(x, axis=1)
    return top + np.log(np.sum(np.exp(x - top[:, None]), axis=1))


def _wishart(np: Any, q: Any, below: Any, gamma: float, m: int, k: int, d: int) -> Any:
    n = d + m + 1
    distribution = 0.25 * d * (d - 1) * math.log(math.pi)
    distribution += sum([math.lgamma(0.5 * (n - j)) for j in range(d)])
    constant = n * d * (math.log(gamma) - 0.5 * math.log(2)) - distribution
    norm = np.sum(np.exp(q) ** 2) + np.sum(below**2)
    return 0.5 * gamma**2 * norm - m * np.sum(q) - k * constant


# Bundle adjustment.


def residuals(np: Any, parts: Any, features: Any) -> Any:
    """Return the reprojection errors of observations, (p, 2), from what each of them depends on.

    parts: (p, 15), a camera's 11 numbers (rotation, centre, focal length, principal point, two of
    radial distortion), a point's 3 and a weight. features: (p, 2).
    """
    rotation, centre, point = parts[:, 0:3], parts[:, 3:6], parts[:, 11:14]
    turned = _rodrigues(np, rotation, point - centre)
    plane = turned[:, :2] / turned[:, 2:]
    square = np.sum(plane**2, axis=1)
    distorted = plane * (1 + parts[:, 9] * square + parts[:, 10] * square**2)[:, None]
    return parts[:, 14:] * (distorted * parts[:, 6:7] + parts[:, 7:9] - features)


def _rodrigues(np: Any, rotation: Any, x: Any) -> Any:
    angle = np.sqrt(np.sum(rotation**2, axis=1))[:, None]
    axis = rotation / angle
    cosine, sine = np.cos(angle), np.sin(angle)
    along = np.sum(axis * x, axis=1)[:, None]
    return x * cosine + _cross(np, axis, x) * sine + axis * along * (1 - cosine)


def _cross(np: Any, a: Any, b: Any) -> Any:
    terms = [a[:, j] * b[:, k] - a[:, k] * b[:, j] for j, k in ((1, 2), (2, 0), (0, 1))]
    return np.stack(terms, axis=1)


def bundle(np: Any, cameras: Any, points: Any, weights: Any, seen: Any, features: Any) -> Any:
    """Return the reprojection errors, (p, 2), and the errors of the weights, (p,).

    cameras: (n, 11). points: (m, 3). weights: (p,). seen: the cameras and the points observed, two
    integer arrays of shape (p,).
    """
    parts = np.concat([cameras[seen[0], :], points[seen[1], :], weights[:, None]], axis=1)
    return residuals(np, parts, features), 1 - weights**2


def bundle_jacobian(cameras: Any, points: Any, weights: Any, seen: Any, features: Any) -> Any:
    """Return the errors' derivatives that are not zero: (p, 2, 15), and (p,) for those of the weights.

    Each error depends on 15 numbers, so 15 pushes give all, whatever the numbers of cameras and points.
    """
    parts = nep.concat([cameras[seen[0], :], points[seen[1], :], weights[:, None]], axis=1)
    columns = neo.jacfwd(lambda shift: residuals(nep, parts + shift, features))(0 * parts[0, :])
    return columns, -2 * weights


# A long short-term memory.


def lstm(np: Any, main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """Return the loss of predicting each element of a sequence from those before it.

    main: (layers, 2, 4, b), weights and biases of the four gates. extra: (3, b), the scale of the
    input, and scale and shift of the output. state: (layers, 2, b), hidden and cell. sequence: (t, b).
    """
    states = [(state[k, 0, :], state[k, 1, :]) for k in range(main.shape[0])]
    total, count = 0.0, 0
    for now in range(sequence.shape[0] - 1):
        x = sequence[now, :] * extra[0, :]
        for k, (hidden, cell) in enumerate(states):
            states[k] = _cell(np, main[k, 0, :, :], main[k, 1, :, :], hidden, cell, x)
            x = states[k][0]
        predicted = x * extra[1, :] + extra[2, :]
        normal = predicted - np.log(np.sum(np.exp(predicted)) + 2)
        total, count = total + np.sum(sequence[now + 1, :] * normal), count + sequence.shape[1]
    return -total / count


def _cell(np: Any, weight: Any, bias: Any, hidden: Any, cell: Any, x: Any) -> Any:
    sigmoid = lambda y: 1 / (1 + np.exp(-y))  # noqa: E731
    forget = sigmoid(x * weight[0, :] + bias[0, :])
    come = sigmoid(hidden * weight[1, :] + bias[1, :])
    leave = sigmoid(x * weight[2, :] + bias[2, :])
    change = np.tanh(hidden * weight[3, :] + bias[3, :])
    cell = cell * forget + come * change
    return leave * np.tanh(cell), cell


# Hand tracking.


def hand(np: Any, theta: Any, us: Any, model: dict[str, Any], points: Any) -> Any:
    """Return the distances, (p, 3), of points from where they lie on the posed surface of a hand.

    theta: (26,), global rotation and translation and four angles per finger. us: (p, 2), where in its
    triangle each point lies. model: parents (a list), relatives and inverse_absolutes (bones, 4, 4),
    positions (4, v), weights (bones, v), triangles (p, 3) integer. points: (p, 3).
    """
    vertices = _posed(np, theta, model)
    corners = [vertices[model["triangles"][:, k], :] for k in range(3)]
    u, v = us[:, 0:1], us[:, 1:2]
    return points - (u * corners[0] + v * corners[1] + (1 - u - v) * corners[2])


def hand_jacobian(theta: Any, us: Any, model: dict[str, Any], points: Any) -> Any:
    """Return the derivatives to theta, (p, 3, 26), and of each point's distances to its own us, (p, 3, 2).

    One push for each of theta's numbers, and two for all points' us together.
    """
    by_theta = neo.jacfwd(lambda theta: hand(nep, theta, us, model, points))(theta)
    by_us = neo.jacfwd(lambda shift: hand(nep, theta, us + shift, model, points))(0 * us[0, :])
    return by_theta, by_us


def _posed(np: Any, theta: Any, model: dict[str, Any]) -> Any:
    angles = _angles(np, theta)
    absolutes: list[Any] = []
    for bone, parent in enumerate(model["parents"]):
        relative = model["relatives"][bone, :, :]
        turned = relative @ _euler(np, angles[bone]) if bone in angles else relative
        absolutes.append(turned if parent < 0 else absolutes[parent] @ turned)
    moved = np.stack(absolutes, axis=0) @ model["inverse_absolutes"]
    placed = np.sum((moved @ model["positions"]) * model["weights"][:, None, :], axis=0)
    return _placed(np, theta, placed[:3, :].T)


def _angles(np: Any, theta: Any) -> dict[int, Any]:
    """Return (x, y, z) of each bone that turns: of each finger the first one in two directions."""
    found, k, zero = {}, 6, 0 * theta[0]
    for finger in range(5):
        for joint in range(3):
            side = theta[k + 1] if joint == 0 else zero
            found[2 + 4 * finger + joint] = (theta[k], side, zero)
            k += 2 if joint == 0 else 1
    return found


def _euler(np: Any, angles: Any) -> Any:
    zero, one = 0 * angles[0], 0 * angles[0] + 1
    (sx, sy, sz), (cx, cy, cz) = [np.sin(a) for a in angles], [np.cos(a) for a in angles]
    rows = [
        (cy * cz, -cx * sz + sx * sy * cz, sx * sz + cx * sy * cz, zero),
        (cy * sz, cx * cz + sx * sy * sz, -sx * cz + cx * sy * sz, zero),
        (-sy, sx * cy, cx * cy, zero),
        (zero, zero, zero, one),
    ]
    return np.stack([np.stack(row, axis=0) for row in rows], axis=0)


def _placed(np: Any, theta: Any, vertices: Any) -> Any:
    rotation = np.broadcast_to(theta[None, 0:3], vertices.shape)
    return _rodrigues(np, rotation, vertices) + theta[None, 3:6]
