"""What a measurement says while it goes on, with the time: some steps take minutes on a slow machine."""
import sys
import time


def say(text):
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)
