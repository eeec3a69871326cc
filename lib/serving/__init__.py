"""A front of LoRA policies behind a port: λ comes with each request."""
