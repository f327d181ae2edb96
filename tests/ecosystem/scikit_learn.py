"""scikit-learn, with array_api_dispatch."""

from __future__ import annotations

from typing import Any

import sklearn
from sklearn import decomposition, discriminant_analysis, linear_model, metrics, mixture, preprocessing
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics import pairwise

from .calls import calls

sklearn.set_config(array_api_dispatch=True)

RAW = {"multioutput": "raw_values"}


def _fitted(estimator: Any, attribute: str) -> Any:
    return lambda *data: getattr(estimator().fit(*data), attribute)


def _transformed(estimator: Any) -> Any:
    return lambda x: estimator().fit(x).transform(x)


def _predicted(estimator: Any, labels: Any = None) -> Any:
    return lambda x, y: estimator().fit(x, y).predict(x)


def _labels(x: Any) -> Any:
    xp = x.__array_namespace__()
    return xp.asarray([0, 1, 2] * (x.shape[0] // 3))


def _two(x: Any) -> Any:
    return x.__array_namespace__().asarray([0, 1] * (x.shape[0] // 2))


def _regression(name: str, **settings: Any) -> Any:
    return lambda y, p: getattr(metrics, name)(y, p, **RAW, **settings)


def _pair(name: str, **settings: Any) -> Any:
    return lambda x, y: getattr(pairwise, name)(x, y, **settings)


_REGRESSION = (
    "mean_squared_error mean_absolute_error root_mean_squared_error mean_squared_log_error "
    "root_mean_squared_log_error mean_absolute_percentage_error median_absolute_error r2_score "
    "explained_variance_score mean_pinball_loss d2_absolute_error_score d2_pinball_score"
).split()
_PAIRWISE = (
    "linear_kernel polynomial_kernel rbf_kernel sigmoid_kernel laplacian_kernel cosine_similarity "
    "euclidean_distances cosine_distances manhattan_distances "
    "paired_euclidean_distances paired_manhattan_distances paired_cosine_distances nan_euclidean_distances"
).split()

CALLS = [
    *calls("sklearn.metrics", "targets guesses", **{name: _regression(name) for name in _REGRESSION}),
    *calls(
        "sklearn.metrics",
        "targets guesses",
        mean_pinball_loss_alpha=_regression("mean_pinball_loss", alpha=0.2),
        mean_tweedie_deviance=lambda y, p: metrics.mean_tweedie_deviance(y[:, 0], p[:, 0], power=1.5),
        mean_poisson_deviance=lambda y, p: metrics.mean_poisson_deviance(y[:, 0], p[:, 0]),
        mean_gamma_deviance=lambda y, p: metrics.mean_gamma_deviance(y[:, 0], p[:, 0]),
        d2_tweedie_score=lambda y, p: metrics.d2_tweedie_score(y[:, 0], p[:, 0]),
        mean_squared_error_average=lambda y, p: metrics.mean_squared_error(y, p),
        mean_absolute_error_average=lambda y, p: metrics.mean_absolute_error(y, p),
        r2_score_average=lambda y, p: metrics.r2_score(y, p),
        max_error=lambda y, p: metrics.max_error(y[:, 0], p[:, 0]),
    ),
    *calls(
        "sklearn.metrics",
        "rates",
        log_loss=lambda p: metrics.log_loss(_two(p), p),
        brier_score_loss=lambda p: metrics.brier_score_loss(_two(p), p),
        hinge_loss=lambda p: metrics.hinge_loss(_two(p), p),
        roc_auc_score=lambda p: metrics.roc_auc_score(_two(p), p),
        average_precision_score=lambda p: metrics.average_precision_score(_two(p), p),
        d2_brier_score=lambda p: metrics.d2_brier_score(_two(p), p),
        d2_log_loss_score=lambda p: metrics.d2_log_loss_score(_two(p), p),
    ),
    *calls("sklearn.metrics", "samples samples", **{name: _pair(name) for name in _PAIRWISE}),
    *calls(
        "sklearn.metrics",
        "samples",
        haversine_distances=lambda x: metrics.pairwise.haversine_distances(x[:, :2]),
    ),
    *calls(
        "sklearn.metrics",
        "targets guesses",
        additive_chi2_kernel=_pair("additive_chi2_kernel"),
        chi2_kernel=_pair("chi2_kernel"),
    ),
    *calls(
        "sklearn.metrics",
        "samples samples",
        polynomial_kernel_degree=_pair("polynomial_kernel", degree=2, gamma=0.5, coef0=0.7),
        rbf_kernel_gamma=_pair("rbf_kernel", gamma=0.3),
        sigmoid_kernel_gamma=_pair("sigmoid_kernel", gamma=0.3),
        pairwise_distances=lambda x, y: pairwise.pairwise_distances(x, y),
        pairwise_distances_cosine=lambda x, y: pairwise.pairwise_distances(x, y, metric="cosine"),
        pairwise_distances_manhattan=lambda x, y: pairwise.pairwise_distances(x, y, metric="manhattan"),
        pairwise_kernels=lambda x, y: pairwise.pairwise_kernels(x, y, metric="rbf"),
        squared_distances=_pair("euclidean_distances", squared=True),
        distances_of_one=lambda x, y: pairwise.euclidean_distances(x[:1], y),
        silhouette_score=lambda x, y: metrics.silhouette_score(x, _labels(x)),
        davies_bouldin_score=lambda x, y: metrics.davies_bouldin_score(x, _labels(x)),
        calinski_harabasz_score=lambda x, y: metrics.calinski_harabasz_score(x, _labels(x)),
    ),
    *calls(
        "sklearn.preprocessing",
        "samples",
        StandardScaler=_transformed(preprocessing.StandardScaler),
        StandardScaler_mean=lambda x: preprocessing.StandardScaler(with_std=False).fit(x).transform(x),
        StandardScaler_inverse=lambda x: preprocessing.StandardScaler().fit(x).inverse_transform(x),
        StandardScaler_variance=_fitted(preprocessing.StandardScaler, "var_"),
        MinMaxScaler=_transformed(preprocessing.MinMaxScaler),
        MinMaxScaler_inverse=lambda x: preprocessing.MinMaxScaler().fit(x).inverse_transform(x),
        MaxAbsScaler=_transformed(preprocessing.MaxAbsScaler),
        RobustScaler=_transformed(preprocessing.RobustScaler),
        Normalizer=_transformed(preprocessing.Normalizer),
        Normalizer_l1=_transformed(lambda: preprocessing.Normalizer(norm="l1")),
        Normalizer_max=_transformed(lambda: preprocessing.Normalizer(norm="max")),
        KernelCenterer=lambda x: preprocessing.KernelCenterer().fit(x @ x.T).transform(x @ x.T),
        PolynomialFeatures=_transformed(preprocessing.PolynomialFeatures),
        SplineTransformer=_transformed(preprocessing.SplineTransformer),
        QuantileTransformer=_transformed(lambda: preprocessing.QuantileTransformer(n_quantiles=4)),
        PowerTransformer=_transformed(preprocessing.PowerTransformer),
        Binarizer=_transformed(preprocessing.Binarizer),
        FunctionTransformer=lambda x: preprocessing.FunctionTransformer(
            lambda v: v * 2, validate=True
        ).fit_transform(x),
        scale=lambda x: preprocessing.scale(x),
        normalize=lambda x: preprocessing.normalize(x),
        maxabs_scale=lambda x: preprocessing.maxabs_scale(x),
        minmax_scale=lambda x: preprocessing.minmax_scale(x),
        robust_scale=lambda x: preprocessing.robust_scale(x),
        add_dummy_feature=lambda x: preprocessing.add_dummy_feature(x),
    ),
    *calls(
        "sklearn.decomposition",
        "samples",
        PCA=lambda x: decomposition.PCA(svd_solver="full").fit(x).explained_variance_,
        PCA_ratio=lambda x: decomposition.PCA(svd_solver="full").fit(x).explained_variance_ratio_,
        PCA_singular_values=lambda x: decomposition.PCA(svd_solver="full").fit(x).singular_values_,
        PCA_mean=lambda x: decomposition.PCA(svd_solver="full").fit(x).mean_,
        PCA_transform=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).transform(x) ** 2,
        PCA_components=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).components_ ** 2,
        PCA_whiten=lambda x: decomposition.PCA(2, svd_solver="full", whiten=True).fit(x).transform(x) ** 2,
        PCA_inverse=lambda x: _round_trip(x),
        PCA_covariance=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).get_covariance(),
        PCA_precision=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).get_precision(),
        PCA_score=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).score_samples(x),
        PCA_noise=lambda x: decomposition.PCA(2, svd_solver="full").fit(x).noise_variance_,
        PCA_eigh=lambda x: decomposition.PCA(2, svd_solver="covariance_eigh").fit(x).explained_variance_,
        PCA_eigh_transform=lambda x: decomposition.PCA(2, svd_solver="covariance_eigh").fit_transform(x) ** 2,
        TruncatedSVD=lambda x: decomposition.TruncatedSVD(2, algorithm="arpack").fit_transform(x) ** 2,
        KernelPCA=lambda x: decomposition.KernelPCA(2, kernel="rbf").fit_transform(x) ** 2,
        IncrementalPCA=lambda x: decomposition.IncrementalPCA(2).fit_transform(x) ** 2,
        Nystroem=lambda x: Nystroem(n_components=4, random_state=0).fit_transform(x),
    ),
    *calls(
        "sklearn.linear_model",
        "samples data",
        Ridge=lambda x, y: linear_model.Ridge(solver="svd").fit(x, y).coef_,
        Ridge_intercept=lambda x, y: linear_model.Ridge(solver="svd").fit(x, y).intercept_,
        Ridge_predict=lambda x, y: linear_model.Ridge(solver="svd").fit(x, y).predict(x),
        Ridge_no_intercept=lambda x, y: linear_model.Ridge(solver="svd", fit_intercept=False).fit(x, y).coef_,
        Ridge_score=lambda x, y: linear_model.Ridge(solver="svd").fit(x, y).score(x, y),
        RidgeCV=lambda x, y: linear_model.RidgeCV(alphas=[1.0]).fit(x, y).coef_,
        LinearRegression=lambda x, y: linear_model.LinearRegression().fit(x, y).coef_,
        Lasso=lambda x, y: linear_model.Lasso().fit(x, y).coef_,
        ridge_regression=lambda x, y: linear_model.ridge_regression(x, y, 1.0, solver="svd"),
        RidgeClassifier=lambda x, y: (
            linear_model.RidgeClassifier(solver="svd").fit(x, _labels(x)).decision_function(x)
        ),
        LogisticRegression=lambda x, y: linear_model.LogisticRegression().fit(x, _labels(x)).coef_,
        BayesianRidge=lambda x, y: linear_model.BayesianRidge().fit(x, y).coef_,
    ),
    *calls(
        "sklearn.discriminant_analysis",
        "samples",
        LDA=lambda x: _lda(x).decision_function(x),
        LDA_probabilities=lambda x: _lda(x).predict_proba(x),
        LDA_log_probabilities=lambda x: _lda(x).predict_log_proba(x),
        LDA_transform=lambda x: _lda(x).transform(x) ** 2,
        LDA_means=lambda x: _lda(x).means_,
        LDA_coefficients=lambda x: _lda(x).coef_,
        LDA_ratio=lambda x: _lda(x).explained_variance_ratio_,
        QDA=lambda x: (
            discriminant_analysis.QuadraticDiscriminantAnalysis().fit(x, _labels(x)).decision_function(x)
        ),
    ),
    *calls(
        "sklearn.mixture",
        "samples",
        GaussianMixture_means=lambda x: _mixture(x, "full").means_,
        GaussianMixture_covariances=lambda x: _mixture(x, "full").covariances_,
        GaussianMixture_weights=lambda x: _mixture(x, "full").weights_,
        GaussianMixture_score=lambda x: _mixture(x, "full").score_samples(x),
        GaussianMixture_probabilities=lambda x: _mixture(x, "full").predict_proba(x),
        GaussianMixture_tied=lambda x: _mixture(x, "tied").covariances_,
        GaussianMixture_diag=lambda x: _mixture(x, "diag").covariances_,
        GaussianMixture_spherical=lambda x: _mixture(x, "spherical").covariances_,
        GaussianMixture_bic=lambda x: _mixture(x, "full").bic(x),
        GaussianMixture_aic=lambda x: _mixture(x, "diag").aic(x),
        GaussianMixture_precisions=lambda x: _mixture(x, "full").precisions_cholesky_,
    ),
]


def _lda(x: Any) -> Any:
    return discriminant_analysis.LinearDiscriminantAnalysis(solver="svd").fit(x, _labels(x))


def _round_trip(x: Any) -> Any:
    model = decomposition.PCA(2, svd_solver="full").fit(x)
    return model.inverse_transform(model.transform(x))


def _mixture(x: Any, kind: str) -> Any:
    xp = x.__array_namespace__()
    means = xp.asarray([[-0.5, -0.4, -0.3], [0.6, 0.5, 0.4]])
    model = mixture.GaussianMixture(
        2,
        covariance_type=kind,
        max_iter=2,
        tol=0.0,
        init_params="random_from_data",
        random_state=0,
        means_init=means,
        weights_init=xp.asarray([0.5, 0.5]),
    )
    return model.fit(x)
