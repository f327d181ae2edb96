"""The linear algebra extension of the standard, differentiable, and what users expect beside it.

`neo.numpy.linalg` is this module. All functions take stacks of matrices, real and complex. Beyond
the standard: adjugate, expm, kron, logm, lstsq, lu_factor, lu_solve, multi_dot, solve_triangular
and sqrtm.
"""

from .errors import LinAlgError
from .ops.linalg.determinant import SlogdetResult, adjugate, det, slogdet
from .ops.linalg.factor import QRResult, cholesky, qr
from .ops.linalg.functions import expm, logm, matrix_power, sqrtm
from .ops.linalg.least_squares import LstsqResult, lstsq, matrix_rank, pinv
from .ops.linalg.norms import matrix_norm, vector_norm
from .ops.linalg.products import cross, diagonal, kron, multi_dot, outer, trace
from .ops.linalg.singular import SVDResult, svd, svdvals
from .ops.linalg.solve import LUResult, inv, lu_factor, lu_solve, solve, solve_triangular
from .ops.linalg.spectral import EighResult, EigResult, eig, eigh, eigvals, eigvalsh
from .ops.products import matmul, tensordot, vecdot
from .ops.views import matrix_transpose

__all__ = [
    "EigResult",
    "EighResult",
    "LUResult",
    "LinAlgError",
    "LstsqResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "adjugate",
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "kron",
    "logm",
    "lstsq",
    "lu_factor",
    "lu_solve",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "sqrtm",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
