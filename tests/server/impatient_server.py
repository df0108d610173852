"""The server's process, which tries again at once to load what it could not load."""

from inference_server import __main__ as program
from inference_server.detection import service

if __name__ == "__main__":
    service._FIRST_RELOAD = 0.3
    program.run()
