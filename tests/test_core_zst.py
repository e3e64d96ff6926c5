"""Zstandard files: several frames, frames that were cut, and what a hostile one may cost."""

from __future__ import annotations

import io
import random
import tracemalloc

import pytest

from scraper.core import zst

NOISE = random.Random(1).randbytes(5_000)
SKIPPABLE = b"\x50\x2a\x4d\x18" + (7).to_bytes(4, "little") + b"comment"


def test_frames_that_stand_one_after_the_other_are_one_file() -> None:
    packed = zst.compress(NOISE) + SKIPPABLE + zst.compress(b"") + zst.compress(b"end")
    assert zst.reader(io.BytesIO(packed)).read() == NOISE + b"end"


@pytest.mark.parametrize("before", [b"", zst.compress(b"whole")])
def test_a_frame_that_was_cut_anywhere_is_no_end(before: bytes) -> None:
    checked = zst.compress(NOISE, options={zst.CompressionParameter.checksum_flag: 1})
    for length in (*range(1, len(checked), 97), len(checked) - 4, len(checked) - 1):
        with pytest.raises(EOFError):
            zst.reader(io.BytesIO(before + checked[:length])).read()


@pytest.mark.parametrize("packed", [zst.compress(NOISE) + b"garbage", b"\x1f\x8b" + bytes(20)])
def test_what_is_no_frame_is_damage(packed: bytes) -> None:
    with pytest.raises(zst.ZstdError):
        zst.reader(io.BytesIO(packed)).read()


def test_what_stands_before_a_fault_is_read() -> None:
    for after, fault in ((b"garbage", zst.ZstdError), (zst.compress(NOISE)[:-9], EOFError)):
        file = zst.reader(io.BytesIO(zst.compress(b"one\ntwo\n") + after))
        assert [file.readline(), file.readline()] == [b"one\n", b"two\n"]
        with pytest.raises(fault):
            file.read()


@pytest.mark.parametrize(("log", "is_taken"), [(27, True), (28, False)])
def test_a_frame_that_needs_more_memory_than_128_mb_is_refused(log: int, is_taken: bool) -> None:
    compressor = zst.ZstdCompressor(options={zst.CompressionParameter.window_log: log})
    packed = compressor.compress(NOISE) + compressor.flush()
    if is_taken:
        assert zst.reader(io.BytesIO(packed)).read() == NOISE
    else:
        with pytest.raises(zst.ZstdError):
            zst.reader(io.BytesIO(packed)).read()


def test_a_bomb_is_unpacked_piece_by_piece() -> None:
    packed = zst.compress(bytes(2**28))
    assert len(packed) < 2**15
    tracemalloc.start()
    try:
        file, size = zst.reader(io.BytesIO(packed)), 0
        while piece := file.read(2**16):
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 2**28
    assert peak < 2**20


def test_what_a_writer_packed_is_one_whole_frame_and_leaves_the_file_open() -> None:
    file = io.BytesIO()
    with zst.writer(file) as out:
        for number in range(1000):
            out.write(b"%d\n" % number)
    assert zst.decompress(file.getvalue()).split() == [b"%d" % number for number in range(1000)]
