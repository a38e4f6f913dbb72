//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const BLENDED: Mistake = Mistake {
    name: "first-sample-blended",
    why: "the first sample was averaged with a round trip that nobody measured; it is to be taken whole",
    spec: "RFC 6298 §2.2: SRTT = R, RTTVAR = R/2",
};
pub(crate) const ORDER: Mistake = Mistake {
    name: "rttvar-after-srtt",
    why: "SRTT moved towards the sample before RTTVAR was told how far away it had been",
    spec: "RFC 6298 §2.3: RTTVAR first, with the value of SRTT from before",
};
pub(crate) const NO_MINIMUM: Mistake = Mistake {
    name: "no-minimum",
    why: "the timeout is what the formula gives, and below a second: an acknowledgment that is delayed a little is taken for a loss",
    spec: "RFC 6298 §2.4: an RTO below 1 second is rounded up to it",
};
pub(crate) const LAST: Mistake = Mistake {
    name: "times-the-last-segment",
    why: "each new segment began the measurement anew, so it measures the last one; while segments keep leaving, it never ends",
    spec: "RFC 6298 §3: at least one measurement a round trip",
};
pub(crate) const NO_BACKOFF: Mistake = Mistake {
    name: "no-backoff",
    why: "the next timeout is as long as the last: a path that is full gets the same segment again at the same rate, for as long as it is full",
    spec: "RFC 6298 §5.5: RTO = 2 · RTO, when the timer goes off",
};
pub(crate) const SAMPLES: Mistake = Mistake {
    name: "samples-retransmissions",
    why: "something was sent again before this acknowledgment came, so the time to it is not one round trip, and nobody knows what it is",
    spec: "RFC 6298 §3: Karn's algorithm",
};
pub(crate) const FORGOTTEN: Mistake = Mistake {
    name: "backoff-forgotten",
    why: "the timeout went back to what it was, and nothing new was measured: if the path is slower now, each segment will be sent twice from here on",
    spec: "RFC 6298 §5, after §5.7: the doubling ends with a new measurement",
};
