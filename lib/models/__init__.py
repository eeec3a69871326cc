"""Models and policies: their weights in memory and on disk, LoRA, and how they are made and read."""
