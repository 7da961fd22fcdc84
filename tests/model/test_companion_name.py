"""What the names of shutter configurations, associations and pools tell."""

from __future__ import annotations

from pedigreed.model.association_id import AssociationId, AssociationKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.product_name import AssociationName, MsaName, PoolName, parse_product_name


def test_a_shutter_configuration() -> None:
    name = parse_product_name("jw01118008001_01_msa.fits")
    assert name == MsaName(1118, 8, 1, "01")
    assert (name.instrument, name.product_type, name.level) == (Instrument.NIRSPEC, "msa", None)


def test_an_association_and_its_pool() -> None:
    association = parse_product_name("jw01039-o004_20220702t204540_spec3_001_asn.json")
    pool = parse_product_name("jw01039_20220702t204540_pool.csv")
    assert association == AssociationName(
        1039, AssociationId(AssociationKind.OBSERVATION, 4), "20220702t204540", "spec3", "001"
    )
    assert (association.observation, association.product_type) == (4, "asn")
    assert pool == PoolName(1039, "20220702t204540")
    assert (pool.observation, pool.product_type) == (None, "pool")
