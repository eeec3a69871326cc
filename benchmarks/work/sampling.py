"""Sampling from a policy in one batch, for `benchmarks.roofline`: this project's, and engines made for it.

Each draws as many tokens, at temperature 1 and from the whole vocabulary, until the end-of-text token.
"""

import json
import subprocess
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig

from benchmarks.work.experiment import Experiment
from benchmarks.work.gguf_file import write_gguf
from benchmarks.work.watch import Watch
from lib.models.loading import language_model
from lib.policies.log_probabilities import Tokens, pad_left
from lib.policies.sampling import sample

BLOCKS = ContinuousBatchingConfig(num_blocks=512, max_batch_tokens=1024)
"""Room for all texts. As it comes the cache fills the machine's memory, which takes 15 s before the first token."""


def prompts_of(experiment: Experiment) -> list[Tokens]:
    """As many prompts as are scored."""
    return experiment.tokens(list(experiment.texts["prompt"])[: experiment.held_out])["input_ids"]


def ours(experiment: Experiment, watch: Watch) -> None:
    """`lib.policies.sampling`."""
    model, policy = language_model(experiment.policies[0], experiment.machine), experiment.params["policy"]
    prompts, length = prompts_of(experiment), policy["max_new_tokens"]
    with watch:
        sample([model], [1.0], prompts, max_new_tokens=length, temperature=policy["temperature"])
    watch.steps = 1


def settings(experiment: Experiment, model) -> GenerationConfig:
    """The same distribution and end, for transformers."""
    policy = experiment.params["policy"]
    ends = {key: getattr(model.config, key) for key in ("eos_token_id", "pad_token_id")}
    drawn = {key: policy[key] for key in ("max_new_tokens", "temperature")}
    return GenerationConfig(do_sample=True, top_k=0, **drawn, **ends)


def generate(experiment: Experiment, watch: Watch) -> None:
    """transformers' `generate`."""
    model = language_model(experiment.policies[0], experiment.machine)
    ids, mask = pad_left(prompts_of(experiment), model.config.pad_token_id, model.device)
    with watch, torch.no_grad():
        model.generate(input_ids=ids, attention_mask=mask, generation_config=settings(experiment, model))
    watch.steps = 1


def continuous_batching(experiment: Experiment, watch: Watch) -> None:
    """transformers' continuous batching."""
    model = language_model(experiment.policies[0], experiment.machine)
    own = {"generation_config": settings(experiment, model), "continuous_batching_config": BLOCKS}
    with watch:
        model.generate_batch(prompts_of(experiment), **own, warmup=False)
    watch.steps = 1


def llama_cpp(python: Path, experiment: Experiment, watch: Watch) -> None:
    """llama.cpp, in the environment of a Python. It has θ_pre, of which the policies here are copies."""
    file, policy = experiment.folder / "model.gguf", experiment.params["policy"]
    if not file.exists():
        write_gguf(AutoModelForCausalLM.from_pretrained(experiment.base, dtype=experiment.machine.dtype), file)
    given = {"model": str(file), "prompts": prompts_of(experiment), "threads": torch.get_num_threads()}
    given |= {
        "ends": [experiment.tokens.eos_token_id],
        "length": policy["max_new_tokens"],
        "temperature": policy["temperature"],
    }
    command = [python, Path(__file__).with_name("llama_process.py")]
    answer = subprocess.run(command, input=json.dumps(given), text=True, check=True, stdout=subprocess.PIPE).stdout
    watch.seconds, watch.steps = json.loads(answer)["seconds"], 1
