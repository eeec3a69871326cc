"""A front behind a port, by its real app: the same texts as those of merged models, whatever else is sampled."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import yaml
from fastapi.testclient import TestClient

from benchmarks import serving as benchmark
from lib.machine.compute import CPU
from lib.merging import linear_soup
from lib.models.lora_in_memory import read
from lib.models.weights import set_weights, weights_of
from lib.policies.sampling import sample
from lib.serving.app import app_of
from lib.serving.batch import Batch, Request, Row
from lib.serving.engine import Engine
from lib.serving.front import Front
from lib.serving.loading import service_of
from lib.serving.service import Service
from scripts import serve
from tests.checkout import ROOT, wait_for
from tests.test_adapters import base, policies  # noqa: F401 (fixtures)

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'assistant' and loop.first %}{{ raise_exception('the user begins') }}"
    "{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}a: "
)
LAMBDAS = [0.0, 0.3, 0.5, 1.0]
PROMPTS = ["the sea", "a calm day by", "cold", "wild nights and cold days"]


@pytest.fixture
def front(policies, tokenizer) -> Front:  # noqa: F811
    """Two experts, one of them calm and one of them wild."""
    for path in (*policies, policies[0].parent / "base"):
        tokenizer.save_pretrained(path)
    scored = [{"model": "calm=0.3+wild=0.7", "weights": {"calm": 0.3, "wild": 0.7}, "rewards": {}, "gold": 0, "kl": 1}]
    return Front("tiny", dict(zip(("calm", "wild"), policies[1:])), CPU, 6, 1.0, None, scored)


@pytest.fixture
def service(front) -> Service:
    return service_of(front, max_batch=4, max_waiting=16)


@pytest.fixture
def client(service):
    with TestClient(app_of(service), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def merged(front, base):  # noqa: F811
    """The soup of a λ as a model of its own."""

    parts = [weights_of(read(path, base)) for path in front.experts.values()]

    def of(weight: float):
        set_weights(base, linear_soup(parts, [weight, 1 - weight]))
        return base

    return of


def asked(weight: float = 0.3, **others) -> dict:
    return {"prompt": "the sea", "weights": {"calm": weight, "wild": 1 - weight}, "seed": 1} | others


def text_of(client, **wanted) -> str:
    answer = client.post("/v1/completions", json=asked(**wanted))
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["text"]


def refused(client, status: int = 400, path: str = "/v1/completions", **wanted) -> str:
    answer = client.post(path, json=wanted)
    assert answer.status_code == status, answer.text
    return answer.json()["error"]["message"]


def requests(tokenizer, temperature: float) -> list[Request]:
    """One of each prompt and λ, of different lengths."""
    wanted = [(prompt, weight) for prompt in PROMPTS for weight in LAMBDAS]
    return [
        Request(tokenizer(prompt)["input_ids"], [weight, 1 - weight], 3 + i % 7, temperature, i)
        for i, (prompt, weight) in enumerate(wanted)
    ]


def together(service: Service, wanted: list[Request], max_batch: int) -> list[list[int]]:
    """The tokens of requests that an engine finds waiting when it begins."""
    engine = Engine(Batch(service.engine.batch.model, service.engine.batch.adapters), max_batch, len(wanted))
    answers = [engine.submit(request) for request in wanted]
    engine.start()
    found = [answer.result().tokens for answer in answers]
    engine.stop()
    return found


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_tokens_are_those_of_the_merged_models(service, merged, tokenizer, temperature):
    """Of a batch that holds different λ, and that requests join and leave at any step."""
    wanted = requests(tokenizer, temperature)
    found = together(service, wanted, max_batch=5)
    assert len({tuple(tokens) for tokens in found}) > 8
    for request, tokens in zip(wanted, found):
        model = merged(request.coefficients[0])
        generator = torch.Generator().manual_seed(request.seed)
        expected = sample(
            [model],
            [1.0],
            [request.prompt],
            max_new_tokens=request.max_tokens,
            temperature=temperature or 1e-4,
            generator=generator,
        )
        assert [tokens] == expected


def test_logits_are_those_of_the_merged_models(service, merged, tokenizer):
    batch, seen = service.engine.batch, []
    rows = [Row(request) for request in requests(tokenizer, 1.0)]
    inner = batch.model.get_base_model()
    hook = inner.register_forward_hook(lambda module, given, output: seen.append(output.logits[:, -1]))
    batch.join(rows)
    hook.remove()
    for row, logits in zip(rows, seen[0]):
        model = merged(row.request.coefficients[0])
        assert torch.allclose(model(torch.tensor([row.request.prompt])).logits[0, -1], logits, atol=1e-5)


def test_a_batch_is_the_same_as_one_by_one(service, tokenizer):
    wanted = requests(tokenizer, 1.0)
    assert together(service, wanted, max_batch=7) == together(service, wanted, max_batch=1)


def test_columns_that_no_row_needs_are_dropped(service, tokenizer):
    batch = service.engine.batch
    long, short = (
        Row(Request(tokenizer(prompt)["input_ids"], [0.5, 0.5], length, 0, 0))
        for prompt, length in [("a calm day by the sea and cold nights", 1), ("the", 9)]
    )
    batch.join([long, short])
    before = batch._mask.size(1)
    assert long in batch.leave()
    assert batch.rows == [short]
    assert batch._mask.size(1) == len(short.request.prompt) < before
    assert batch._cache.get_seq_length() == len(short.request.prompt)


def test_the_seed_decides(client):
    by_seed = {seed: text_of(client, seed=seed) for seed in range(8)}
    assert by_seed == {seed: text_of(client, seed=seed) for seed in range(8)}
    assert len(set(by_seed.values())) > 4
    answer = client.post("/v1/completions", json=asked(seed=None)).json()
    assert answer["choices"][0]["text"] == text_of(client, seed=answer["seed"])


def test_requests_at_once_get_what_they_get_alone(client):
    wanted = [{"weight": weight, "seed": seed, "max_tokens": 2 + seed} for seed in range(3) for weight in LAMBDAS]
    alone = [text_of(client, **one) for one in wanted]
    with ThreadPoolExecutor(len(wanted)) as pool:
        assert list(pool.map(lambda one: text_of(client, **one), wanted)) == alone


def test_an_answer_has_the_shape_that_clients_of_openai_read(client, tokenizer):
    answer = client.post("/v1/completions", json=asked(max_tokens=3)).json()
    [choice] = answer["choices"]
    assert answer["object"] == "text_completion" and answer["model"] == "tiny"
    assert answer["weights"] == {"calm": 0.3, "wild": 0.7} and answer["seed"] == 1
    usage = answer["usage"]
    assert usage["prompt_tokens"] == len(tokenizer("the sea")["input_ids"])
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert choice["finish_reason"] == "length" and usage["completion_tokens"] == 3


def test_an_end_token_ends_a_completion(client, service):
    seen = [client.post("/v1/completions", json=asked(seed=seed, max_tokens=24)).json() for seed in range(20)]
    stopped = [one for one in seen if one["choices"][0]["finish_reason"] == "stop"]
    assert stopped
    assert all(one["usage"]["completion_tokens"] <= 24 and "<end>" not in one["choices"][0]["text"] for one in stopped)


def test_what_is_not_said_is_as_in_training(client):
    answer = client.post("/v1/completions", json={"prompt": "the", "weights": {"calm": 1}, "temperature": 0}).json()
    assert answer["usage"]["completion_tokens"] <= 6
    assert answer["weights"] == {"calm": 1}


def test_a_point_is_a_model(client):
    of_name = client.post("/v1/completions", json={"prompt": "the sea", "model": "calm=0.3+wild=0.7", "seed": 1}).json()
    assert of_name["choices"][0]["text"] == text_of(client, weight=0.3)
    assert of_name["model"] == "calm=0.3+wild=0.7"
    listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
    assert listed == ["tiny", "calm=0.3+wild=0.7"]
    assert "'rude' is not one of the rewards (calm, wild)" in refused(client, 404, prompt="the", model="rude")
    assert "it is tiny, or left out" in refused(client, **asked(model="calm"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"weights": {"calm": 0.5, "rude": 0.5}}, "weights: 'rude' is not one of the rewards (calm, wild)"),
        ({"weights": {"calm": 0.5, "wild": 0.4}}, "weights: the weights sum to 0.9, not to 1"),
        ({"weights": {"calm": 0.5, "wild": 0.50001}}, "weights: the weights sum to 1.00001, not to 1"),
        ({"weights": {}}, "weights: the weights sum to 0, not to 1; the rewards are calm, wild"),
        ({"weights": {"calm": -0.5, "wild": 1.5}}, "weights: the weight of calm is -0.5; a weight is at least 0"),
        ({"weights": {"calm": "much"}}, "weights.calm: Input should be a valid number"),
        ({"weights": None}, "weights: they are missing; give those of calm and wild, which sum to 1"),
        ({"prompt": ""}, "prompt: it is empty"),
        ({"prompt": 5}, "prompt: Input should be a valid string"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": 30}, "prompt: 3 tokens and max_tokens 30 do not fit into a context of 32"),
        ({"temperature": -1}, "temperature: Input should be greater than or equal to 0"),
        ({"seed": 1.5}, "seed: Input should be a valid integer"),
        ({"stream": True}, "stream: Input should be False"),
        ({"n": 2}, "n: Input should be less than or equal to 1"),
        ({"top_k": 5}, "top_k: it is not known; known are max_tokens, messages, model, n, prompt"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(client, tokenizer, changed, said):
    assert len(tokenizer("the sea")["input_ids"]) == 3
    assert refused(client, **(asked() | changed)).startswith(said)


def test_sums_within_a_millionth_are_accepted(client):
    for weights in ({"calm": 0.333333, "wild": 0.666667}, {"calm": 0.333333, "wild": 0.666666}):
        assert client.post("/v1/completions", json=asked() | {"weights": weights}).status_code == 200


@pytest.mark.parametrize("name", ["NaN", "Infinity"])
def test_numbers_that_are_none_are_refused(client, name):
    body = json.dumps(asked()).replace("0.3", name)
    for sent, field in ((body, "weights.calm"), (json.dumps(asked(temperature=9)).replace("9", name), "temperature")):
        answer = client.post("/v1/completions", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == f"{field}: Input should be a finite number"


def test_what_is_no_request_is_told(client):
    answer = client.post("/v1/completions", content="{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and "the body is not JSON" in answer.json()["error"]["message"]
    answer = client.post("/v1/completions", content=json.dumps(asked()), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400 and "Content-Type: application/json" in answer.json()["error"]["message"]
    assert client.get("/v1/completions").json()["error"]["message"].startswith("GET /v1/completions: Method Not")
    assert client.get("/v2").status_code == 404


def test_messages_are_rendered_by_the_chat_template(client, service):
    say = [{"role": "user", "content": "the sea"}]
    chat = {"messages": say, "weights": {"calm": 1}, "seed": 3}
    assert "no chat template" in refused(client, path="/v1/chat/completions", **chat)
    service.tokenizer.chat_template = TEMPLATE
    answer = client.post("/v1/chat/completions", json=chat).json()
    message = answer["choices"][0]["message"]
    assert answer["object"] == "chat.completion" and message["role"] == "assistant"
    assert message["content"] == text_of(client, weight=1, prompt="user: the sea\na: ", seed=3)
    wrong = [{"role": "assistant", "content": "cold"}, *say]
    assert "the user begins" in refused(client, path="/v1/chat/completions", **(chat | {"messages": wrong}))
    assert "has to be the user's" in refused(client, path="/v1/chat/completions", **(chat | {"messages": wrong[:1]}))


def test_the_system_message_of_the_experiment_is_taken_where_there_is_none(front):
    with_system = Front(front.experiment, front.experts, CPU, 6, 1.0, "calm")
    service = service_of(with_system, 2)
    service.tokenizer.chat_template = TEMPLATE
    with TestClient(app_of(service)) as client:
        chat = {"messages": [{"role": "user", "content": "the sea"}], "weights": {"wild": 1}, "seed": 3}
        answer = client.post("/v1/chat/completions", json=chat).json()
        rendered = "system: calm\nuser: the sea\na: "
        assert answer["choices"][0]["message"]["content"] == text_of(client, weight=0, prompt=rendered, seed=3)


def test_health_and_front(client, front):
    assert client.get("/health").json() == {"status": "ok", "running": 0, "waiting": 0}
    assert client.get("/front").json() == {"experiment": "tiny", "rewards": ["calm", "wild"], "points": front.scored}


def test_more_requests_than_may_wait_are_refused(service):
    """The engine has not begun, so that requests wait."""
    service.engine.max_waiting = 2
    client = TestClient(app_of(service))  # without its lifespan
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, "/v1/completions", json=asked(seed=seed)) for seed in range(2)]
        wait_for(lambda: service.engine.load()["waiting"] == 2)
        answer = client.post("/v1/completions", json=asked())
        assert answer.status_code == 429 and answer.headers["Retry-After"] == "1"
        assert answer.json()["error"]["message"] == "2 requests wait already; try again later"
        service.engine.start()
        assert [one.result().status_code for one in waiting] == [200, 200]
    service.engine.stop()


def test_requests_end_when_the_server_does(service):
    client = TestClient(app_of(service))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.post, "/v1/completions", json=asked())
        wait_for(lambda: service.engine.load()["waiting"])
        service.engine.stop()
        assert waiting.result().status_code == 503
    assert client.post("/v1/completions", json=asked()).status_code == 503


def test_a_failure_of_the_model_is_told_and_the_server_goes_on(client, service):
    expected = text_of(client)
    layers = service.engine.batch.model.get_base_model().model.layers
    hook = layers[0].register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    message = refused(client, 500, **asked())
    assert message == "the server failed: RuntimeError: out of memory"
    hook.remove()
    assert text_of(client) == expected


@contextmanager
def running(server: serve.Server) -> Iterator[str]:
    """The address of a server that runs on a port; at the end it is told to end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def sent(url: str) -> dict:
    body = json.dumps(asked()).encode()
    request = urllib.request.Request(f"{url}/v1/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_over_a_real_port(service):
    with running(serve.Server(service, grace=60)) as url:
        assert sent(url)["weights"] == {"calm": 0.3, "wild": 0.7}
    assert not service.engine._thread.is_alive()


def test_a_server_that_ends_refuses_what_is_not_finished(service):
    """No engine works on the request, so that it waits."""
    server = serve.Server(service, grace=0)
    server.config.lifespan = "off"
    with ThreadPoolExecutor(1) as pool:
        with running(server) as url:
            waiting = pool.submit(sent, url)
            wait_for(lambda: service.engine.load()["waiting"])
        with pytest.raises(urllib.error.HTTPError) as refused:
            waiting.result()
    assert refused.value.code == 503
    assert json.load(refused.value)["error"]["message"] == "the server ends"


def test_nobody_samples_for_a_client_that_has_gone(service, tokenizer):
    """Neither while the request waits nor in the batch."""
    server = serve.Server(service, grace=0)
    server.config.lifespan = "off"
    with running(server) as url:
        body = json.dumps(asked()).encode()
        head = (
            f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
            client.sendall(f"{head}\r\n\r\n".encode() + body)
            wait_for(lambda: service.engine.load()["waiting"])
        [row] = service.engine._waiting
        wait_for(row.done.cancelled)
    gone, other = (Row(request) for request in requests(tokenizer, 1.0)[:2])
    batch = service.engine.batch
    batch.join([gone, other])
    gone.done.cancel()
    batch.leave()
    assert batch.rows == [other]


@pytest.fixture
def experiment(front, tmp_path, monkeypatch) -> Path:
    """The parameters of an experiment with LoRA that has run, in the working directory."""
    params = {
        "experiment": "tiny",
        "rewards": {"wild": {}, "calm": {}, "left_out": {}},
        "compute": {"device": "cpu", "precision": "float32"},
        "policy": {"max_new_tokens": 6, "temperature": 0.9},
        "data": {"chat": {"system": "calm"}},
    }
    for reward, path in front.experts.items():
        target = tmp_path / f"results/tiny/policy/{reward}/seed-2"
        target.parent.mkdir(parents=True)
        path.rename(target)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    return Path("tiny.yaml")


def params_of(file: Path) -> dict:
    return yaml.safe_load(file.read_text())


def test_the_front_of_an_experiment(experiment):
    table = Path("results/tiny/rewarded_soups/front.csv")
    table.parent.mkdir()
    table.write_text(
        "method,mixture,calm,calm_low,wild,left_out,gold,kl\n"
        "soup,calm,3,2,1,0,0.5,1.5\nsoup,calm=0.3+wild=0.7,2,1,2,0,0.4,1.25\n"
        "soup,calm=0.5+left_out=0.5,2,1,2,0,0.4,1\nmorl,calm=0.3+wild=0.7,9,9,9,9,9,9\nsft,sft/1,0,0,0,0,0,0\n"
    )
    front = Front.of(params_of(experiment), 2)
    assert front.rewards == ["wild", "calm"] and front.compute == CPU
    assert (front.max_tokens, front.temperature, front.system) == (6, 0.9, "calm")
    assert [point["model"] for point in front.scored] == ["calm", "calm=0.3+wild=0.7"]
    assert front.scored[1]["weights"] == {"calm": 0.3, "wild": 0.7}
    assert front.scored[1]["rewards"] == {"wild": 2, "calm": 2} and front.scored[1]["kl"] == 1.25
    assert front.coefficients({"calm": 0.3, "wild": 0.7}) == [0.7, 0.3]


def test_experts_that_cannot_be_served_are_told(experiment, llama):
    params = params_of(experiment)
    with pytest.raises(ValueError, match=r"there is no results/tiny/policy/wild/seed-1, .*; give SEED=2"):
        Front.of(params, 1)
    with pytest.raises(ValueError, match=r"there is no results/other/.*; run the experiment first"):
        Front.of(params | {"experiment": "other"}, 1)
    llama.save_pretrained("results/tiny/policy/left_out/seed-2")
    with pytest.raises(ValueError, match=r"lora: results/.*/left_out/seed-2 has all weights, .*`make export`"):
        Front.of(params, 2)


def test_the_command_prints_an_example_that_works_and_ends_by_ctrl_c(experiment):
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.serve", "--params", experiment, "--seed", "2", "--port", "0"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first, curl = process.stdout.readline(), process.stdout.readline()
    assert "rewards: wild, calm" in first and "http://127.0.0.1:" in first
    url, body = re.fullmatch(r"  curl (\S+) -H 'Content-Type: application/json' -d '(.*)'\n", curl).groups()
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["weights"] == {"wild": 0.5, "calm": 0.5}
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate()
    assert (process.returncode, told, errors) == (0, "stopped\n", "")


def test_what_the_command_cannot_do_is_one_line(experiment, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options, said in {
            ("--seed", "2", "--port", port): rf"error: 127\.0\.0\.1:{port}: .*in use.*; give another PORT or HOST",
            ("--seed", "1"): r"error: tiny\.yaml: rewards: there is no .*; give SEED=2",
            ("--params", "none.yaml"): r"error: none\.yaml: there is no such file",
        }.items():
            monkeypatch.setattr("sys.argv", ["serve", "--params", "tiny.yaml", *options])
            with pytest.raises(SystemExit) as stopped:
                serve.main()
            assert re.fullmatch(said, stopped.value.code)


def test_the_benchmark_runs(front, monkeypatch, capsys):
    given = ["--policies", *front.experts.values(), "--requests", "3", "--tokens", "2", "--rounds", "1"]
    monkeypatch.setattr("sys.argv", ["serving", *map(str, given)])
    benchmark.main()
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|  ")]
    assert [(int(row[1]), int(row[2])) for row in rows[1:]] == [(1, 1), (1, 3), (16, 1), (16, 3)]
    assert all(float(row[5]) > 0 for row in rows[1:])
