"""Merges of policies in weight space, one file each; `lib.merging` is their front door."""
