"""The SimPy engine: one process per compute unit executes the parts that are ready, in network order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import simpy

from archsim.adaptation.managers.base import Manager, Observation
from archsim.errors import DeadlockError
from archsim.hardware.architecture import Architecture
from archsim.mapping.patterns import Addresses
from archsim.mapping.schedule import Part, Schedule
from archsim.simulation.clock import Clock
from archsim.simulation.dram_port import DramActivity
from archsim.simulation.pipeline import Pipeline, Record, Sites
from archsim.simulation.port import Events, Port
from archsim.simulation.ports import Fabric
from archsim.simulation.recorder import Recorder

Progress = Callable[[int, int, str], None]
"""Called with executions done, executions in all, and the name of the layer that was finished."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What happened: per part what was counted, per port what was moved, and when the last part ended."""

    schedule: Schedule
    records: tuple[Record, ...]
    ports: dict[str, Port]
    makespan_ps: int
    drams: Mapping[str, DramActivity] = field(default_factory=dict)


@dataclass(slots=True)
class _Job:
    image: int
    index: int
    missing: int
    followers: list[_Job] = field(default_factory=list)
    done: bool = False

    def __lt__(self, other: _Job) -> bool:
        return (self.image, self.index) < (other.image, other.index)


@dataclass(slots=True)
class _Queue:
    """Parts that one unit may start, and the event on which it waits when there are none."""

    left: int = 0
    ready: list[_Job] = field(default_factory=list)
    wake: simpy.Event | None = None


@dataclass(slots=True)
class Engine:
    """Executes a schedule on an architecture.

    A unit takes, among the parts that are ready, the one of the earliest image and layer. It never waits
    while another part is ready.
    """

    architecture: Architecture
    schedule: Schedule
    progress: Progress | None = None
    recorder: Recorder | None = None
    env: simpy.Environment = field(default_factory=lambda: simpy.Environment(initial_time=0))
    fabric: Fabric = field(init=False)
    addresses: Addresses | None = field(init=False)
    records: tuple[Record, ...] = field(init=False)
    _jobs: list[_Job] = field(init=False)
    _queues: dict[str, _Queue] = field(init=False)
    _finished: int = 0

    def __post_init__(self) -> None:
        self.fabric = Fabric(self.architecture, max(1, len(self.schedule.parts)))
        self.addresses = Addresses(self.schedule) if self.fabric.has_controllers else None
        self.records = tuple(Record() for _ in self.schedule.parts)
        self._jobs = _jobs(self.schedule)
        self._queues = {name: _Queue() for name in self.architecture.compute}
        for job in self._jobs:
            self._queues[self._part(job).unit].left += 1

    def run(self) -> Execution:
        """Run until all parts are done.

        Raises
        ------
        DeadlockError
            If events run out before; names who waits for what.
        """
        for job in self._jobs:
            if not job.missing:
                self._announce(job)
        for unit in self.architecture.compute:
            self.env.process(self._serve(unit))
        self.env.run()
        if self._finished < len(self._jobs):
            raise DeadlockError(self._who_waits())
        ends = [end for record in self.records for _, end in record.intervals]
        drams = self.fabric.finish(max(ends, default=0))
        makespan_ps = max([0, *ends, *(dram.drained_ps for dram in drams.values())])
        return Execution(self.schedule, self.records, self.fabric.ports, makespan_ps, drams)

    def _part(self, job: _Job) -> Part:
        return self.schedule.parts[job.index]

    def _announce(self, job: _Job) -> None:
        queue = self._queues[self._part(job).unit]
        heapq.heappush(queue.ready, job)
        if queue.wake is not None:
            queue.wake.succeed()
            queue.wake = None

    def _serve(self, unit: str) -> Events:
        queue = self._queues[unit]
        while queue.left:
            if not queue.ready:
                queue.wake = self.env.event()
                yield queue.wake
            else:
                queue.left -= 1
                yield from self._execute(heapq.heappop(queue.ready))

    def _execute(self, job: _Job) -> Events:
        part, record = self._part(job), self.records[job.index]
        self._consult(job)
        unit = self.architecture.compute[part.unit]
        clock = Clock(unit.clock_hz)
        first = clock.cycle_at(int(self.env.now))
        yield self.env.timeout(clock.edge_ps(first) - int(self.env.now))
        memory = self.architecture.memories[unit.memory]
        pipeline = Pipeline(
            env=self.env,
            fabric=self.fabric,
            clock=clock,
            part=part,
            record=record,
            double_buffering=unit.double_buffering,
            overlaps_activations=unit.overlaps_activations,
            port_bits_per_ps=memory.bits_per_ps(unit.clock_hz),
            banks=self.fabric.ports[unit.memory].banks,
            places=self._sites(job),
            scribe=None if self.recorder is None else self.recorder.scribe(job.index, part),
        )
        yield from pipeline.run()
        last = clock.cycle_at(int(self.env.now))
        yield self.env.timeout(clock.edge_ps(last) - int(self.env.now))
        record.cycles += last - first
        record.intervals.append((clock.edge_ps(first), clock.edge_ps(last)))
        self._finish(job)

    def _sites(self, job: _Job) -> Sites | None:
        if self.addresses is None:
            return None
        return Sites(self.addresses, self._part(job), job.index, job.image)

    def _consult(self, job: _Job) -> None:
        """Let the manager decide at the boundary before a part.

        Raises
        ------
        InputError
            If it sets a knob that no part of the architecture has.
        """
        part = self._part(job)
        observation = Observation(
            time_ps=int(self.env.now),
            image=job.image,
            layer=part.layer.name,
            unit=part.unit,
            queued=len(self._queues[part.unit].ready),
        )
        manager = cast(Manager, self.architecture.manager)
        for knob in manager.decide(observation):
            message = f"manager '{manager.kind}' sets '{knob}', but no part has a knob of that name"
            raise self.architecture.fault(message, "manager")

    def _finish(self, job: _Job) -> None:
        job.done = True
        self._finished += 1
        if self.progress is not None:
            self.progress(self._finished, len(self._jobs), self._part(job).layer.name)
        for follower in job.followers:
            follower.missing -= 1
            if not follower.missing:
                self._announce(follower)

    def _who_waits(self) -> str:
        parts = self.schedule.parts
        waits = []
        for job in self._jobs:
            if not job.done:
                part = parts[job.index]
                before = [other for other in self._jobs if job in other.followers and not other.done]
                names = ", ".join(f"'{parts[other.index].layer.name}'" for other in before) or "nothing"
                waits.append(f"'{part.layer.name}' on '{part.unit}' waits for {names}")
        shown = "; ".join(waits[:8]) + ("; ..." if len(waits) > 8 else "")
        return f"no event is left, but {len(waits)} parts are not done: {shown}"


def _jobs(schedule: Schedule) -> list[_Job]:
    """One job per image and part; an image enters once the image ``images_in_flight`` before it has left."""
    jobs = [
        [_Job(image, index, 0) for index in range(len(schedule.parts))] for image in range(schedule.repeats)
    ]
    for image, row in enumerate(jobs):
        for job in row:
            awaited = [row[i] for i in schedule.parts[job.index].waits_for]
            if not awaited and image >= schedule.images_in_flight:
                awaited = jobs[image - schedule.images_in_flight]
            job.missing = len(awaited)
            for other in awaited:
                other.followers.append(job)
    return [job for row in jobs for job in row]
