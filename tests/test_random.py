"""A key is a value, its children differ, and it gives the same numbers everywhere."""

import copy
import itertools
import math
import pickle
import statistics
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.draws import KEY, REAL, drawn

import neo
import neo.numpy as nep
from neo.random.keys import words

# The cipher

# Random123's known answers for philox4x64-10: counter, key, block, the low word first.
ANSWERS = [
    ([0] * 4, [0] * 2, [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]),
    (
        [2**64 - 1] * 4,
        [2**64 - 1] * 2,
        [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0],
    ),
    (
        [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89],
        [0x452821E638D01377, 0xBE5466CF34E90C6C],
        [0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6],
    ),
]


@pytest.mark.parametrize(("counter", "key", "block"), ANSWERS)
def test_words_are_the_known_answers_of_philox(counter, key, block):
    low, high = key
    start = sum(word << 64 * k for k, word in enumerate(counter[:3]))

    found = words(neo.random.Key(high, low), 4, use=counter[3], start=start)

    assert found.tolist() == block


def test_words_do_not_depend_on_what_was_drawn_before_or_in_which_thread():
    alone = words(KEY, 6)

    words(neo.random.key(1), 3)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: words(KEY, 6), range(20)))

    assert all((x == alone).all() for x in found)


# Printed once; every processor and every version of NumPy has to give the same.
PINNED = {
    "normal": lambda: drawn(neo.random.normal, 4).view(np.uint64),
    "exponential": lambda: drawn(neo.random.exponential, 4).view(np.uint64),
    "gumbel": lambda: drawn(neo.random.gumbel, 4).view(np.uint64),
    "uniform": lambda: drawn(neo.random.uniform, 4).view(np.uint64),
    "integers": lambda: drawn(neo.random.integers, 4, 0, 10**15),
    "permutation": lambda: drawn(neo.random.permutation, 8),
    "keys": lambda: [KEY.low, *[key.high for key in (*neo.random.split(KEY), neo.random.fold_in(KEY, -1))]],
}


EXPECTED = {
    "normal": [0x3FD5BE36BB781C0A, 0x3FF7D49F772CD4B2, 0xBFF3B74C4C6D0BB4, 0xBFE47C3E338E01E7],
    "exponential": [0x3FC24376BA205C4D, 0x3FE216EFC5CB1FF1, 0x4001BC8F60B1274D, 0x3FF57D626A52ACA2],
    "gumbel": [0x3FFF276B910A0685, 0x3FE240B5410BCEF0, 0xBFE97A5C728DCFCC, 0xBFD2E11912EF52FA],
    "uniform": [0x3FEBBEB1D32D58E6, 0x3FE22E9C3C0D05C4, 0x3FBBE2B0995A1AD0, 0x3FD0B4C07B1A8ACC],
    "integers": [846441248764713, 250586734764708, 362556448854489, 194541494317095],
    "permutation": [2, 3, 4, 1, 7, 5, 6, 0],
    "keys": [0x279B4A78907EE08C, 0x251F3BC3A7ED7A5, 0x26670224D11097E5, 0x3A7ACA56F7B63471],
}


@pytest.mark.parametrize("name", PINNED)
def test_numbers_stay_what_they_are_to_the_last_bit(name):
    assert list(PINNED[name]()) == EXPECTED[name]


# Keys


def test_a_key_is_a_value():
    same = neo.random.key(2011)

    assert same == KEY
    assert hash(same) == hash(KEY)
    assert pickle.loads(pickle.dumps(KEY)) == KEY
    assert copy.deepcopy(KEY) == KEY
    assert eval(repr(KEY), {"Key": neo.random.Key}) == KEY
    with pytest.raises(AttributeError):
        KEY.high = 0


def test_children_of_many_keys_all_differ():
    parents = [neo.random.key(seed) for seed in (*range(-20, 20), 2**64, -(2**191), 2**191 - 1)]
    children = [k for p in parents for k in neo.random.split(p, 20)]
    children += [neo.random.fold_in(p, k) for p in parents for k in range(20)]
    grandchildren = [k for p in children for k in neo.random.split(p)]
    family = parents + children + grandchildren

    assert len(set(family)) == len(family)
    assert len({word for key in family for word in (key.high, key.low)}) == 2 * len(family)


def test_children_share_no_word_with_draws():
    drawn_words = set(words(KEY, 4000).tolist())
    family = [*neo.random.split(KEY, 1000), *[neo.random.fold_in(KEY, k) for k in range(100)]]

    assert not drawn_words & {word for key in family for word in (key.high, key.low)}


def test_a_longer_split_starts_with_the_shorter_one():
    assert neo.random.split(KEY, 9)[:4] == neo.random.split(KEY, 4)
    assert neo.random.split(KEY, 0) == ()


def test_streams_of_sibling_keys_are_uncorrelated():
    keys = [*neo.random.split(KEY, 20), *[neo.random.fold_in(KEY, k) for k in range(20)]]
    streams = np.stack([neo.random.normal(k, 2000).numpy() for k in keys])

    correlation = np.corrcoef(streams) - np.eye(len(keys))

    # 780 pairs of standard error 1 / sqrt(2000): the largest is near 3.2 of them.
    assert np.abs(correlation).max() < 4.5 / math.sqrt(2000)


def test_a_bit_of_the_seed_changes_half_the_bits_of_the_key():
    keys = [neo.random.key(1 << k) for k in range(0, 191, 5)]
    flipped = [
        (a.high ^ b.high).bit_count() + (a.low ^ b.low).bit_count()
        for a, b in itertools.combinations(keys, 2)
    ]

    assert 30 < min(flipped)
    assert max(flipped) < 98
    assert abs(statistics.mean(flipped) - 64) < 1


# One key, the same numbers

DRAWS = {
    "normal": lambda key, **where: neo.random.normal(key, (3, 5), **where),
    "uniform": lambda key, **where: neo.random.uniform(key, (3, 5), minval=-3, maxval=0.5, **where),
    "exponential": lambda key, **where: neo.random.exponential(key, (3, 5), **where),
    "gumbel": lambda key, **where: neo.random.gumbel(key, (3, 5), **where),
    "truncated_normal": lambda key, **where: neo.random.truncated_normal(key, -1, 2, (3, 5), **where),
}


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", DRAWS)
def test_a_key_gives_the_float64_numbers_rounded_on_every_library(xp, name, dtype):
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")
    exact = DRAWS[name](KEY).numpy()

    found = DRAWS[name](KEY, dtype=dtype, backend=xp.backend, device=xp.device)

    assert xp.owns(found.data)
    assert found.dtype == getattr(xp.xp, dtype)
    if dtype == "bfloat16":  # 8 bits: half a unit of the last is at most 2**-9 of the number
        assert (np.abs(found.numpy() - exact) <= np.abs(exact) * 2.0**-8 / (1 + 2.0**-8)).all()
    else:
        assert (found.numpy() == exact.astype(dtype)).all()


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_normal_numbers_are_the_same_on_every_library(xp, dtype):
    exact = neo.random.normal(KEY, (7,), "complex128").numpy()

    found = neo.random.normal(KEY, (7,), dtype, backend=xp.backend, device=xp.device)

    assert (found.numpy() == exact.astype(dtype)).all()


def test_picks_are_the_same_on_every_library(xp):
    where = {"backend": xp.backend, "device": xp.device}
    for draw in (
        lambda **where: neo.random.integers(KEY, (50,), -5, 100, **where),
        lambda **where: neo.random.permutation(KEY, 50, **where),
        lambda **where: neo.random.bernoulli(KEY, 0.3, (50,), **where),
        lambda **where: neo.random.categorical(KEY, [0.0, 1, 2], shape=(50,), **where),
        lambda **where: neo.random.choice(KEY, 9, (50,), p=np.arange(9.0), **where),
    ):
        assert draw(**where).data.dtype in (xp.xp.int64, xp.xp.bool)
        assert (draw(**where).numpy() == draw().numpy()).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_integers_are_the_same_in_every_dtype_that_holds_them(xp, dtype):
    found = neo.random.integers(KEY, (50,), 3, 100, dtype, backend=xp.backend, device=xp.device)

    assert found.dtype == getattr(xp.xp, dtype)
    assert (found.numpy() == drawn(neo.random.integers, (50,), 3, 100)).all()


def test_the_default_dtype_is_the_librarys(xp):
    with neo.backends.use(xp.backend, xp.device):
        found = neo.random.normal(KEY, (2,))

        assert found.dtype == neo.zeros(2).dtype
        assert xp.owns(found.data)


def test_numpys_dtypes_name_the_dtypes_of_every_library(xp):
    found = neo.random.normal(KEY, (2,), nep.float64, backend=xp.backend, device=xp.device)

    assert found.dtype == xp.xp.float64


@pytest.mark.parametrize(
    "draw",
    [
        lambda n: drawn(neo.random.normal, n),
        lambda n: drawn(neo.random.normal, n, "complex64"),
        lambda n: drawn(neo.random.uniform, n),
        lambda n: drawn(neo.random.gumbel, n),
        lambda n: drawn(neo.random.integers, n, 0, 3 << 61),
        lambda n: drawn(neo.random.categorical, [0, 0, 0], shape=(n, 2)),
    ],
)
def test_a_longer_draw_starts_with_the_shorter_one(draw):
    # Longer than a block of bits.in_blocks, and not a multiple of it.
    assert (draw(40_001)[:777] == draw(777)).all()


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 1), 3, [2, 2], np.int64(2), (np.int8(2), 1)])
def test_every_shape_works(xp, shape):
    where = {"backend": xp.backend, "device": xp.device}
    expected = (int(shape),) if isinstance(shape, int | np.integer) else tuple(shape)

    for found in (
        neo.random.normal(KEY, shape, **where),
        neo.random.normal(KEY, shape, "complex64", **where),
        neo.random.uniform(KEY, shape, **where),
        neo.random.truncated_normal(KEY, 0, 1, shape, **where),
        neo.random.integers(KEY, shape, 0, 7, **where),
        neo.random.bernoulli(KEY, 0.5, shape, **where),
        neo.random.categorical(KEY, [0.0, 1.0], shape=shape, **where),
        neo.random.choice(KEY, 5, shape, **where),
    ):
        assert found.shape == expected


# Without a key


def test_shapes_may_be_spelt_out():
    assert neo.randn(3, 4).shape == neo.randn((3, 4)).shape == neo.rand([3, 4]).shape == (3, 4)
    assert neo.randint(0, 5, 3, 4).shape == neo.randint(0, 5, (3, 4)).shape == (3, 4)
    assert neo.randn().shape == neo.rand(()).shape == neo.randint(0, 5).shape == ()
    assert neo.randn(3).shape == (3,)


def test_a_seed_repeats_and_no_seed_does_not():
    assert (neo.randn(5, seed=2011).numpy() == drawn(neo.random.normal, 5)).all()
    assert (neo.rand(5, seed=KEY).numpy() == drawn(neo.random.uniform, 5)).all()
    assert (neo.randint(0, 9, 5, seed=KEY).numpy() == drawn(neo.random.integers, 5, 0, 9)).all()
    assert neo.randn(5).tolist() != neo.randn(5).tolist()


def test_convenience_functions_make_arrays_of_every_library(xp):
    where = {"backend": xp.backend, "device": xp.device}

    assert xp.owns(neo.randn((2, 3), dtype="float32", **where).data)
    assert xp.owns(neo.rand(2, 3, **where).data)
    assert xp.owns(neo.randint(0, 3, 2, dtype="int32", **where).data)
