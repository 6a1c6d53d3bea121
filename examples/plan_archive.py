"""Plan an archive: how long machines read it, and what it costs, by the formula and by a simulation of the queue."""

import argparse
import heapq
from collections import deque
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Plan:
    """What is read, and by what.

    Attributes:
        pictures, part: all, and of one part.
        rate: pictures a second of one machine.
        machines: how many.
        queue: a machine that is free takes the next part, as with Ray; else it has a share from the start.
        spread: deviation of the machines' speeds and of the parts' work, as a part of their mean.
        death_h: hours after which a machine dies, on average.
        back_s: seconds until another one is in its place; the part in work is lost.
        store: pictures a second that all machines together get from the store.
    """

    pictures: int
    rate: float
    machines: int
    part: int = 1000
    queue: bool = True
    spread: float = 0.1
    death_h: float = 200.0
    back_s: float = 300.0
    store: float = float("inf")

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.pictures // self.part)

    @property
    def usual_rate(self) -> float:
        """Pictures a second of one machine while all of them read."""
        return min(self.rate, self.store / self.machines)

    @property
    def planned_h(self) -> float:
        """Hours by the formula."""
        return self.pictures / (3600 * self.usual_rate * self.machines)


@dataclass(frozen=True)
class Outcome:
    """What a simulation says: hours until all is read, hours that are paid, and machines that died in between."""

    hours: float
    machine_hours: float
    deaths: int


def simulate(plan: Plan, seed: int = 0) -> Outcome:
    """Let machines take parts until there are none; each ends when it finds none."""
    random = np.random.default_rng(seed)
    speeds = _around_one(random, plan.spread, plan.machines) * plan.usual_rate
    work = _around_one(random, plan.spread, plan.parts) * plan.pictures / plan.parts
    dies_s = random.exponential(plan.death_h * 3600, plan.machines)
    if plan.queue:
        waiting = [deque(range(plan.parts))] * plan.machines  # one for all
    else:
        waiting = [deque(range(machine, plan.parts, plan.machines)) for machine in range(plan.machines)]
    free, ends_s, deaths = [(0.0, machine) for machine in range(plan.machines)], np.zeros(plan.machines), 0
    while free:
        now_s, machine = heapq.heappop(free)
        ends_s[machine] = now_s
        if waiting[machine]:
            takes_s = work[waiting[machine].popleft()] / speeds[machine]
            while dies_s[machine] < now_s + takes_s:
                deaths += 1
                now_s = dies_s[machine] + plan.back_s
                dies_s[machine] = now_s + random.exponential(plan.death_h * 3600)
            heapq.heappush(free, (now_s + takes_s, machine))
    return Outcome(ends_s.max() / 3600, ends_s.sum() / 3600, deaths)


def _around_one(random: np.random.Generator, spread: float, count: int) -> np.ndarray:
    values = np.exp(random.normal(0.0, spread, count))
    return values / values.mean()


def row(plan: Plan, price: float) -> str:
    """A line of the table for one number of machines."""
    queue, shares = simulate(plan), simulate(replace(plan, queue=False))
    values = (
        f"{plan.machines:,}", f"{plan.planned_h:,.2f}", f"{queue.hours:,.2f}", f"{shares.hours:,.2f}",
        f"{queue.machine_hours:,.0f}", f"{queue.machine_hours * price:,.0f}", f"{queue.deaths}",
        f"{plan.usual_rate * plan.machines:,.0f}",
    )  # fmt: skip
    return f"| {' | '.join(values)} |"


def main() -> None:
    """Print a table with a line for each number of machines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("machines", type=int, nargs="+", help="numbers of machines")
    parser.add_argument("--pictures", type=int, default=10_000_000)
    parser.add_argument("--rate", type=float, default=20.0, help="pictures a second of one machine, as measured")
    parser.add_argument("--part", type=int, default=Plan.part, help="pictures of a part")
    parser.add_argument("--spread", type=float, default=Plan.spread, help="by which machines and parts differ")
    parser.add_argument("--death-h", type=float, default=Plan.death_h, help="a machine dies after so many hours")
    parser.add_argument("--back-s", type=float, default=Plan.back_s, help="seconds until another one replaces it")
    parser.add_argument("--store", type=float, default=Plan.store, help="pictures a second that the store gives")
    parser.add_argument("--price", type=float, default=0.1, help="of a machine hour")
    options = vars(parser.parse_args())
    numbers, price = options.pop("machines"), options.pop("price")
    print("| machines | planned, h | queue, h | shares, h | machine hours | cost | deaths | pictures/s |")
    print("|---|---|---|---|---|---|---|---|")
    for machines in numbers:
        print(row(Plan(machines=machines, **options), price))


if __name__ == "__main__":
    main()
