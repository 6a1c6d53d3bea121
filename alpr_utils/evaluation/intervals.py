"""How sure is a share that was counted on few plates?"""

import math

_Z = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, 0..1 (Wilson 1927); (0, 1) without any trial.

    Unlike "share ± standard error" it stays within 0..1 and is not empty where all or none succeeded.
    """
    if trials == 0:
        return 0.0, 1.0
    share, weight = successes / trials, _Z**2 / trials
    middle = (share + weight / 2) / (1 + weight)
    half_width = _Z * math.sqrt(share * (1 - share) / trials + weight / trials / 4) / (1 + weight)
    return max(middle - half_width, 0.0), min(middle + half_width, 1.0)


def with_interval(successes: int, trials: int) -> str:
    """``94.7 % (82-99)``: the share and its 95 % confidence interval in percent; ``-`` without any trial."""
    if trials == 0:
        return "-"
    low, high = wilson(successes, trials)
    return f"{successes / trials:.1%} ({100 * low:.0f}-{100 * high:.0f})"
