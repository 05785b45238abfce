"""One function a verb, callable from Python; the command line and everything else call these."""
