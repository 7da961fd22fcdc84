"""What a subscription watches is changed in the text of a configuration, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.config.edit import new_text, watching_less, watching_more
from pedigreed.config.load import parse_config
from pedigreed.model.failure import Usage
from pedigreed.model.program import ProgramSelection

REST = "    deliver: [{channel: screen}]  # for now\nchannels: {screen: stdout}\n# the end"


def text_of(programs: str) -> str:
    return f"# mine\nsubscriptions:\n  - name: jades\n    watch:\n{programs}\n{REST}"


def selections(*texts: str) -> list[ProgramSelection]:
    return [ProgramSelection.parse(text) for text in texts]


def watched(text: str) -> list[str]:
    (subscription,) = parse_config(text, "f", {}).config.subscriptions
    return [str(program) for program in subscription.watch.programs]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      programs: [1180]  # deep", '      programs: [1180, 1345, "1210:5"]  # deep'),
        ("      programs: [ 1180, ]", '      programs: [ 1180, 1345, "1210:5", ]'),
        (
            "      programs: [\n        1180,  # deep\n      ]",
            '      programs: [\n        1180, 1345, "1210:5",  # deep\n      ]',
        ),
        (
            "      programs:\n        - 1180  # deep\n      levels: [3]",
            '      programs:\n        - 1180  # deep\n        - 1345\n        - "1210:5"\n      levels: [3]',
        ),
        ("      programs:\n      - 1180", '      programs:\n      - 1180\n      - 1345\n      - "1210:5"'),
        ("      programs:\r\n      - 1180\r", '      programs:\r\n      - 1180\r\n      - 1345\n      - "1210:5"'),
    ],
)
def test_programs_are_added_behind_the_others_and_comments_stay(before: str, after: str) -> None:
    more = watching_more(text_of(before), "jades", selections("1345", "1210:5"), {})
    assert watched(more) == ["1180", "1345", "1210:5"]
    assert more.replace("\r", "") == text_of(after).replace("\r", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      programs: [1180, 1345]  # deep", "      programs: [1345]  # deep"),
        ("      programs: [1345, 01180 , 1210]", "      programs: [1345 , 1210]"),
        ("      programs: [1180, 1345, 1180]", "      programs: [1345]"),
        (
            "      programs:\n        - 1180  # deep\n        # and\n        - 1345",
            "      programs:\n        # and\n        - 1345",
        ),
    ],
)
def test_programs_are_taken_out_wherever_they_stand(before: str, after: str) -> None:
    before = before.replace("01180", '"01180"')
    assert watching_less(text_of(before), "jades", selections("1180"), {}) == text_of(after)


def test_other_subscriptions_keep_theirs() -> None:
    both = (
        "subscriptions:\n"
        "  - {name: a, watch: {programs: [1180, 1345]}, deliver: [{channel: screen}]}\n"
        "  - {name: b, watch: {programs: [1180, 1345]}, deliver: [{channel: screen}]}\n"
        "channels: {screen: stdout}\n"
    )
    less = watching_less(both, "b", selections("1345"), {})
    assert less == both[::-1].replace("]5431 ,0811[", "]0811[", 1)[::-1]


def test_what_is_written_in_a_way_that_is_not_foreseen_is_left_to_a_person() -> None:
    odd = text_of("      programs:\n        - |-\n          1180\n      levels: [3]")
    assert watched(odd) == ["1180"]
    with pytest.raises(Usage, match="edit the file"):
        watching_more(odd, "jades", selections("1345"), {})


def test_a_new_configuration_can_be_used() -> None:
    config = parse_config(new_text(selections("1180", "1210:5"), None), "f", {}).config
    assert [channel.kind for channel in config.channels.values()] == ["command"]
    mailed = parse_config(new_text(selections("1180"), "me@obs.example"), "f", {}).config
    assert mailed.channels["own-mail"].model_dump()["to"] == "me@obs.example"


FLOW = st.booleans()
NUMBERS = st.lists(st.integers(1, 99999), min_size=1, max_size=6, unique=True)


@given(numbers=NUMBERS, more=NUMBERS, is_flow=FLOW, comment=st.sampled_from(["", "  # a comment", " "]))
def test_what_is_added_and_taken_out_again_leaves_the_text_as_it_was(
    numbers: list[int], more: list[int], *, is_flow: bool, comment: str
) -> None:
    flow = f"      programs: [{', '.join(map(str, numbers))}]{comment}"
    block = "      programs:\n" + "\n".join(f"        - {number}{comment}" for number in numbers)
    text = text_of(flow if is_flow else block)
    added = [ProgramSelection(number) for number in more if number not in numbers]
    longer = watching_more(text, "jades", added, {})
    assert watched(longer) == [*map(str, numbers), *map(str, added)]
    assert watching_less(longer, "jades", added, {}) == text
