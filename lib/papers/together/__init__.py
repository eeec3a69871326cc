"""Methods together (ours: WARP, SALSA and a pessimistic reward, souped over two rewards)."""
