"""The process that reads texts, one for all tests of a run: to start one takes longer than most tests."""

import atexit

from heartbeat_bot.isolation.worker import Worker

WORKER = Worker()
atexit.register(WORKER.close)
