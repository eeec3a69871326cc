"""A front in memory: the base model once, and the experts' adapters on it."""

from lib.evaluation.lora_policies import LoraPolicies
from lib.models.loading import language_model, tokenizer
from lib.serving.batch import Batch
from lib.serving.engine import MAX_WAITING, Engine
from lib.serving.front import Front
from lib.serving.service import Service


def service_of(front: Front, max_batch: int, max_waiting: int = MAX_WAITING) -> Service:
    """The front, ready to be served. max_batch, max_waiting: as of an Engine."""
    paths = list(front.experts.values())
    loaded = LoraPolicies(paths, paths[0], lambda path: language_model(path, front.compute))
    engine = Engine(Batch(loaded.model, loaded.adapters), max_batch, max_waiting)
    context = loaded.model.config.get_text_config().max_position_embeddings
    return Service(front, tokenizer(paths[0]), engine, context)
