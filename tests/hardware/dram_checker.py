"""An independent judge of DRAM command logs: the constraints as the standards say them, pair by pair.

Nothing here comes from `archsim.hardware.dram_rules`: a log is replayed command by command, every pair of
commands that is near enough in time is looked at, and banks, data lines and sleeping ranks are followed.
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import cache

import numpy as np

from archsim.hardware.dram_controller import ControllerOptions, DramController, Requests
from archsim.hardware.dram_parts import DramPart

NAMES = ("ACT", "PRE", "PREAB", "RD", "WR", "RDA", "WRA", "REFAB", "REFPB", "PDE", "PDX", "SRE", "SRX")
COLUMN = {"RD", "WR", "RDA", "WRA"}
NEAR = ("bank", "group", "rank", "other")
"""How near two commands are: the same bank, bank group, rank, or another rank."""


class Constraints:
    """Least distances of one part between two commands, 0 where none is prescribed."""

    def __init__(self, part: DramPart) -> None:
        self.part, self.t = part, part.timing
        self.least = cache(self._least)

    def _least(self, before: str, after: str, near: str) -> int:
        found = [self._data(before, after, near)]
        if near != "other":
            found += [
                self._rows(before, after, near),
                self._refresh(before, after, near),
                self._sleep(before, after),
            ]
        return max(found)

    def bus(self, command: str) -> int:
        lengths = self.part.commands
        return (
            lengths.activate if command == "ACT" else lengths.column if command in COLUMN else lengths.other
        )

    def shares_bus(self, before: str, after: str) -> bool:
        return not self.part.commands.split_buses or (before in COLUMN) == (after in COLUMN)

    def _data(self, before: str, after: str, near: str) -> int:
        t, burst = self.t, self.part.burst_cycles
        if not {before, after} <= COLUMN:
            return 0
        kinds, same_group = before[0] + after[0], near in ("bank", "group")
        if near == "other":
            turn = {"RR": burst + t.tCS, "WW": burst + t.tCS, "WR": t.CWL + burst + t.tCS - t.CL}
            return turn.get(kinds, max(burst, t.CL + burst - t.CWL) + t.tCS)
        if kinds in ("RR", "WW"):
            return max(burst, t.tCCD_L if same_group else t.tCCD_S)
        if kinds == "RW":
            return t.CL + burst + t.tRTW - t.CWL
        return t.CWL + burst + (t.tWTR_L if same_group else t.tWTR_S)

    def precharges(self, column: str) -> int:
        """Cycles from a column command until its bank may be precharged."""
        return self.t.tRTP if column[0] == "R" else self.t.CWL + self.part.burst_cycles + self.t.tWR

    def _rows(self, before: str, after: str, near: str) -> int:
        t, same = self.t, near == "bank"
        if (before, after) == ("ACT", "ACT"):
            return t.tRC if same else t.tRRD_L if near == "group" else t.tRRD_S
        if before == "ACT" and after in COLUMN:
            return (t.tRCD if after[0] == "R" else t.tRCDW) if same else 0
        if before == "ACT" and after in ("PRE", "PREAB"):
            return t.tRAS if same or after == "PREAB" else 0
        if before in COLUMN and after in ("PRE", "PREAB"):
            return self.precharges(before) if same or after == "PREAB" else 0
        if before in ("PRE", "PREAB") and after in ("PRE", "PREAB"):
            return t.tPPD
        if after == "ACT":
            return self._until_activation(before, same)
        return 0

    def _until_activation(self, before: str, same: bool) -> int:
        t = self.t
        if before == "PREAB":
            return t.tRPab
        if before == "PRE":
            return t.tRP if same else 0
        return self.precharges(before) + t.tRP if before in ("RDA", "WRA") and same else 0

    def _refresh(self, before: str, after: str, near: str) -> int:
        t, same = self.t, near == "bank"
        quiet = after in ("REFAB", "SRE")
        if before == "REFAB":
            return t.tRFC if after in ("ACT", "REFAB", "SRE") or (after == "REFPB" and t.tRFCpb) else 0
        if before == "REFPB" and t.tRFCpb:
            if after == "ACT":
                return t.tRFCpb if same else t.tRREFD
            return t.tRFCpb if quiet or after == "REFPB" else 0
        if quiet:
            return self._until_quiet(before)
        if after == "REFPB" and t.tRFCpb:
            if before == "ACT":
                return t.tRC if same else t.tRRD_L if near == "group" else t.tRRD_S
            return self._until_activation(before, same)
        return 0

    def _until_quiet(self, before: str) -> int:
        t = self.t
        if before == "ACT":
            return max(t.tRC, t.tRAS + t.tRPab)
        if before == "PREAB":
            return t.tRPab
        if before == "PRE":
            return t.tRP
        return self.precharges(before) + t.tRP if before in ("RDA", "WRA") else 0

    def _sleep(self, before: str, after: str) -> int:
        t, burst = self.t, self.part.burst_cycles
        if (before, after) in (("PDE", "PDX"), ("PDX", "PDE")):
            return max(t.tCKE, t.tXP if before == "PDX" else 0)
        if (before, after) == ("SRE", "SRX"):
            return t.tCKESR
        if before in ("PDX", "SRX") and after not in ("PDX", "SRX"):
            return t.tXP if before == "PDX" else t.tXS
        if before in ("RD", "RDA") and after in ("PDE", "SRE"):
            return t.CL + burst + 1
        if after == "PDE" and before in ("WR", "WRA"):
            return t.CWL + burst + t.tWR + (before == "WRA")
        return t.tPDEN if after == "PDE" and before in ("PRE", "PREAB", "REFAB", "REFPB") else 0


class Judge:
    """Replays a log; `faults` says what was wrong, in words."""

    def __init__(self, part: DramPart) -> None:
        self.part, self.rules = part, Constraints(part)
        self.faults: list[str] = []
        self.reads: list[tuple[int, int, int, int]] = []
        self.writes: list[tuple[int, int, int, int]] = []
        self._open: dict[tuple[int, int], int] = {}
        self._since: dict[tuple[int, int], int] = {}
        self._closes: dict[tuple[int, int], int] = {}
        self._asleep: dict[int, str] = {}
        self._windows: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=4))
        self._data_free = self._last = 0

    def replay(self, log: np.ndarray) -> Judge:
        recent: deque[tuple[int, str, int, int]] = deque()
        reach = max(self.part.timing.tXS, self.part.timing.tRFC)
        for cycle, row, command, rank, bank, column in log.tolist():
            name = NAMES[command]
            while recent and recent[0][0] < cycle - reach:
                recent.popleft()
            self._pairs(recent, cycle, name, rank, bank)
            self._states(cycle, name, (rank, bank), row, column)
            recent.append((cycle, name, rank, bank))
        return self

    def _pairs(self, recent, cycle: int, name: str, rank: int, bank: int) -> None:
        if recent and cycle < recent[-1][0]:
            self._fault(cycle, name, "the log goes back in time")
        for past, before, its_rank, its_bank in recent:
            least = self.rules.least(before, name, self._near(rank, bank, its_rank, its_bank))
            if self.rules.shares_bus(before, name):
                least = max(least, self.rules.bus(before))
            if cycle - past < least:
                self._fault(cycle, name, f"{cycle - past} cycles after {before}, not {least}")

    def _near(self, rank: int, bank: int, its_rank: int, its_bank: int) -> str:
        if rank != its_rank:
            return "other"
        if min(bank, its_bank) < 0:
            return "rank"
        size = self.part.banks_per_group
        return "bank" if bank == its_bank else "group" if bank // size == its_bank // size else "rank"

    def _states(self, cycle: int, name: str, here: tuple[int, int], row: int, column: int) -> None:
        rank = here[0]
        if rank in self._asleep and name != self._asleep[rank]:
            self._fault(cycle, name, "to a sleeping rank")
        for place in [one for one, at in self._closes.items() if at <= cycle]:
            del self._closes[place]
        if name == "ACT":
            self._activate(cycle, here, row)
        elif name in COLUMN:
            self._transfer(cycle, name, here, row, column)
        elif name == "PRE":
            if self._open.pop(here, None) is None:
                self._fault(cycle, name, "to a closed bank")
        elif name == "PREAB":
            self._open = {place: one for place, one in self._open.items() if place[0] != rank}
        else:
            self._rest(cycle, name, here)

    def _activate(self, cycle: int, here: tuple[int, int], row: int) -> None:
        if here in self._open or here in self._closes:
            self._fault(cycle, "ACT", "to an open bank")
        window = self._windows[here[0]]
        if len(window) == 4 and cycle - window[0] < self.part.timing.tFAW:
            self._fault(cycle, "ACT", f"{cycle - window[0]} cycles after the fourth last one")
        window.append(cycle)
        self._open[here], self._since[here] = row, cycle

    def _transfer(self, cycle: int, name: str, here: tuple[int, int], row: int, column: int) -> None:
        t = self.part.timing
        if self._open.get(here) != row:
            self._fault(cycle, name, f"wants row {row}, open is {self._open.get(here)}")
        start = cycle + (t.CL if name[0] == "R" else t.CWL)
        if start < self._data_free:
            self._fault(cycle, name, "bursts meet on the data lines")
        self._data_free = start + self.part.burst_cycles
        (self.reads if name[0] == "R" else self.writes).append((*here, row, column))
        if name[2:]:
            del self._open[here]
            self._closes[here] = max(cycle + self.rules.precharges(name), self._since[here] + t.tRAS)

    def _rest(self, cycle: int, name: str, here: tuple[int, int]) -> None:
        rank = here[0]
        if name in ("PDX", "SRX"):
            if self._asleep.pop(rank, None) != name:
                self._fault(cycle, name, "to a rank that is awake")
            return
        places = [*self._open, *(self._closes if name in ("REFAB", "REFPB", "SRE") else ())]
        if any(place == here if name == "REFPB" else place[0] == rank for place in places):
            self._fault(cycle, name, "with rows open")
        if name in ("PDE", "SRE"):
            self._asleep[rank] = {"PDE": "PDX", "SRE": "SRX"}[name]

    def _fault(self, cycle: int, name: str, what: str) -> None:
        self.faults.append(f"{cycle}: {name}: {what}")


def run(part: DramPart, requests: Requests, **options: object) -> tuple[DramController, np.ndarray]:
    """A controller after some requests, and its log."""
    controller = DramController(part, ControllerOptions(**options))
    logs: list[np.ndarray] = []
    controller.run(requests, lambda log: logs.append(log.copy()))
    return controller, np.concatenate(logs)
