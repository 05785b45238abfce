"""The entry point; nothing is imported at its top, so that ``--version`` costs nothing."""


def main() -> None:
    """Run the command line."""
    import sys

    if sys.argv[1:] == ["--version"]:
        from threadsync import __version__

        sys.stdout.write(f"threadsync {__version__}\n")
        return
    import io
    import os
    from pathlib import Path

    from threadsync.cli import root

    # A stream that was closed before the start is None; nothing else may get its descriptor.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What an old terminal's encoding lacks is written out; it must not end the command.
            stream.reconfigure(errors="backslashreplace")
    root.main(prog_name="threadsync")


if __name__ == "__main__":
    main()
