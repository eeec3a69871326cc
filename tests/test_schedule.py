"""Jobs that wait for each other, on some cores."""

import pytest

from lib.graph.schedule import wall_time

SECONDS = {"base": 1.0, "sft": 2.0, "reward": 5.0, "policy": 3.0, "other": 3.0, "report": 1.0}
WAITS = {
    "sft": {"base", "data"},
    "reward": {"base"},
    "policy": {"sft", "reward"},
    "other": {"sft"},
    "report": {"policy", "other"},
}


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        (1, 15.0),  # all of them, one after the other
        (2, 10.0),  # base; reward beside sft and other; policy; report
        (9, 10.0),  # the longest way: base, reward, policy, report
    ],
)
def test_the_last_job_is_done_when_all_before_it_are(cores, expected):
    assert wall_time(SECONDS, WAITS, cores) == expected


def test_jobs_without_order_share_the_cores():
    assert wall_time(dict.fromkeys(range(5), 2.0), {}, 2) == 5.0
    assert wall_time({}, {}, 2) == 0.0
