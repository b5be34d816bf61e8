"""The folder of a machine, below a folder `.trunkline`: what lies in it, and under which names.

.trunkline/                     removed with the last thing in it
└── …/machines/edge-aws/
    ├── lock                    held (flock) by the one start or stop that is at work
    ├── machine.json            what it runs, as `start` got it
    ├── state.json              PIDs and restarts, written by the supervisor
    ├── supervisor.log          errors of the supervisor itself; empty as a rule
    ├── envoy.log  envoy.log.1  the output of a process, 1 MB each
    └── envoy.json …            the process's own files

Nothing is imported here: every supervisor loads this module, and has to stay small.
"""

ROOT = ".trunkline"
LOCK, MACHINE, STATE = "lock", "machine.json", "state.json"
SUPERVISOR = "supervisor"
LOG = ".log"

AUTHORITY = "authority.pem"  # of the certificates that a machine made itself

STATE_SIZE = 4096  # one page, so that a full disk and a kill -9 leave it whole
NOTE = "[trunkline] "  # begins the lines in a log that are not the process's own

MARK = "TRUNKLINE_FOLDER"
"""The variable that all processes of a machine have in their environment: its folder."""
