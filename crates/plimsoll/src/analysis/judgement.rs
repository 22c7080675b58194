//! All that is judged of a service at one moment: score, load line, findings, and the sentence that says it.

use super::findings::{Finding, findings};
use super::load_line::{Group, load_line, loads};
use super::score::{Score, score};
use super::situation::Situation;
use super::verdict::{ServiceState, Verdict, state, verdict};

/// A service judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What is known.
    pub situation: Situation,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Everything with a limit.
    pub groups: Vec<Group>,
    /// 0 to 100.
    pub score: Score,
    /// The score before what is wrong began, and when that was, nanoseconds since the Unix epoch.
    pub before: Option<(i64, f64)>,
    /// How it is.
    pub state: ServiceState,
    /// In a sentence.
    pub verdict: Verdict,
    /// What damage keeps from the answer; nothing where no store is read.
    pub missing: Vec<String>,
}

const MINUTE_NS: i64 = 60_000_000_000;

impl Judgement {
    /// What was before is told when it is so many points away.
    pub const OTHER: f64 = 3.0;

    /// The judgement of a situation of which so many slots with data came; `score_at` knows the score of a moment before.
    pub fn of(
        situation: Situation,
        windows: u64,
        score_at: impl FnOnce(i64) -> Option<(i64, f64)>,
    ) -> Self {
        let findings = findings(&situation);
        let groups = load_line(&situation, &findings);
        let score = score(&loads(&situation));
        let since = findings.iter().filter_map(|finding| finding.since_ns).min();
        // Well before the breach was seen, else an hour ago.
        let moment = since.map_or(situation.now - 60 * MINUTE_NS, |since| since - MINUTE_NS);
        let is_other = |(_, before): &(i64, f64)| {
            let now = score.value;
            now.is_some_and(|now| (now - before).abs() >= Self::OTHER)
        };
        let before = score_at(moment).filter(is_other);
        let fails = situation.failing_checks().next().is_some();
        let state = state(&situation, &score, windows, fails);
        let verdict = verdict(&situation, state, windows, &groups, &findings);
        Self {
            findings,
            groups,
            score,
            before,
            state,
            verdict,
            situation,
            missing: Vec::new(),
        }
    }
}
