"""The gold reward: the judge of policies, which no policy and no other reward is trained on.

A ridge regression on words and pairs of words: a model of another kind than the reward models, so that what fools
them need not fool it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

PAIRS = {"ngram_range": (1, 2), "sublinear_tf": True, "token_pattern": r"\w+|[!?:;()]+"}
TWICE = 2  # a word or pair of words counts if as many texts have it


class GoldReward:
    """score = w · tfidf(text) + b.

    vocabulary: the words and pairs; frequency: inverse document frequency of each, weights: w of each; intercept: b.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        frequency: NDArray[np.float64],
        weights: NDArray[np.float64],
        intercept: float,
    ) -> None:
        self.vocabulary, self.frequency, self.weights, self.intercept = vocabulary, frequency, weights, intercept
        self.vectorizer = TfidfVectorizer(vocabulary=vocabulary, **PAIRS)
        self.vectorizer.idf_ = frequency

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[float], penalty: float) -> "GoldReward":
        """Least squares with a penalty on |w|²."""
        vectorizer = TfidfVectorizer(min_df=TWICE, **PAIRS)
        ridge = Ridge(alpha=penalty).fit(vectorizer.fit_transform(texts), np.asarray(labels, dtype=float))
        return cls(list(vectorizer.get_feature_names_out()), vectorizer.idf_, ridge.coef_, float(ridge.intercept_))

    @classmethod
    def load(cls, directory: Path) -> "GoldReward":
        """What `save` wrote."""
        tensors = {name: tensor.numpy() for name, tensor in load_file(directory / "gold.safetensors").items()}
        vocabulary = json.loads((directory / "vocabulary.json").read_text())
        return cls(vocabulary, tensors["frequency"], tensors["weights"], float(tensors["intercept"]))

    def save(self, directory: Path) -> None:
        """Writes the vocabulary and the numbers."""
        directory.mkdir(parents=True)
        (directory / "vocabulary.json").write_text(json.dumps(self.vocabulary, ensure_ascii=False) + "\n")
        numbers = {"frequency": self.frequency, "weights": self.weights, "intercept": np.array(self.intercept)}
        tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in numbers.items()}
        save_file(tensors, directory / "gold.safetensors")

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        """One score per completion, of prompt and completion as one text."""
        return self.score([prompt + completion for prompt, completion in zip(prompts, completions)])

    def score(self, texts: Sequence[str]) -> list[float]:
        """One score per text."""
        return (self.vectorizer.transform(texts) @ self.weights + self.intercept).tolist()
