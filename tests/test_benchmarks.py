"""The benchmarks that need no experiment run on small models; what they measure is not looked at."""

import json

from benchmarks import lora_sweep
from tests.test_adapters import base, policies  # noqa: F401 (fixtures)


def test_a_sweep_in_one_batch_is_the_same_as_one_after_the_other(policies, tokenizer, monkeypatch, capsys):  # noqa: F811
    sft, *trained = policies
    tokenizer.save_pretrained(sft)
    tokenizer.save_pretrained(sft.parent / "base")
    given = ["--policies", *trained, "--sft", sft, "--lambdas", "3", "--rounds", "1"]
    monkeypatch.setattr("sys.argv", ["lora_sweep", *map(str, given)])
    lora_sweep.main()
    told = json.loads(capsys.readouterr().out)
    for kind in ("probability", "log-probability, nats"):
        assert told["largest differences"][kind] < 1e-5
    assert told["ratio"] > 0
