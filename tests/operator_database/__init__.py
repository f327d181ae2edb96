"""PyTorch's operator database, run on neo: each operation's samples, its values and its gradients."""
