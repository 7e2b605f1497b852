"""Parameter-efficient tuning: a few trained tensors on a frozen base. One method is one file."""
