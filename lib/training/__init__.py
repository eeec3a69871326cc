"""What the trainers of SFT, rewards and policies share."""
