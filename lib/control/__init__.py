"""Policies that move a robot: the simulation, the network, its training by PPO, and its scores. No texts."""
