"""The narrow shell that performs effects: the scheduler, the transport, the clock, credentials, hosting."""
