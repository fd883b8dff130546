"""Random small networks: convolutions of all sorts, linear layers, pooling, activations, branches."""

from __future__ import annotations

from hypothesis import strategies as st

from archsim.workload import (
    Activation,
    Add,
    AveragePool,
    Concat,
    Conv2d,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Network,
    Softmax,
    Spec,
    build_network,
)

SPARSITY = st.sampled_from([None, 0.0, 0.3, 0.9])


@st.composite
def convolutions(draw: st.DrawFn, name: str, channels: int, size: int) -> Conv2d:
    """A plain, grouped or depthwise convolution that fits its input."""
    kernel = draw(st.integers(1, min(3, size)))
    groups = draw(st.sampled_from([g for g in (1, 1, 2, 3, channels) if channels % g == 0]))
    return Conv2d(
        name=name,
        out_channels=groups * draw(st.integers(1, 6)),
        kernel=kernel,
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, kernel // 2)),
        dilation=draw(st.sampled_from([1, 1, 2])) if kernel * 2 - 1 <= size else 1,
        groups=groups,
        weight_sparsity=draw(SPARSITY),
        activation_sparsity=draw(SPARSITY),
    )


@st.composite
def networks(draw: st.DrawFn, most: int = 5) -> Network:
    """One to ``most`` layers of all ops, now and then with a branch that is added or stacked."""
    shape = (draw(st.integers(1, 12)), draw(size := st.integers(1, 10)), draw(size))
    specs: list[Spec] = []
    made: dict[str, tuple[int, int, int]] = {"input": shape}
    for index in range(draw(st.integers(1, most))):
        spec = draw(_layers(f"l{index}", made))
        made = {"input": shape} | _shapes(shape, [*specs, spec])
        specs.append(spec)
    return build_network("random", shape, specs)


def _shapes(shape: tuple[int, int, int], specs: list[Spec]) -> dict[str, tuple[int, int, int]]:
    return {layer.name: layer.output_shape for layer in build_network("n", shape, specs).layers}


def _layers(name: str, made: dict[str, tuple[int, int, int]]) -> st.SearchStrategy[Spec]:
    channels, rows, columns = list(made.values())[-1]
    smallest = min(rows, columns)
    options: list[st.SearchStrategy[Spec]] = [
        convolutions(name, channels, smallest),
        convolutions(name, channels, smallest),
        st.builds(Linear, name=st.just(name), out_channels=st.integers(1, 20), activation_sparsity=SPARSITY),
        st.builds(Activation, name=st.just(name), function=st.sampled_from(["relu", "relu6"])),
        st.builds(
            MaxPool, name=st.just(name), kernel=st.integers(1, min(3, smallest)), stride=st.integers(1, 3)
        ),
        st.builds(AveragePool, name=st.just(name), kernel=st.integers(1, min(3, smallest))),
        st.just(GlobalAveragePool(name=name)),
        st.just(Softmax(name=name)),
    ]
    last = list(made)[-1]
    alike = [other for other in made if other != last and made[other] == made[last]]
    joined = [other for other in made if other != last and made[other][1:] == made[last][1:]]
    if alike:
        options.append(st.just(Add(name=name, inputs=(alike[0], last))))
    if joined:
        options.append(st.just(Concat(name=name, inputs=(last, joined[-1]))))
    return st.one_of(options)


@st.composite
def mac_networks(draw: st.DrawFn) -> Network:
    """One to three layers with MACs."""
    shape = (draw(st.integers(1, 12)), draw(size := st.integers(1, 10)), draw(size))
    specs: list[Spec] = []
    channels, smallest = shape[0], min(shape[1:])
    for index in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            specs.append(Linear(name=f"l{index}", out_channels=draw(st.integers(1, 24))))
        else:
            specs.append(draw(convolutions(f"l{index}", channels, smallest)))
        channels, *size_now = list(_shapes(shape, specs).values())[-1]
        smallest = min(size_now)
    return build_network("random", shape, specs)
