"""scipy.stats."""

from __future__ import annotations

import numpy as np
from scipy import stats

from .calls import calls, named

CALLS = [
    *named(
        "scipy.stats",
        stats,
        "data",
        "skew kurtosis sem zscore variation kstat kstatvar tmean tvar tmin tmax tstd tsem",
    ),
    *named("scipy.stats", stats, "data", "circmean circvar circstd iqr median_abs_deviation expectile"),
    *named(
        "scipy.stats",
        stats,
        "data",
        "normaltest skewtest kurtosistest jarque_bera describe differential_entropy",
    ),
    *named("scipy.stats", stats, "data", "shapiro rankdata yeojohnson lmoment"),
    *named(
        "scipy.stats", stats, "positive", "gmean hmean gstd entropy gzscore boxcox power_divergence chisquare"
    ),
    *named("scipy.stats", stats, "positive positive", "entropy zmap"),
    *named(
        "scipy.stats",
        stats,
        "data more",
        "pearsonr spearmanr kendalltau weightedtau ttest_ind ttest_rel mannwhitneyu",
    ),
    *named(
        "scipy.stats",
        stats,
        "data more",
        "wilcoxon ks_2samp ranksums brunnermunzel mood ansari wasserstein_distance",
    ),
    *named(
        "scipy.stats",
        stats,
        "data more",
        "energy_distance linregress theilslopes siegelslopes f_oneway bartlett",
    ),
    *named(
        "scipy.stats",
        stats,
        "data more",
        "levene fligner kruskal alexandergovern cramervonmises_2samp chatterjeexi",
    ),
    *named("scipy.stats", stats, "data more", "pointbiserialr zmap"),
    *calls(
        "scipy.stats",
        "data",
        moment=lambda x: stats.moment(x, 3),
        pmean=lambda x: stats.pmean(x * x + 1, 2.5),
        skew_unbiased=lambda x: stats.skew(x, bias=False),
        kurtosis_unbiased=lambda x: stats.kurtosis(x, bias=False),
        zscore_ddof=lambda x: stats.zscore(x, ddof=1),
        kstat_3=lambda x: stats.kstat(x, 3),
        kstat_4=lambda x: stats.kstat(x, 4),
        trim_mean=lambda x: stats.trim_mean(x, 0.2),
        trimboth=lambda x: stats.trimboth(x, 0.1),
        trim1=lambda x: stats.trim1(x, 0.1),
        tmean_limits=lambda x: stats.tmean(x, (-1.6, 1.6)),
        tvar_limits=lambda x: stats.tvar(x, (-1.6, 1.6)),
        ttest_1samp=lambda x: stats.ttest_1samp(x, 0.3),
        boxcox_llf=lambda x: stats.boxcox_llf(0.7, x * x + 1),
        yeojohnson_llf=lambda x: stats.yeojohnson_llf(0.7, x),
        quantile=lambda x: stats.quantile(x, 0.3),
        quantile_hazen=lambda x: stats.quantile(x, 0.3, method="hazen"),
        quantile_harrell_davis=lambda x: stats.quantile(x, 0.3, method="harrell-davis"),
        obrientransform=lambda x: stats.obrientransform(x, x * 2)[0],
        kstest=lambda x: stats.kstest(x, stats.norm.cdf),
        cramervonmises=lambda x: stats.cramervonmises(x, stats.norm.cdf),
        sigmaclip=lambda x: stats.sigmaclip(x)[0],
        bayes_mvs=lambda x: stats.bayes_mvs(x),
        mvsdist=lambda x: stats.mvsdist(x)[0].mean(),
        boxcox_lambda=lambda x: stats.boxcox(x * x + 1, lmbda=0.5),
        yeojohnson_lambda=lambda x: stats.yeojohnson(x, lmbda=0.5),
        siegelslopes_of_one=lambda x: stats.siegelslopes(x),
        mode=lambda x: stats.mode(x).mode,
        gaussian_kde=lambda x: stats.gaussian_kde(x)(x[:3]),
        ecdf=lambda x: stats.ecdf(x).cdf.quantiles,
    ),
    *calls(
        "scipy.stats",
        "rates",
        combine_pvalues_fisher=lambda p: stats.combine_pvalues(p, method="fisher"),
        combine_pvalues_pearson=lambda p: stats.combine_pvalues(p, method="pearson"),
        combine_pvalues_stouffer=lambda p: stats.combine_pvalues(p, method="stouffer"),
        combine_pvalues_tippett=lambda p: stats.combine_pvalues(p, method="tippett"),
        combine_pvalues_mudholkar=lambda p: stats.combine_pvalues(p, method="mudholkar_george"),
        false_discovery_control=lambda p: stats.false_discovery_control(p),
        norm_pdf=lambda p: stats.norm.pdf(p),
        norm_cdf=lambda p: stats.norm.cdf(p),
        norm_logpdf=lambda p: stats.norm.logpdf(p),
        norm_ppf=lambda p: stats.norm.ppf(p),
    ),
    *calls(
        "scipy.stats",
        "counts counts",
        chisquare_expected=lambda f, e: stats.chisquare(
            f, e * (f.sum() / e.sum()) if hasattr(f, "sum") else e
        ),
        power_divergence_log=lambda f, e: stats.power_divergence(
            f, e * (f.sum() / e.sum()), lambda_="log-likelihood"
        ),
        power_divergence_neyman=lambda f, e: stats.power_divergence(
            f, e * (f.sum() / e.sum()), lambda_="neyman"
        ),
        power_divergence_cressie=lambda f, e: stats.power_divergence(
            f, e * (f.sum() / e.sum()), lambda_="cressie-read"
        ),
        power_divergence_freeman=lambda f, e: stats.power_divergence(
            f, e * (f.sum() / e.sum()), lambda_="freeman-tukey"
        ),
    ),
    *calls(
        "scipy.stats",
        "samples",
        skew_axis=lambda x: stats.skew(x, axis=1),
        kurtosis_axis=lambda x: stats.kurtosis(x, axis=0),
        zscore_axis=lambda x: stats.zscore(x, axis=1),
        sem_axis=lambda x: stats.sem(x, axis=0),
        variation_axis=lambda x: stats.variation(x, axis=0),
        moment_axis=lambda x: stats.moment(x, 4, axis=None),
        directional_stats=lambda x: stats.directional_stats(x).mean_direction,
        directional_length=lambda x: stats.directional_stats(x).mean_resultant_length,
        circmean_axis=lambda x: stats.circmean(x, axis=0),
        ttest_1samp_axis=lambda x: stats.ttest_1samp(x, 0.1, axis=0),
        gmean_axis=lambda x: stats.gmean(x * x + 1, axis=0),
        hmean_axis=lambda x: stats.hmean(x * x + 1, axis=0),
        pmean_axis=lambda x: stats.pmean(x * x + 1, -1.5, axis=0),
        iqr_axis=lambda x: stats.iqr(x, axis=0),
        median_abs_deviation_axis=lambda x: stats.median_abs_deviation(x, axis=0),
        tmean_axis=lambda x: stats.tmean(x, axis=0),
        tvar_axis=lambda x: stats.tvar(x, axis=0),
        jarque_bera_axis=lambda x: stats.jarque_bera(x, axis=0),
        normaltest_axis=lambda x: stats.normaltest(x, axis=0),
        skewtest_axis=lambda x: stats.skewtest(x, axis=0),
        kstat_axis=lambda x: stats.kstat(x, 2, axis=0),
        entropy_axis=lambda x: stats.entropy(x * x + 1, axis=1),
        differential_entropy_axis=lambda x: stats.differential_entropy(x, axis=0),
        multivariate_normal=lambda x: stats.multivariate_normal.logpdf(x, np.zeros(3), np.eye(3)),
    ),
    *calls(
        "scipy.stats",
        "samples samples",
        pearsonr_axis=lambda x, y: stats.pearsonr(x, y, axis=0),
        ttest_ind_axis=lambda x, y: stats.ttest_ind(x, y, axis=0),
        ttest_ind_welch=lambda x, y: stats.ttest_ind(x, y, axis=0, equal_var=False),
        ttest_ind_trimmed=lambda x, y: stats.ttest_ind(x, y, axis=0, trim=0.2),
        ttest_rel_axis=lambda x, y: stats.ttest_rel(x, y, axis=0),
        f_oneway_axis=lambda x, y: stats.f_oneway(x, y, axis=0),
        bartlett_axis=lambda x, y: stats.bartlett(x, y, axis=0),
        levene_mean=lambda x, y: stats.levene(x, y, axis=0, center="mean"),
    ),
]
