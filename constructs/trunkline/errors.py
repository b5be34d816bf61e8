"""What can go wrong, as a tree.

TrunklineError                 every error that a user can cure; the CLI prints it, exits with 2
├── FindingsError              a file with findings; carries all of them (documents/findings.py)
│   ├── UnreadableError        a file that gives no data (documents/source.py)
│   ├── TopologyError          a topology file (topology/errors.py)
│   ├── MeasurementsError      a measurement file (measurements/load.py)
│   ├── PricesError            a file of prices (cost/prices.py)
│   ├── ResultsError           a file of a load test (bench/results.py)
│   ├── PlanError              a file that is not a plan of Terraform (cost/plan.py)
│   └── PhysicalZonesError     a file of physical zones (placement/physical.py)
├── ConfigurationError         a construct got arguments that cannot work together
├── OutputError                a file or a folder cannot be written
├── TerraformError             Terraform is not there, or a run of it failed; its last words
├── MachineError               a machine on this computer cannot start or end
├── CentralError               ZeroTier Central, which cannot be asked (backbone/central.py)
├── ConsoleError               a console that cannot be read (deploy/console.py)
├── EdgeError                  an edge that does not come back (deploy/health.py)
├── KeysError                  a file of keys, or a step of their rotation (deploy/keys.py)
├── ProbeKeyError              a text that is not a probe key (probing/key.py)
├── EarlierMeasurementsError   a file that a collection would have to replace (probing/saved.py)
├── HistoryError               no history, or one of two kinds (measurements/history.py)
├── PlacementError             measurements that say nothing about a topology (placement/solve.py)
├── SurveyError                probes that have not measured every pair in time (demo/survey.py)
├── RouteError                 a route without the expected answer (demo/requests.py)
├── TrafficError               what was counted cannot be asked for (traffic/span.py)
├── ComparisonError            load tests that say nothing about one another (bench/compare.py)
└── LoadError                  a load test that gave no figures (bench/load.py)
"""

from __future__ import annotations


class TrunklineError(Exception):
    """An error that a user can cure; its text says how."""


class ConfigurationError(TrunklineError):
    """Arguments of a construct that cannot work together."""


class OutputError(TrunklineError):
    """An output that cannot be written; what was there before is unharmed."""


class TerraformError(TrunklineError):
    """A run of Terraform that failed, with its last words; or there is no Terraform."""


class MachineError(TrunklineError):
    """A machine on this computer that cannot start or end; the text names it, cause and remedy."""
