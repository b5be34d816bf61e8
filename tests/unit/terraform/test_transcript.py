"""What Terraform says, counted, kept, and searched for what went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trunkline.errors import OutputError
from trunkline.terraform.transcript import Transcript, Trouble


def event(kind: str, message: str = "", **more: object) -> str:
    return json.dumps({"@message": message, "@timestamp": "now", "type": kind, **more})


def error(summary: str, detail: str = "", **more: str) -> str:
    return event(
        "diagnostic",
        diagnostic={"severity": "error", "summary": summary}
        | more
        | ({"detail": detail} if detail else {}),
    )


@pytest.fixture
def transcript(tmp_path: Path) -> Transcript:
    return Transcript(tmp_path / "logs" / "edge-aws.log")


def test_what_is_made_changed_and_destroyed_is_counted(transcript: Transcript) -> None:
    counted: list[int] = []
    transcript.changed = counted.append
    for action in ("create", "update", "delete", "read"):
        transcript.hear(event("apply_complete", hook={"action": action}))
    assert counted == [1, 2, 3]


def test_all_of_it_is_kept_for_this_user_alone(transcript: Transcript) -> None:
    transcript.begin("init")
    transcript.hear("Initializing")
    transcript.hear(event("version", "Terraform 1.11.4"))
    transcript.hear(error("No", "because"))
    transcript.close()
    kept = transcript.path.read_text().splitlines()
    assert kept == ["$ init", "Initializing", "now Terraform 1.11.4", "now", "because"]
    assert transcript.path.stat().st_mode & 0o777 == 0o600


def test_the_first_error_is_what_went_wrong(transcript: Transcript) -> None:
    transcript.hear(event("diagnostic", diagnostic={"severity": "warning", "summary": "old"}))
    transcript.hear(error("No", "because", address="aws_vpc.a"))
    transcript.hear(error("So"))
    assert transcript.trouble() == Trouble("No", "because", "aws_vpc.a")


def test_a_machine_s_own_sentence_says_more_than_terraform(transcript: Transcript) -> None:
    for said in ("Executing: [sh]", "other is up after 0.1 s", "edge: 127.0.0.1:1 is taken"):
        transcript.hear(event("provision_progress", hook={"output": said}))
    transcript.hear(error("local-exec provisioner error", "exit status 1"))
    assert transcript.trouble().text == "edge: 127.0.0.1:1 is taken"


def test_an_error_in_a_frame_is_found(transcript: Transcript) -> None:
    lines = "Initializing\n╷\n│ Error: Failed to query\n│ \n│ Could not find it\n╵\n│ Error: Two"
    for line in lines.splitlines():
        transcript.hear(line)
    assert transcript.trouble() == Trouble("Failed to query", "Could not find it")


def test_without_an_error_its_last_words_are_told(transcript: Transcript) -> None:
    assert transcript.trouble() == Trouble("it said nothing")
    transcript.hear('{"half of a line')
    assert transcript.trouble() == Trouble('{"half of a line')


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(OutputError, match="choose another --output"):
        Transcript(tmp_path / "logs" / "a.log")
