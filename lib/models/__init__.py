"""Language models: weights in memory and on disk, LoRA, pretraining, loading and saving."""
