//! Where a device stands. The law forbids to infer emotions in two of these places.

/// Where a device stands, and what it is for there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Somebody's home.
    Home,
    /// A kiosk, a shop, an information desk.
    Kiosk,
    /// A museum, a fair, a work of art.
    Exhibition,
    /// A robot among people.
    Robot,
    /// A vehicle that nobody drives for a living.
    Vehicle,
    /// A study whose participants have agreed.
    Research,
    /// A medical purpose, wherever that is.
    Medical,
    /// A safety purpose, wherever that is.
    Safety,
    /// None of these.
    Other,
    /// A place of work.
    Workplace,
    /// A school, a university, a place of training.
    Education,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Home,
        Self::Kiosk,
        Self::Exhibition,
        Self::Robot,
        Self::Vehicle,
        Self::Research,
        Self::Medical,
        Self::Safety,
        Self::Other,
        Self::Workplace,
        Self::Education,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Kiosk => "kiosk",
            Self::Exhibition => "exhibition",
            Self::Robot => "robot",
            Self::Vehicle => "vehicle",
            Self::Research => "research",
            Self::Medical => "medical",
            Self::Safety => "safety",
            Self::Other => "other",
            Self::Workplace => "workplace",
            Self::Education => "education",
        }
    }

    /// Whether emotions may not be inferred there: the EU's AI Act, Regulation (EU) 2024/1689, Article 5(1)(f).
    pub const fn forbids_emotions(self) -> bool {
        matches!(self, Self::Workplace | Self::Education)
    }
}
