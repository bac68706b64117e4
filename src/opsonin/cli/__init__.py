"""The command line. Nothing is imported here, so that what is below is there while the commands are being read."""

INTERRUPTED = 130  # exit code after Ctrl-C
