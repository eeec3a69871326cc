"""The gold reward: it evaluates policies and labels the pairs that proxies are trained on. No policy is trained on it.

It is a ridge regression on n-grams of words and of characters. The reward models are of another kind, so that a text
that exploits them need not exploit it. A feature says whether a text has an n-gram, not how often, and is not divided
by the text's length: people do not write "good good good", and counts would let a policy exploit such repetition. Only
words count: of smileys and exclamation marks a policy can write as many as it likes.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge


def words_alone(text: str) -> str:
    """The words of a text, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))


PARTS = {  # of the vocabulary; an n-gram is in it if at least `min_df` texts have it
    "words": {"ngram_range": (1, 2), "token_pattern": r"\w+", "min_df": 2},
    "characters": {"ngram_range": (2, 5), "analyzer": "char_wb", "preprocessor": words_alone, "min_df": 3},
}


class GoldReward:
    """score = b + Σᵢ wᵢ fᵢ over the n-grams i of the vocabulary that the text has.

    vocabularies: the n-grams by part (`PARTS`). frequency: f, the inverse document frequency of each n-gram divided by
    the mean norm of the part's vectors. weights: w. intercept: b.
    """

    def __init__(
        self,
        vocabularies: dict[str, list[str]],
        frequency: NDArray[np.float64],
        weights: NDArray[np.float64],
        intercept: float,
    ) -> None:
        self.vocabularies, self.frequency, self.weights, self.intercept = vocabularies, frequency, weights, intercept
        ends = np.cumsum([len(vocabulary) for vocabulary in vocabularies.values()])
        self.vectorizers = []
        for (part, vocabulary), part_frequency in zip(vocabularies.items(), np.split(frequency, ends[:-1])):
            vectorizer = _vectorizer(part, vocabulary=vocabulary)
            vectorizer.idf_ = part_frequency
            self.vectorizers.append(vectorizer)

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[float], penalty: float) -> "GoldReward":
        """Minimises the squared error plus penalty · |w|²."""
        vocabularies, frequencies = {}, []
        for part in PARTS:
            vectorizer = _vectorizer(part)
            vectors = vectorizer.fit_transform(texts)
            vocabularies[part] = list(vectorizer.get_feature_names_out())
            frequencies.append(vectorizer.idf_ / np.sqrt(vectors.multiply(vectors).sum(axis=1)).mean())
        frequency = np.concatenate(frequencies)
        unfitted = cls(vocabularies, frequency, np.zeros(len(frequency)), 0.0)
        ridge = Ridge(alpha=penalty).fit(unfitted.features(texts), np.asarray(labels, dtype=float))
        return cls(vocabularies, frequency, ridge.coef_, float(ridge.intercept_))

    @classmethod
    def load(cls, directory: Path) -> "GoldReward":
        """What `save` wrote."""
        tensors = {name: tensor.numpy() for name, tensor in load_file(directory / "gold.safetensors").items()}
        vocabularies = json.loads((directory / "vocabulary.json").read_text())
        return cls(vocabularies, tensors["frequency"], tensors["weights"], float(tensors["intercept"]))

    def save(self, directory: Path) -> None:
        """Writes the vocabularies, frequencies, weights and intercept."""
        directory.mkdir(parents=True)
        (directory / "vocabulary.json").write_text(json.dumps(self.vocabularies, ensure_ascii=False) + "\n")
        arrays = {"frequency": self.frequency, "weights": self.weights, "intercept": np.array(self.intercept)}
        tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in arrays.items()}
        save_file(tensors, directory / "gold.safetensors")

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        """One score per completion, of prompt and completion as one text."""
        return self.score([prompt + completion for prompt, completion in zip(prompts, completions)])

    def score(self, texts: Sequence[str]) -> list[float]:
        """One score per text."""
        return (self.features(texts) @ self.weights + self.intercept).tolist()

    def features(self, texts: Sequence[str]) -> csr_matrix:
        """f of the n-grams that each text has, 0 elsewhere: (texts, vocabulary)."""
        return hstack([vectorizer.transform(texts) for vectorizer in self.vectorizers], format="csr")


def _vectorizer(part: str, **settings) -> TfidfVectorizer:
    return TfidfVectorizer(binary=True, norm=None, **PARTS[part], **settings)
