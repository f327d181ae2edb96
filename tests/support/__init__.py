"""What the tests share: the libraries they run on, finite differences, the operations to walk."""
