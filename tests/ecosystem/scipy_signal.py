"""scipy.signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from .calls import calls, named


def _like(x: Any, values: Any) -> Any:
    """Return values as an array of the library of x: SciPy wants one namespace in a call."""
    return x.__array_namespace__().asarray(values)


WINDOW = np.hanning(8)
SOS = np.asarray([[0.2, 0.3, 0.1, 1.0, -0.4, 0.1], [0.5, 0.1, 0.2, 1.0, 0.2, 0.05]])

CALLS = [
    *named("scipy.signal", signal, "signal taps", "convolve correlate fftconvolve oaconvolve"),
    *named("scipy.signal", signal, "image even", "convolve2d correlate2d"),
    *named("scipy.signal", signal, "signal", "detrend hilbert"),
    *named("scipy.signal", signal, "long", "welch periodogram"),
    *named("scipy.signal", signal, "image", "hilbert2 wiener medfilt2d"),
    *calls(
        "scipy.signal",
        "signal taps",
        convolve_same=lambda x, w: signal.convolve(x, w, mode="same"),
        convolve_direct=lambda x, w: signal.convolve(x, w, method="direct"),
        convolve_fft=lambda x, w: signal.convolve(x, w, method="fft"),
        fftconvolve_valid=lambda x, w: signal.fftconvolve(x, w, mode="valid"),
        correlate_fft=lambda x, w: signal.correlate(x, w, method="fft"),
        oaconvolve_same=lambda x, w: signal.oaconvolve(x, w, mode="same"),
        lfilter=lambda x, w: signal.lfilter(w, 1.0, x),
        upfirdn=lambda x, w: signal.upfirdn(w, x, 2, 1),
        deconvolve=lambda x, w: signal.deconvolve(x, w + 1),
    ),
    *calls(
        "scipy.signal",
        "signal filter",
        lfilter_iir=lambda x, a: signal.lfilter([1.0, 0.5], a, x),
        filtfilt=lambda x, a: signal.filtfilt([1.0, 0.5], a, x, padlen=3),
        lfiltic=lambda x, a: signal.lfiltic([1.0, 0.5], a, x),
    ),
    *calls(
        "scipy.signal",
        "signal",
        detrend_constant=lambda x: signal.detrend(x, type="constant"),
        detrend_linear=lambda x: signal.detrend(x, type="linear"),
        resample=lambda x: signal.resample(x, 20),
        resample_down=lambda x: signal.resample(x, 10),
        resample_poly=lambda x: signal.resample_poly(x, 3, 2),
        decimate=lambda x: signal.decimate(x, 2, ftype="fir"),
        savgol_filter=lambda x: signal.savgol_filter(x, 5, 2),
        medfilt=lambda x: signal.medfilt(x, 3),
        order_filter=lambda x: signal.order_filter(x, np.ones(3), 1),
        sosfilt=lambda x: signal.sosfilt(_like(x, SOS), x),
        sosfiltfilt=lambda x: signal.sosfiltfilt(_like(x, SOS), x, padlen=4),
        lfilter_of_constants=lambda x: signal.lfilter([1.0, 0.5], _like(x, [1.0, 0.2]), x),
        envelope=lambda x: signal.envelope(x),
        cspline1d=lambda x: signal.cspline1d(x),
        qspline1d=lambda x: signal.qspline1d(x),
        czt=lambda x: signal.czt(x),
        zoom_fft=lambda x: signal.zoom_fft(x, 0.5),
        hilbert_padded=lambda x: signal.hilbert(x, N=20),
        vectorstrength=lambda x: signal.vectorstrength(x, 2.0),
        gauss_spline=lambda x: signal.gauss_spline(x, 3),
        peak_prominences=lambda x: signal.peak_prominences(x, [3]),
    ),
    *calls(
        "scipy.signal",
        "scalar",
        gausspulse=lambda t: signal.gausspulse(t, fc=1.0),
        chirp=lambda t: signal.chirp(t, 1.0, 2.0, 3.0),
        chirp_quadratic=lambda t: signal.chirp(t, 1.0, 2.0, 3.0, method="quadratic"),
        sawtooth=lambda t: signal.sawtooth(t),
        sweep_poly=lambda t: signal.sweep_poly(t, np.poly1d([0.3, 0.2, 1.0])),
    ),
    *calls(
        "scipy.signal",
        "long",
        welch_segments=lambda x: signal.welch(x, nperseg=16)[1],
        periodogram_window=lambda x: signal.periodogram(x, window="hann")[1],
        spectrogram=lambda x: signal.spectrogram(x, nperseg=8)[2],
        stft=lambda x: signal.stft(x, nperseg=8)[2],
        short_time=lambda x: signal.ShortTimeFFT(WINDOW, 4, 1.0).stft(x),
        short_time_spectrogram=lambda x: signal.ShortTimeFFT(WINDOW, 4, 1.0).spectrogram(x),
        istft=lambda x: signal.istft(signal.stft(x, nperseg=8)[2], nperseg=8)[1],
    ),
    *calls(
        "scipy.signal",
        "long long",
        csd=lambda x, y: signal.csd(x, y, nperseg=16)[1],
        coherence=lambda x, y: signal.coherence(x, y, nperseg=16)[1],
        lombscargle=lambda x, y: signal.lombscargle(np.arange(40.0), y, _like(x, [0.5, 1.0])),
    ),
    *calls(
        "scipy.signal",
        "filter",
        freqz=lambda b: signal.freqz(b, _like(b, [1.0, 0.3]), worN=8)[1],
        freqz_of_both=lambda b: signal.freqz([1.0, 0.3], b, worN=8)[1],
        freqs=lambda b: signal.freqs(b, _like(b, [1.0, 0.3]), worN=_like(b, [0.5, 1.0]))[1],
        group_delay=lambda b: signal.group_delay((b, _like(b, [1.0])), w=8)[1],
        tf2zpk=lambda b: signal.tf2zpk(b, _like(b, [1.0, 0.3]))[2],
        tf2sos=lambda b: signal.tf2sos(b, _like(b, [1.0, 0.3])),
        bilinear=lambda b: signal.bilinear(b, _like(b, [1.0, 0.3])),
        normalize=lambda b: signal.normalize(b, _like(b, [2.0, 0.3])),
        minimum_phase=lambda b: signal.minimum_phase(b),
        residue=lambda b: signal.residue(b, _like(b, [1.0, 0.5, 0.06])),
        lp2lp=lambda b: signal.lp2lp(b, _like(b, [1.0, 0.3]), 2.0),
        lp2hp=lambda b: signal.lp2hp(b, _like(b, [1.0, 0.3]), 2.0),
        lp2bp=lambda b: signal.lp2bp(b, _like(b, [1.0, 0.3]), 2.0, 0.5),
        lp2bs=lambda b: signal.lp2bs(b, _like(b, [1.0, 0.3]), 2.0, 0.5),
        freqz_zpk=lambda z: signal.freqz_zpk(z, _like(z, [0.2]), 1.0, worN=8)[1],
        freqs_zpk=lambda z: signal.freqs_zpk(z, _like(z, [0.2]), 1.0, worN=_like(z, [0.5, 1.0]))[1],
        zpk2tf=lambda z: signal.zpk2tf(z, _like(z, [0.2]), 1.0),
        zpk2sos=lambda z: signal.zpk2sos(z, z * 0.5, 1.0),
        lp2lp_zpk=lambda z: signal.lp2lp_zpk(z, z * 0.5, 1.0, 2.0)[0],
        lp2hp_zpk=lambda z: signal.lp2hp_zpk(z, z * 0.5, 1.0, 2.0)[0],
        lp2bp_zpk=lambda z: signal.lp2bp_zpk(z, z * 0.5, 1.0, 2.0, 0.5)[0],
        lp2bs_zpk=lambda z: signal.lp2bs_zpk(z, z * 0.5, 1.0, 2.0, 0.5)[0],
    ),
    *calls(
        "scipy.signal",
        "image",
        detrend_axis=lambda x: signal.detrend(x, axis=0),
        resample_axis=lambda x: signal.resample(x, 9, axis=1),
        savgol_axis=lambda x: signal.savgol_filter(x, 5, 2, axis=1),
        hilbert_axis=lambda x: signal.hilbert(x, axis=0),
        sepfir2d=lambda x: signal.sepfir2d(x, _like(x, [0.2, 0.5, 0.2]), _like(x, [0.2, 0.5, 0.2])),
        welch_axis=lambda x: signal.welch(x, nperseg=4, axis=1)[1],
    ),
]
