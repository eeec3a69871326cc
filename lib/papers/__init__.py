"""The papers, a room for each."""
