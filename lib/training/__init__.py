"""What the trainers of SFT, reward models and policies share."""
