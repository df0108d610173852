# Home Assistant serves `voluptuous` from probatio; so does the type checker.
from probatio import *  # noqa: F403 - every name there is
from probatio import Schema as Schema
