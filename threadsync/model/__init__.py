"""What things are: frozen values, no input or output, nothing of any one network."""
