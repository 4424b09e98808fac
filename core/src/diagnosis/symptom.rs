use super::Ailment;

/// Something that the store shows to be stuck: the plain facts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symptom {
    /// What it is.
    pub ailment: Ailment,
    /// Of what: a message, a transport, a node.
    pub subject: String,
    /// How many.
    pub count: u64,
    /// Since when, milliseconds since 1970, by the store's clock.
    pub since: i64,
    /// What was said of the oldest (of the newest, where things came in); empty where nothing was.
    pub said: String,
    /// How often the oldest was tried.
    pub tries: u32,
    /// One of them, for `tongguan show`: a declaration's id, or what came in by its digest.
    pub example: String,
}
