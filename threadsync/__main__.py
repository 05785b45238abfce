"""The entry point; nothing is imported at its top, so that ``--version`` costs nothing."""


def main() -> None:
    """Run the command line."""
    import sys

    if sys.argv[1:] == ["--version"]:
        from threadsync import __version__

        try:
            sys.stdout.write(f"threadsync {__version__}\n")
            sys.stdout.flush()
        except OSError:
            pass  # Click meets it too when it prints the same, and there it is told
        else:
            return
    if sys.argv[1:] in (["plan"], ["plan", "--detailed-exitcode"]) and _is_told_again():
        return
    import signal

    # Nothing is under way yet, and at the end no more: Ctrl-C just ends it, without a traceback.
    is_python_s = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not ignored, as by nohup
    if is_python_s:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    import os

    from threadsync.cli import root

    if sys.platform == "win32":
        # A git.exe in the folder of somebody's posts must not be taken for git.
        os.environ.setdefault("NoDefaultCurrentDirectoryInExePath", "1")
    _prepare_streams()
    try:
        if is_python_s:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        root.main(prog_name="threadsync")
    except OSError as error:
        from threadsync.cli._errors import tell_refused

        sys.exit(tell_refused(error))
    finally:
        if is_python_s:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _prepare_streams() -> None:
    """Make standard input, output and error such that no write to them fails for what it says."""
    import contextlib
    import io
    import os
    import sys

    # A stream that was closed before the start is None; nothing else may get its descriptor.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            from pathlib import Path

            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What an old terminal's encoding lacks is written out; it must not end the command. A stream that
            # did not take what was written above refuses this too; whatever is printed next says so.
            with contextlib.suppress(OSError):
                stream.reconfigure(errors="backslashreplace")


def _is_told_again() -> bool:
    """Print the last plan again if nothing that it was made from has changed; False: it has to be made."""
    try:
        import time

        from threadsync.operations.unchanged import told_again

        return told_again(time.time_ns())
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        raise  # Windows goes on from there


if __name__ == "__main__":
    main()
