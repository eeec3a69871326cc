"""Raw texts, prompts and human labels."""
