"""Our adapters, one folder a network; none of them touches a socket, a clock or chance."""
