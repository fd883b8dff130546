# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Exact search over tile sizes and loop orders of one layer.

Every term of a mapping's cost is a product of features of its four tile choices (groups, filters,
channels, pixels), so a candidate costs a few dozen operations and a whole block of pixel tiles is
skipped when even the best features of any pixel tile cannot beat the best mapping found so far.
"""

from libc.math cimport ceil, INFINITY

cdef enum:
    PIXELS = 0      # images, tile rows, tile columns | tiles, input sum, input max, tile pixels, folds
    COLUMNS_OF_PIXELS = 8

cdef struct Layer:
    double groups, filters, channels, pixels, taps
    double rows, columns, overhead, step, parallel, uncounted
    int streamed            # 0 pixels, 1 depth, 2 filters
    bint in_place, packs
    double weight_bits, input_bits, output_bits, sum_bits
    bint weights_in_cells, weights_loaded, inputs_staged, outputs_staged, doubled
    double free_bits, cell_bits, sums_held
    int objective           # 0 traffic, 1 latency, 2 energy, 3 edp
    double fill_weight_j, fill_input_j, store_output_j, spill_j
    double mac_j, input_read_j, weight_read_j, pass_j, output_j
    double sum_read_j, sum_write_j, weight_write_j, cycle_j, tile_j, static_w
    double weight_ps, input_ps, output_ps, spill_ps, port_ps, cycle_ps, latency_ps

cdef struct Choice:
    double groups, group_tiles, group_folds, groups_last
    double filters, filter_tiles, filter_folds, filter_folds_last
    double channels, channel_tiles, depth_folds, depth_folds_last
    double pixel_tiles, input_sum, input_max, pixels, pixel_folds

cdef struct Cost:
    double objective, time_ps, traffic_bits, tiles, energy_j, cycles, load_ps, fits

# Loop orders, outer to inner: position of filters, channels and pixels.
cdef int[6][3] POSITION = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]]
ORDERS = (
    ("filters", "channels", "pixels"),
    ("filters", "pixels", "channels"),
    ("channels", "filters", "pixels"),
    ("channels", "pixels", "filters"),
    ("pixels", "filters", "channels"),
    ("pixels", "channels", "filters"),
)


cdef inline double folds(double tiles, double full, double last) noexcept nogil:
    return (tiles - 1) * full + last


cdef inline double copies(bint doubled, double changes) noexcept nogil:
    return 2.0 if doubled and changes > 1 else 1.0


cdef double fold_rounds(Layer *L, Choice *t, double groups) noexcept nogil:
    """Rounds of folds that parallel arrays need for ``groups`` groups, over all filter and channel tiles."""
    cdef double k = t.filter_tiles - 1, c = t.channel_tiles - 1, p = L.parallel
    return (k * c * ceil(groups * t.filter_folds * t.depth_folds / p)
            + k * ceil(groups * t.filter_folds * t.depth_folds_last / p)
            + c * ceil(groups * t.filter_folds_last * t.depth_folds / p)
            + ceil(groups * t.filter_folds_last * t.depth_folds_last / p))


cdef double weight_folds(Layer *L, Choice *t) noexcept nogil:
    """Rounds of folds over all tiles; the folds of different groups may run at the same time."""
    if L.parallel > 1:
        return folds(t.group_tiles, fold_rounds(L, t, t.groups), fold_rounds(L, t, t.groups_last))
    return t.group_folds * folds(t.filter_tiles, t.filter_folds, t.filter_folds_last) * \
        folds(t.channel_tiles, t.depth_folds, t.depth_folds_last)


cdef double busy_cycles(Layer *L, Choice *t) noexcept nogil:
    cdef double f = folds(t.filter_tiles, t.filter_folds, t.filter_folds_last)
    cdef double d = folds(t.channel_tiles, t.depth_folds, t.depth_folds_last)
    cdef double depth = L.channels * L.taps
    cdef double total
    if L.streamed == 0:
        total = weight_folds(L, t) * (L.step * L.pixels + L.overhead * t.pixel_tiles)
    elif L.streamed == 1:
        total = t.group_folds * t.pixel_folds * f * (L.step * depth + L.overhead * t.channel_tiles)
    else:
        total = t.group_folds * d * t.pixel_folds * (L.step * L.filters + L.overhead * t.filter_tiles)
    return total - L.uncounted * (1 if L.packs else L.groups)


cdef inline double tile_count(Choice *t) noexcept nogil:
    return t.group_tiles * t.filter_tiles * t.channel_tiles * t.pixel_tiles


cdef double held_sums(Layer *L, Choice *t, bint spills) noexcept nogil:
    """Partial sums that the unit holds at once; see docs/models/mapping.md."""
    cdef double width
    if t.channel_tiles > 1 and not spills:
        return t.pixels * t.filters
    if L.in_place:
        return 0
    if L.streamed == 0:
        width = t.filters * (t.groups if L.packs else 1)
        return t.pixels * (width if width < L.columns else L.columns)
    width = t.pixels if t.pixels < L.columns else L.columns
    return t.filters * width


cdef bint fits(Layer *L, Choice *t, bint spills) noexcept nogil:
    cdef double fixed = t.group_tiles
    cdef double weights = t.groups * t.filters * t.channels * L.taps * L.weight_bits * copies(
        L.doubled, fixed * t.filter_tiles * t.channel_tiles)
    cdef double room = 0, out_bits
    if L.weights_in_cells:
        if L.weights_loaded and weights > L.cell_bits:
            return False
    elif L.weights_loaded:
        room = weights
    if L.inputs_staged:
        room += t.groups * t.channels * t.input_max * L.input_bits * copies(
            L.doubled, fixed * t.channel_tiles * t.pixel_tiles)
    if L.outputs_staged:
        out_bits = L.sum_bits if spills else L.output_bits
        room += t.groups * t.filters * t.pixels * out_bits * copies(
            L.doubled, fixed * t.filter_tiles * t.pixel_tiles)
    elif spills:
        return False
    return room <= L.free_bits and held_sums(L, t, spills) <= L.sums_held


cdef void operand_reads(Layer *L, Choice *t, double *inputs, double *weights, double *passes) noexcept nogil:
    cdef double depth = L.channels * L.taps
    cdef double f = folds(t.filter_tiles, t.filter_folds, t.filter_folds_last)
    cdef double d = folds(t.channel_tiles, t.depth_folds, t.depth_folds_last)
    if L.streamed == 0:
        inputs[0] = L.pixels * depth * (1 if L.packs else f)
        weights[0] = depth * L.filters * t.pixel_tiles
        passes[0] = L.pixels * L.filters * d
    elif L.streamed == 1:
        inputs[0] = L.pixels * depth * f
        weights[0] = depth * L.filters * t.pixel_folds
        passes[0] = L.pixels * L.filters * t.channel_tiles
    else:
        inputs[0] = L.pixels * depth * t.filter_tiles
        weights[0] = depth * L.filters * t.pixel_folds
        passes[0] = L.pixels * L.filters * d
    inputs[0] *= L.groups
    weights[0] *= L.groups
    passes[0] *= L.groups


cdef double loads(Layer *L, Choice *t, double weight_trips, double input_trips) noexcept nogil:
    """Tiles that load something, at least: those that load the operand which changes more often."""
    cdef double weights = 0, inputs = 0
    if L.weights_loaded:
        weights = t.group_tiles * t.filter_tiles * t.channel_tiles * weight_trips
    if L.inputs_staged:
        inputs = t.group_tiles * t.pixel_tiles * t.channel_tiles * input_trips
    return weights if weights > inputs else inputs


cdef Cost price(Layer *L, Choice *t, double weight_trips, double input_trips, bint spills) noexcept nogil:
    cdef Cost cost
    cdef double outputs = L.groups * L.filters * L.pixels
    cdef double again = t.channel_tiles - 1
    cdef double inputs, weights, passes, reads = 0, writes = 0
    cdef double weight_fill = 0, input_fill = 0, output_store = 0, spilled = 0
    operand_reads(L, t, &inputs, &weights, &passes)
    if L.weights_loaded:
        weight_fill = L.groups * L.filters * L.channels * L.taps * weight_trips * L.weight_bits
    if L.inputs_staged:
        input_fill = L.groups * L.channels * t.input_sum * input_trips * L.input_bits
    if L.outputs_staged:
        output_store = outputs * L.output_bits
    if spills:
        spilled = outputs * again * L.sum_bits
    if not L.in_place:
        writes = passes + (outputs * again if spills else 0)
        reads = passes - outputs + (outputs * again if spills else 0)
    elif not spills:
        writes = outputs * again
        reads = writes
    cost.cycles = busy_cycles(L, t)
    cost.traffic_bits = weight_fill + input_fill + output_store + 2 * spilled
    cost.energy_j = (
        weight_fill * L.fill_weight_j + input_fill * L.fill_input_j + output_store * L.store_output_j
        + spilled * L.spill_j + outputs * L.channels * L.taps * L.mac_j + inputs * L.input_read_j
        + weights * L.weight_read_j + passes * L.pass_j + outputs * L.output_j + reads * L.sum_read_j
        + writes * L.sum_write_j + cost.cycles * L.cycle_j
        + (weight_fill / L.weight_bits * L.weight_write_j if L.weights_in_cells else 0))
    cost.tiles = tile_count(t)
    cost.energy_j += cost.tiles * L.tile_j
    cost.load_ps = L.latency_ps * loads(L, t, weight_trips, input_trips) + (
        weight_fill * L.weight_ps + input_fill * L.input_ps + output_store * L.output_ps
        + 2 * spilled * L.spill_ps)
    cost.time_ps = estimated_ps(L, t, &cost, inputs, weights, outputs)
    cost.energy_j += L.static_w * cost.time_ps * 1e-12
    cost.objective = objective_of(L, &cost)
    return cost


cdef double estimated_ps(Layer *L, Choice *t, Cost *cost, double inputs, double weights, double outputs) noexcept nogil:
    """The longer of computing and moving, plus the first load and the last store that nothing hides."""
    cdef double port = inputs * L.input_bits + outputs * L.output_bits
    cdef double compute = cost.cycles * L.cycle_ps
    cdef double ramp = 0
    if not L.weights_in_cells:
        port += weights * L.weight_bits
    if port * L.port_ps > compute:
        compute = port * L.port_ps
    if L.weights_loaded:
        ramp = t.groups * t.filters * t.channels * L.taps * L.weight_bits * L.weight_ps
    if L.inputs_staged:
        ramp += t.groups * t.channels * t.input_max * L.input_bits * L.input_ps
    if L.outputs_staged:
        ramp += t.groups * t.filters * t.pixels * L.output_bits * L.output_ps
    if not L.doubled:
        return compute + cost.load_ps
    return (compute if compute > cost.load_ps else cost.load_ps) + ramp


cdef double objective_of(Layer *L, Cost *cost) noexcept nogil:
    if L.objective == 0:
        return cost.traffic_bits
    if L.objective == 1:
        return cost.time_ps
    if L.objective == 2:
        return cost.energy_j
    return cost.energy_j * cost.time_ps


cdef bint better(Cost *a, Cost *b) noexcept nogil:
    if a.objective != b.objective:
        return a.objective < b.objective
    if a.time_ps != b.time_ps:
        return a.time_ps < b.time_ps
    if a.traffic_bits != b.traffic_bits:
        return a.traffic_bits < b.traffic_bits
    return a.tiles < b.tiles


cdef Cost price_order(Layer *L, Choice *t, int order) noexcept nogil:
    """Cost of one mapping under a loop order: a tile is fetched again when a loop outside its own changes."""
    cdef int k = POSITION[order][0], c = POSITION[order][1], s = POSITION[order][2]
    cdef bint many_k = t.filter_tiles > 1, many_c = t.channel_tiles > 1, many_s = t.pixel_tiles > 1
    cdef bint weights_again = (many_k and k > s) or (many_c and c > s)
    cdef bint inputs_again = (many_s and s > k) or (many_c and c > k)
    cdef bint spills = many_c and ((many_s and s > c) or (many_k and k > c))
    cdef Cost cost = price(L, t, t.pixel_tiles if weights_again else 1, t.filter_tiles if inputs_again else 1, spills)
    cost.fits = 1 if fits(L, t, spills) else 0
    return cost


cdef bint hopeful(Layer *L, Choice *t, Cost *best) noexcept nogil:
    """Whether the choice fits and would beat the best so far if nothing were fetched twice."""
    cdef Cost cost
    if fits(L, t, False):
        cost = price(L, t, 1, 1, False)
        if cost.objective <= best.objective:
            return True
    if t.channel_tiles > 1 and fits(L, t, True):
        cost = price(L, t, 1, 1, True)
        return cost.objective <= best.objective
    return False


cdef Layer unpack(object problem):
    cdef Layer L
    L.groups = problem.groups
    L.filters = problem.filters
    L.channels = problem.channels
    L.pixels = problem.pixels
    L.taps = problem.taps
    L.rows = problem.array.rows
    L.columns = problem.array.columns
    L.overhead = problem.array.overhead_cycles
    L.step = problem.array.step_cycles
    L.parallel = problem.array.parallel_folds
    L.uncounted = problem.array.uncounted_cycles
    L.streamed = ("pixels", "depth", "filters").index(problem.array.streamed)
    L.in_place = problem.array.sums_in_place
    L.packs = problem.array.packs_groups
    L.weight_bits = problem.operands.weight_bits
    L.input_bits = problem.operands.input_bits
    L.output_bits = problem.operands.output_bits
    L.sum_bits = problem.operands.accumulator_bits
    L.weights_in_cells = problem.weights != "memory"
    L.weights_loaded = problem.weights != "resident" and problem.weights_staged
    L.inputs_staged = problem.inputs_staged
    L.outputs_staged = problem.outputs_staged
    L.doubled = problem.double_buffering
    L.free_bits = problem.free_bits
    L.cell_bits = problem.cell_bits
    L.sums_held = problem.sums_held
    L.objective = ("traffic", "latency", "energy", "edp").index(problem.objective)
    unpack_costs(&L, problem.costs)
    return L


cdef void unpack_costs(Layer *L, object costs) except *:
    L.fill_weight_j = costs.fill_weight_j
    L.fill_input_j = costs.fill_input_j
    L.store_output_j = costs.store_output_j
    L.spill_j = costs.spill_j
    L.mac_j = costs.mac_j
    L.input_read_j = costs.input_read_j
    L.weight_read_j = costs.weight_read_j
    L.pass_j = costs.pass_j
    L.output_j = costs.output_j
    L.sum_read_j = costs.sum_read_j
    L.sum_write_j = costs.sum_write_j
    L.weight_write_j = costs.weight_write_j
    L.cycle_j = costs.cycle_j
    L.tile_j = costs.tile_j
    L.static_w = costs.static_w
    L.latency_ps = costs.latency_ps
    L.weight_ps = costs.weight_ps
    L.input_ps = costs.input_ps
    L.output_ps = costs.output_ps
    L.spill_ps = costs.spill_ps
    L.port_ps = costs.port_ps
    L.cycle_ps = costs.cycle_ps


cdef void take_outer(Choice *t, double[::1] g, double[::1] k, double[::1] c) noexcept nogil:
    t.groups = g[0]
    t.group_tiles = g[1]
    t.group_folds = g[2]
    t.groups_last = g[3]
    t.filters = k[0]
    t.filter_tiles = k[1]
    t.filter_folds = k[2]
    t.filter_folds_last = k[3]
    t.channels = c[0]
    t.channel_tiles = c[1]
    t.depth_folds = c[2]
    t.depth_folds_last = c[3]


cdef inline void take_pixels(Choice *t, double[::1] s) noexcept nogil:
    t.pixel_tiles = s[3]
    t.input_sum = s[4]
    t.input_max = s[5]
    t.pixels = s[6]
    t.pixel_folds = s[7]


def evaluate(problem, double[::1] groups, double[::1] filters, double[::1] channels, double[::1] pixels, int order):
    """Cost of one mapping as a dict; rows are candidates as built by ``archsim.mapping.candidates``."""
    cdef Layer L = unpack(problem)
    cdef Choice t
    take_outer(&t, groups, filters, channels)
    take_pixels(&t, pixels)
    return price_order(&L, &t, order)


def search(problem, double[:, ::1] groups, double[:, ::1] filters, double[:, ::1] channels, double[:, ::1] pixels):
    """Best mapping as (cost dict, rows of the four candidate tables, order index), or None if none fits.

    Whole groups share a tile only where filters and channels are not split.
    """
    cdef Layer L = unpack(problem)
    cdef Choice t
    cdef Cost best, cost
    cdef Py_ssize_t g, k, c, s, i
    cdef int order, chosen = -1
    cdef Py_ssize_t[4] at
    cdef double[::1] least = pixels[0].copy()
    for s in range(pixels.shape[0]):
        for i in range(COLUMNS_OF_PIXELS):
            least[i] = min(least[i], pixels[s, i])
    best.objective = INFINITY
    with nogil:
        for g in range(groups.shape[0]):
            for k in range(filters.shape[0]):
                for c in range(channels.shape[0]):
                    if groups[g, 0] > 1 and (filters[k, 1] > 1 or channels[c, 1] > 1):
                        continue
                    take_outer(&t, groups[g], filters[k], channels[c])
                    take_pixels(&t, least)
                    if not hopeful(&L, &t, &best):
                        continue
                    for s in range(pixels.shape[0]):
                        take_pixels(&t, pixels[s])
                        if not hopeful(&L, &t, &best):
                            continue
                        for order in range(6):
                            cost = price_order(&L, &t, order)
                            if cost.fits > 0 and (chosen < 0 or better(&cost, &best)):
                                best = cost
                                chosen = order
                                at[0], at[1], at[2], at[3] = g, k, c, s
    if chosen < 0:
        return None
    return best, (at[0], at[1], at[2], at[3]), chosen


def pareto(double[:, ::1] rows):
    """Rows that no other row beats in columns 3.. at once; the first of equal rows stays."""
    import numpy
    cdef Py_ssize_t i, j, column, n = rows.shape[0], columns = rows.shape[1], kept = 0
    cdef bint beaten, worse
    keep_array = numpy.empty(n, dtype=numpy.intp)
    cdef Py_ssize_t[::1] keep = keep_array
    with nogil:
        for i in range(n):
            beaten = False
            for j in range(kept):
                worse = False
                for column in range(3, columns):
                    if rows[keep[j], column] > rows[i, column]:
                        worse = True
                        break
                if not worse:
                    beaten = True
                    break
            if not beaten:
                keep[kept] = i
                kept += 1
    return numpy.ascontiguousarray(numpy.asarray(rows)[keep_array[:kept]])
