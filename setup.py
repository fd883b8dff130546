from Cython.Build import cythonize
from setuptools import Extension, setup

EXTENSIONS = [
    Extension("archsim._tiling", ["kernels/tiling.pyx"], extra_compile_args=["-O3", "-ffp-contract=off"]),
]

setup(ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", include_path=["kernels"]))
