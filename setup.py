import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

# Apple's clang has no OpenMP: kernels run on one thread there. Sums wrap modulo 2^32 by intention.
THREADS = [] if sys.platform in {"darwin", "win32"} else ["-fopenmp"]
# One request passes all files of the kernel: with functions inlined across them it takes a fifth less time.
ACROSS_FILES = [] if sys.platform in {"darwin", "win32"} else ["-flto"]
DRAM_PARTS = ("choice", "controller", "queue", "stream", "timing")
PARTS = [f"kernels/integer{part}.c" for part in ("_driver", "_portable", "_avx2", "_avx512")]

EXTENSIONS = [
    Extension("archsim._tiling", ["kernels/tiling.pyx"], extra_compile_args=["-O3", "-ffp-contract=off"]),
    Extension("archsim._codes", ["kernels/codes.pyx"], extra_compile_args=["-O3", "-ffp-contract=off"]),
    Extension(
        "archsim._integer",
        ["kernels/integer.pyx", *PARTS],
        include_dirs=["kernels"],
        extra_compile_args=["-O3", "-fwrapv", *THREADS],
        extra_link_args=THREADS,
    ),
    Extension(
        "archsim._bitline",
        ["kernels/bitline.pyx", "kernels/bitline_readout.c"],
        include_dirs=["kernels"],
        extra_compile_args=["-O3", "-ffp-contract=off", *THREADS],
        extra_link_args=THREADS,
    ),
    Extension(
        "archsim._dram",
        ["kernels/dram.pyx", *(f"kernels/dram_{part}.c" for part in DRAM_PARTS)],
        include_dirs=["kernels"],
        extra_compile_args=["-O3", "-fvisibility=hidden", *ACROSS_FILES],
        extra_link_args=ACROSS_FILES,
    ),
]

setup(ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", include_path=["kernels"]))
