"""Sampling by llama.cpp, all texts in one batch: run by the Python of an environment that has llama-cpp-python alone.

Reads a JSON object from the standard input: `model`, a GGUF file; `prompts`, of tokens; `ends`, the end-of-text tokens;
`length`, `temperature`, `threads`. Samples twice, and prints the seconds of the second time and its `completions`.
"""

import json
import sys
import time

import llama_cpp as cpp

QUIET = cpp.llama_log_callback(lambda *_: None)  # kept: llama.cpp calls it as long as it runs


def context_of(given: dict) -> tuple:
    """The model, and a context with room for all texts at once."""
    cpp.llama_log_set(QUIET, None)
    model = cpp.llama_model_load_from_file(given["model"].encode(), cpp.llama_model_default_params())
    options, texts = cpp.llama_context_default_params(), len(given["prompts"])
    longest = max(map(len, given["prompts"])) + given["length"]
    options.n_ctx, options.n_seq_max, options.kv_unified = longest * texts, texts, True
    options.n_batch = options.n_ubatch = max(512, sum(map(len, given["prompts"])))
    options.n_threads = options.n_threads_batch = given["threads"]
    return model, cpp.llama_init_from_model(model, options)


def decode(context, batch, rows: list[tuple[int, int, int, bool]]) -> None:
    """Runs the model on tokens: each with its place in its text, the text's number, and whether the next is drawn."""
    batch.n_tokens = len(rows)
    for i, (token, place, text, drawn) in enumerate(rows):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, place, 1, drawn
        batch.seq_id[i][0] = text
    if cpp.llama_decode(context, batch):
        raise RuntimeError("llama.cpp could not run the batch")


def sample(context, batch, sampler, given: dict) -> list[list[int]]:
    """A completion of each prompt, up to the end-of-text token. Finished texts leave the batch."""
    cpp.llama_memory_clear(cpp.llama_get_memory(context), True)
    prompts = given["prompts"]
    rows = [
        (token, place, text, place + 1 == len(prompt))
        for text, prompt in enumerate(prompts)
        for place, token in enumerate(prompt)
    ]
    completions: list[list[int]] = [[] for _ in prompts]
    for _ in range(given["length"]):
        decode(context, batch, rows)
        drawn = [(i, text) for i, (_, _, text, last) in enumerate(rows) if last]
        rows = []
        for i, text in drawn:
            token = cpp.llama_sampler_sample(sampler, context, i)
            completions[text].append(token)
            if token not in given["ends"]:
                rows.append((token, len(prompts[text]) + len(completions[text]) - 1, text, True))
        if not rows:
            break
    return completions


def main() -> None:
    """Samples, and prints what it took."""
    given = json.load(sys.stdin)
    _, context = context_of(given)
    batch = cpp.llama_batch_init(sum(map(len, given["prompts"])), 0, 1)
    sampler = cpp.llama_sampler_chain_init(cpp.llama_sampler_chain_default_params())
    cpp.llama_sampler_chain_add(sampler, cpp.llama_sampler_init_temp(given["temperature"]))
    cpp.llama_sampler_chain_add(sampler, cpp.llama_sampler_init_dist(0))
    sample(context, batch, sampler, given)
    started = time.perf_counter()
    completions = sample(context, batch, sampler, given)
    json.dump({"seconds": time.perf_counter() - started, "completions": completions}, sys.stdout)


if __name__ == "__main__":
    main()
