"""The jobs of the graph, one module per rule; `python -m scripts.NAME --help` tells what one takes."""
