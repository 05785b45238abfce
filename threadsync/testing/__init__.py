"""The simulated world: the same models and stores, without sockets, clocks or real disks."""
