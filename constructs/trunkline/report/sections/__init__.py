"""The sections of a report, one file each; a section that has nothing to show is None."""
