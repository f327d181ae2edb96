"""scipy.integrate, differentiate, optimize, spatial, linalg, interpolate, ndimage, cluster, constants."""

from __future__ import annotations

import numpy as np
from scipy import constants, differentiate, integrate, interpolate, linalg, ndimage, optimize, spatial
from scipy.cluster import hierarchy, vq
from scipy.optimize import elementwise
from scipy.spatial import distance
from scipy.spatial.transform import Rotation, Slerp

from .calls import calls, named


def _through(name):
    """The function of that name in the namespace of its operand."""
    return lambda x: getattr(x.__array_namespace__(), name)(x)


def _unit(v):
    return v / (v * v).sum() ** 0.5


EXP, SIN, COS = _through("exp"), _through("sin"), _through("cos")

CALLS = [
    *named("scipy.integrate", integrate, "grid grid", "trapezoid simpson cumulative_trapezoid"),
    *calls(
        "scipy.integrate",
        "grid",
        trapezoid_even=lambda y: integrate.trapezoid(y, dx=0.1),
        simpson_even=lambda y: integrate.simpson(y, dx=0.1),
        cumulative_trapezoid_even=lambda y: integrate.cumulative_trapezoid(y, dx=0.1, initial=0),
        cumulative_simpson_even=lambda y: integrate.cumulative_simpson(y, dx=0.1, initial=0.0),
        romb=lambda y: integrate.romb(y, dx=0.1),
        newton_cotes=lambda y: integrate.newton_cotes(2)[0] @ y[:3],
    ),
    *calls(
        "scipy.integrate",
        "cube",
        trapezoid_axis=lambda y: integrate.trapezoid(y, axis=1),
        simpson_axis=lambda y: integrate.simpson(y, axis=1),
        cumulative_trapezoid_axis=lambda y: integrate.cumulative_trapezoid(y, axis=-1),
    ),
    *calls(
        "scipy.integrate",
        "scalar",
        tanhsinh=lambda a: integrate.tanhsinh(lambda t: EXP(-a * t), a * 0, a * 0 + 1).integral,
        tanhsinh_limit=lambda a: integrate.tanhsinh(lambda t: EXP(-t * t), a * 0, a).integral,
        quad=lambda a: integrate.quad(lambda t: t * a, 0, 1)[0],
        fixed_quad=lambda a: integrate.fixed_quad(lambda t: a * t, 0.0, 1.0)[0],
        quad_vec=lambda a: integrate.quad_vec(lambda t: a * t, 0, 1)[0],
        nsum=lambda a: integrate.nsum(lambda k: a / k**2, a * 0 + 1, a * 0 + 5).sum,
        cubature=lambda a: (
            integrate.cubature(lambda t: t[:, 0] * a, a.reshape(1) * 0, a.reshape(1) * 0 + 1).estimate
        ),
        solve_ivp=lambda a: integrate.solve_ivp(lambda t, y: -a * y, (0, 1), [1.0]).y,
    ),
    *calls(
        "scipy.differentiate",
        "real",
        derivative=lambda x: differentiate.derivative(SIN, x).df,
        derivative_order=lambda x: differentiate.derivative(SIN, x, order=4).df,
        jacobian=lambda x: differentiate.jacobian(lambda v: SIN(v) * 2.0, x).df,
    ),
    *calls(
        "scipy.differentiate",
        "angles",
        hessian=lambda x: (
            differentiate.hessian(lambda v: (SIN(v) * v).sum(axis=0) if hasattr(v, "sum") else v, x).ddf
        ),
    ),
    *calls(
        "scipy.optimize",
        "positive",
        find_root=lambda a: elementwise.find_root(lambda t, p: t * t - p, (a * 0, a * 0 + 3), args=(a,)).x,
        bracket_root=lambda a: elementwise.bracket_root(lambda t, p: t - p, a * 0, args=(a,)).bracket,
        find_minimum=lambda a: (
            elementwise.find_minimum(
                lambda t, p: (t - p) ** 2, (a * 0 - 1, a * 0 + 1, a * 0 + 5), args=(a,)
            ).x
        ),
        find_minimum_value=lambda a: (
            elementwise.find_minimum(
                lambda t, p: (t - 1) ** 2 + p, (a * 0 - 1, a * 0 + 0.5, a * 0 + 5), args=(a,)
            ).f_x
        ),
        newton=lambda a: optimize.newton(lambda t: t * t - a, a * 0 + 1.0, fprime=lambda t: 2 * t),
    ),
    *calls(
        "scipy.optimize",
        "angles",
        rosen=lambda x: optimize.rosen(x),
        rosen_der=lambda x: optimize.rosen_der(x),
        rosen_hess=lambda x: optimize.rosen_hess(x),
        rosen_hess_prod=lambda x: optimize.rosen_hess_prod(x, x * 2),
        approx_fprime=lambda x: optimize.approx_fprime(x, lambda v: (v**2).sum()),
    ),
    *calls(
        "scipy.spatial",
        "quaternion",
        from_quat_matrix=lambda q: Rotation.from_quat(q).as_matrix(),
        from_quat_rotvec=lambda q: Rotation.from_quat(q).as_rotvec(),
        from_quat_euler=lambda q: Rotation.from_quat(q).as_euler("xyz"),
        from_quat_mrp=lambda q: Rotation.from_quat(q).as_mrp(),
        from_quat_quat=lambda q: Rotation.from_quat(q).as_quat(),
        magnitude=lambda q: Rotation.from_quat(q).magnitude(),
        inverse=lambda q: Rotation.from_quat(q).inv().as_matrix(),
        power=lambda q: (Rotation.from_quat(q) ** 2).as_matrix(),
        davenport=lambda q: Rotation.from_quat(q).as_davenport(
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "extrinsic"
        ),
    ),
    *calls(
        "scipy.spatial",
        "angles",
        from_rotvec=lambda v: Rotation.from_rotvec(v).as_matrix(),
        from_mrp=lambda v: Rotation.from_mrp(v).as_matrix(),
        from_euler=lambda v: Rotation.from_euler("xyz", v).as_matrix(),
        from_euler_intrinsic=lambda v: Rotation.from_euler("ZYX", v).as_quat(),
        from_euler_degrees=lambda v: Rotation.from_euler("xyz", v * 50, degrees=True).as_rotvec(),
        from_davenport=lambda v: Rotation.from_davenport(
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "extrinsic", v
        ).as_quat(),
    ),
    *calls(
        "scipy.spatial",
        "quaternions vectors",
        apply=lambda q, v: Rotation.from_quat(q).apply(v[:3]),
        apply_inverse=lambda q, v: Rotation.from_quat(q).apply(v[:3], inverse=True),
    ),
    *calls(
        "scipy.spatial",
        "quaternions",
        composition=lambda q: (Rotation.from_quat(q) * Rotation.from_quat(q).inv()).as_quat(),
        mean=lambda q: Rotation.from_quat(q).mean().as_matrix(),
        concatenate=lambda q: Rotation.concatenate(
            [Rotation.from_quat(q), Rotation.from_quat(q)]
        ).as_matrix(),
        approx_equal=lambda q: Rotation.from_quat(q)[1].as_matrix(),
        slerp=lambda q: Slerp([0.0, 1.0, 2.0], Rotation.from_quat(q))([0.5, 1.5]).as_matrix(),
        reduce=lambda q: Rotation.from_quat(q).reduce().as_quat(),
        canonical=lambda q: Rotation.from_quat(q).as_quat(canonical=True),
    ),
    *calls(
        "scipy.spatial",
        "square",
        from_matrix=lambda a: Rotation.from_matrix(a[:3, :3]).as_quat(),
        geometric_slerp=lambda a: spatial.geometric_slerp(_unit(a[0]), _unit(a[1]), 0.5),
        procrustes=lambda a: spatial.procrustes(a, a * 2 + 1)[0],
        align_vectors=lambda a: Rotation.align_vectors(a[:, :3], a[:, 1:])[0].as_matrix(),
    ),
    *named(
        "scipy.spatial",
        distance,
        "positive unit",
        "euclidean sqeuclidean cosine correlation cityblock chebyshev braycurtis canberra minkowski "
        "jensenshannon",
    ),
    *calls(
        "scipy.spatial",
        "vectors",
        cdist=lambda x: distance.cdist(x, x * 2),
        pdist=lambda x: distance.pdist(x),
        squareform=lambda x: distance.squareform(x[:2].reshape((6,))),
    ),
    *named(
        "scipy.linalg",
        linalg,
        "square",
        "inv det expm logm sqrtm pinv svdvals eigvals lu lu_factor qr polar cosm sinm tanm",
    ),
    *named("scipy.linalg", linalg, "square square", "solve lstsq khatri_rao expm_frechet"),
    *named(
        "scipy.linalg",
        linalg,
        "spd",
        "cholesky eigvalsh eigh svd hessenberg schur pinvh cho_factor ldl norm null_space orth",
    ),
    *calls(
        "scipy.linalg",
        "angles",
        toeplitz=lambda x: linalg.toeplitz(x),
        circulant=lambda x: linalg.circulant(x),
        hankel=lambda x: linalg.hankel(x),
        companion=lambda x: linalg.companion(x),
        block_diag=lambda x: linalg.block_diag(x, x),
        fiedler=lambda x: linalg.fiedler(x),
        convolution_matrix=lambda x: linalg.convolution_matrix(x, 4),
    ),
    *calls(
        "scipy.interpolate",
        "grid",
        cubic_spline=lambda y: interpolate.CubicSpline(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        pchip=lambda y: interpolate.PchipInterpolator(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        akima=lambda y: interpolate.Akima1DInterpolator(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        barycentric=lambda y: interpolate.BarycentricInterpolator(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        krogh=lambda y: interpolate.KroghInterpolator(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        make_interp_spline=lambda y: interpolate.make_interp_spline(np.arange(9.0), y)(
            np.asarray([1.5, 4.2])
        ),
        piecewise_polynomial=lambda y: interpolate.PPoly(y.reshape((3, 3)), np.arange(4.0))(
            np.asarray([0.5, 1.2])
        ),
        bernstein=lambda y: interpolate.BPoly(y.reshape((3, 3)), np.arange(4.0))(np.asarray([0.5, 1.2])),
        regular_grid=lambda y: interpolate.RegularGridInterpolator(
            (np.arange(3.0), np.arange(3.0)), y.reshape((3, 3))
        )(np.asarray([[0.5, 1.2]])),
        interp1d=lambda y: interpolate.interp1d(np.arange(9.0), y)(np.asarray([1.5, 4.2])),
        rbf=lambda y: interpolate.RBFInterpolator(np.arange(9.0)[:, None], y)(np.asarray([[1.5]])),
        pade=lambda y: interpolate.lagrange(np.arange(3.0), y[:3]),
    ),
    *calls(
        "scipy.ndimage",
        "image",
        gaussian_filter=lambda x: ndimage.gaussian_filter(x, 1.0),
        uniform_filter=lambda x: ndimage.uniform_filter(x, 3),
        sobel=lambda x: ndimage.sobel(x),
        laplace=lambda x: ndimage.laplace(x),
        convolve=lambda x: ndimage.convolve(x, np.ones((3, 3))),
        map_coordinates=lambda x: ndimage.map_coordinates(x, [[0.5, 1.5], [0.5, 1.5]], order=1),
        sum_labels=lambda x: ndimage.sum_labels(x),
        center_of_mass=lambda x: ndimage.center_of_mass(x + 2),
        shift=lambda x: ndimage.shift(x, 0.5, order=1),
        zoom=lambda x: ndimage.zoom(x, 2, order=1),
        maximum_filter=lambda x: ndimage.maximum_filter(x, 3),
        fourier_gaussian=lambda x: ndimage.fourier_gaussian(x, 1.0),
    ),
    *calls(
        "scipy.cluster",
        "samples",
        whiten=lambda x: vq.whiten(x),
        vq_distance=lambda x: vq.vq(x, x[:2] + 0.1)[1],
        kmeans=lambda x: vq.kmeans(x, x[:2], rng=0)[0],
        linkage=lambda x: hierarchy.linkage(x),
        cophenet=lambda x: hierarchy.cophenet(hierarchy.linkage(x)),
    ),
    *calls(
        "scipy.constants",
        "positive",
        convert_temperature=lambda x: constants.convert_temperature(x, "C", "K"),
        convert_fahrenheit=lambda x: constants.convert_temperature(x, "F", "C"),
        lambda2nu=lambda x: constants.lambda2nu(x),
        nu2lambda=lambda x: constants.nu2lambda(x),
    ),
]
