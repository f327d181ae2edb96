"""scipy.special and scipy.fft."""

from __future__ import annotations

from scipy import fft, special

from .calls import calls, named

_ONE = """cbrt cosdg cosm1 cotdg dawsn ellipe ellipk ellipkm1 entr erf erfc erfcx erfi erfinv erfcinv exp1
exp10 exp2 expi expit expm1 exprel gamma gammaln gammasgn i0 i0e i1 i1e j0 j1 k0 k0e k1 k1e log1p log_expit
log_ndtr loggamma logit ndtr ndtri psi rgamma sinc sindg spence
tandg y0 y1 zetac softmax log_softmax logsumexp"""
_TWO = """beta betaln binom boxcox boxcox1p chdtr chdtrc gammainc gammaincc gammaincinv gammainccinv huber
inv_boxcox inv_boxcox1p kl_div pseudo_huber rel_entr xlog1py xlogy chdtri"""

CALLS = [
    *named("scipy.special", special, "unit", _ONE),
    *calls(
        "scipy.special",
        "above_one",
        zeta=lambda x: special.zeta(x),
        ndtri_exp=lambda x: special.ndtri_exp(-x),
    ),
    *named("scipy.special", special, "unit unit", _TWO),
    *calls(
        "scipy.special",
        "positive",
        pdtr=lambda x: special.pdtr(3.0, x),
        pdtrc=lambda x: special.pdtrc(3.0, x),
        pdtri=lambda x: special.pdtri(3, x / 4),
        stdtr=lambda x: special.stdtr(3.0, x),
        stdtrit=lambda x: special.stdtrit(3.0, x / 4),
        expn=lambda x: special.expn(2, x),
        iv=lambda x: special.iv(2, x),
        ive=lambda x: special.ive(2, x),
        jv=lambda x: special.jv(2, x),
        kv=lambda x: special.kv(2, x),
        kve=lambda x: special.kve(2, x),
        yv=lambda x: special.yv(2, x),
        jn=lambda x: special.jn(2, x),
        kn=lambda x: special.kn(2, x),
        yn=lambda x: special.yn(2, x),
        polygamma=lambda x: special.polygamma(1, x),
        multigammaln=lambda x: special.multigammaln(x + 2, 2),
        poch=lambda x: special.poch(x, 2.0),
        zeta_of_two=lambda x: special.zeta(3.0, x),
        gdtr=lambda x: special.gdtr(1.5, 2.0, x),
        gdtrc=lambda x: special.gdtrc(1.5, 2.0, x),
        fdtr=lambda x: special.fdtr(3.0, 4.0, x),
        fdtrc=lambda x: special.fdtrc(3.0, 4.0, x),
        hyp1f1=lambda x: special.hyp1f1(1.5, 2.5, x),
        radian=lambda x: special.radian(x, 1.0, 2.0),
    ),
    *calls(
        "scipy.special",
        "unit",
        bdtr=lambda x: special.bdtr(2, 5, x),
        bdtrc=lambda x: special.bdtrc(2, 5, x),
        bdtri=lambda x: special.bdtri(2, 5, x),
        nbdtr=lambda x: special.nbdtr(2, 5, x),
        nbdtrc=lambda x: special.nbdtrc(2, 5, x),
        nbdtri=lambda x: special.nbdtri(2, 5, x),
        betainc=lambda x: special.betainc(2.0, 3.0, x),
        betaincc=lambda x: special.betaincc(2.0, 3.0, x),
        betaincinv=lambda x: special.betaincinv(2.0, 3.0, x),
        betainccinv=lambda x: special.betainccinv(2.0, 3.0, x),
        fdtri=lambda x: special.fdtri(3.0, 4.0, x),
        hyp2f1=lambda x: special.hyp2f1(0.5, 1.5, 2.5, x),
        lpmv=lambda x: special.lpmv(1, 2, x),
        logsumexp_weighted=lambda x: special.logsumexp(x, b=2.0 * x),
        softmax_axis=lambda x: special.softmax(x, axis=0),
    ),
    *named("scipy.fft", fft, "signal", "fft ifft rfft ihfft hfft irfft"),
    *named("scipy.fft", fft, "even", "fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn"),
    *named("scipy.fft", fft, "even", "hfft2 ihfft2 hfftn ihfftn"),
    *named("scipy.fft", fft, "signal", "fftshift ifftshift dct idct dst idst"),
    *named("scipy.fft", fft, "even", "dctn idctn dstn idstn"),
    *calls(
        "scipy.fft",
        "signal",
        fft_padded=lambda x: fft.fft(x, n=20),
        rfft_ortho=lambda x: fft.rfft(x, norm="ortho"),
        irfft_odd=lambda x: fft.irfft(x, n=15),
        fht=lambda x: fft.fht(x, 0.1, 0.5),
        ifht=lambda x: fft.ifht(x, 0.1, 0.5),
    ),
]
