"""The method: merges at the front door, one room for each thing that an experiment needs."""
