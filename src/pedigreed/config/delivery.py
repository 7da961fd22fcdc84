"""How long is tried to hand a message over."""

from datetime import timedelta

from pydantic import Field

from pedigreed.config.base import Settings
from pedigreed.config.duration import Duration


class DeliveryRules(Settings):
    """What holds for every channel."""

    give_up_after: Duration = Field(
        default=timedelta(days=3),
        description="A message that could not be handed over for so long is given up, and the operator is told.",
    )
