"""The closed leads that open ones are compared with, as the publication keeps them and the model in use sees them."""

import json
import threading
import zlib
from base64 import b64decode, b64encode

import numpy as np

from serving.lead.similar import Explained, PastLeads, explained
from training.bundle import Bundle

MOST_PUBLISHED = 5_000
"""The newest closed leads that a publication keeps."""
DOCUMENT = "past"
LITTLE = "<f8"


def past_text(past: PastLeads) -> str:
    """Past leads as a document of a publication: JSON, the features as packed numbers."""
    packed = b64encode(zlib.compress(np.ascontiguousarray(past.values, LITTLE).tobytes())).decode()
    return json.dumps(
        {
            "lead_id": past.lead_id,
            "account": past.account,
            "as_of": past.as_of.tolist(),
            "won": past.won.tolist(),
            "features": past.values.shape[1],
            "values": packed,
        }
    )


def past_from(text: str) -> PastLeads:
    """What `past_text` wrote, to the bit."""
    found = json.loads(text)
    values = np.frombuffer(zlib.decompress(b64decode(found["values"])), LITTLE).astype(np.float64)
    return PastLeads(
        lead_id=tuple(found["lead_id"]),
        account=tuple(found["account"]),
        as_of=np.array(found["as_of"], np.int64),
        won=np.array(found["won"], np.bool_),
        values=values.reshape(-1, found["features"]),
    )


class PastInUse:
    """The past leads of one publication, read and explained once; another publication or model takes their place."""

    def __init__(self) -> None:
        self._key: tuple[int, str] | None = None
        self._known: Explained | None = None
        self._turn = threading.Lock()

    def of(self, publication: int, text: str, bundle: Bundle) -> Explained | None:
        """Past leads as the model sees them; None where the publication was made for other features."""
        with self._turn:
            key = (publication, bundle.version)
            if self._key != key:
                past = past_from(text)
                fits = past.values.shape[1] == len(bundle.catalog.features)
                self._key, self._known = key, explained(bundle, past) if fits else None
            return self._known
