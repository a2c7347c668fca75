//! What the pages ask of the vault, and what it answers. The vault is a program of its own in a Worker of the same tab: it
//! holds the keys, fetches, verifies, opens and replays; the pages show.
//!
//! A question travels as JSON of [`Ask`], its answer as JSON of its [`Question::Answer`], or a [`Problem`]. In between the
//! vault tells [`VaultEvent`]s. What cannot be JSON (ports, file handles, blobs) travels beside it.

mod account;
mod browse;
mod churn;
mod compare;
mod download;
mod live;
mod machines;
mod names;
mod restore;
mod retention;
mod space;

pub use account::*;
pub use browse::*;
pub use churn::*;
pub use compare::*;
pub use download::*;
pub use live::*;
pub use machines::*;
pub use names::*;
pub use restore::*;
pub use retention::*;
pub use space::*;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A question, and what answers it.
pub trait Question: Into<Ask> {
    /// What the vault answers.
    type Answer: Serialize + DeserializeOwned;
}

macro_rules! questions {
    ($($name:ident -> $answer:ty;)*) => {
        /// Every question.
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "ask", rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "each variant holds the question of the same name, which has its own words")]
        pub enum Ask {
            $($name($name),)*
        }

        $(
            impl Question for $name {
                type Answer = $answer;
            }

            impl From<$name> for Ask {
                fn from(question: $name) -> Self {
                    Self::$name(question)
                }
            }
        )*
    };
}

questions! {
    SignIn -> crate::api::json::SessionInfo;
    ProvePassword -> ();
    PrepareAccount -> NewKey;
    ConfirmAccount -> crate::api::json::SessionInfo;
    RecoverAccount -> crate::api::json::SessionInfo;
    ChangeLogin -> PasswordChanged;
    Unlock -> VaultState;
    Lock -> VaultState;
    AskState -> VaultState;
    Touch -> VaultState;
    ListSlots -> Vec<SlotView>;
    AddPassphrase -> Vec<SlotView>;
    PrepareKeyFile -> SavedFile;
    PrepareShares -> Vec<SavedFile>;
    ConfirmSlot -> Vec<SlotView>;
    AddPasskey -> Vec<SlotView>;
    ReadShare -> ShareView;
    RemoveSlot -> Vec<SlotView>;
    PrepareKit -> NewKey;
    ConfirmKit -> Vec<SlotView>;
    Drill -> bool;
    RatePassphrase -> Strength;
    SuggestPassphrase -> String;
    ListMachines -> Vec<MachineView>;
    Rename -> ();
    RevokeMachine -> ();
    ReadLive -> LiveView;
    ReadWords -> Vec<MachineWord>;
    GiveOrder -> u64;
    BeginEnrolment -> EnrolmentView;
    HearEnrolment -> Option<HelloView>;
    Admit -> crate::id::SetId;
    Refuse -> ();
    OpenPoint -> PointView;
    ListFolder -> Listing;
    ReadRows -> Vec<Row>;
    Jump -> Option<u32>;
    FindRows -> Vec<Option<PlacedRow>>;
    CompareListing -> ListingComparison;
    ShowEntry -> EntryView;
    FindVersions -> VersionPage;
    FindFolderChanges -> FolderChangesPage;
    Compare -> Comparison;
    ReadDifferences -> Vec<DifferenceRow>;
    WeighFolders -> FolderWeights;
    ReadChurn -> Vec<Option<DayChurn>>;
    LoadNames -> NamesView;
    SearchNames -> FoundNames;
    ReadFound -> Vec<FoundRow>;
    MeasureZip -> ZipView;
    ReadRetention -> RetentionView;
    DecideRetention -> RetentionView;
    CheckPoints -> PointsCheck;
    OrderRestore -> crate::id::RestoreId;
    ListRestores -> Vec<RestoreView>;
    CancelRestore -> ();
    Download -> DownloadView;
    CancelDownload -> ();
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For programs.
    pub kind: ProblemKind,
    /// For people: what happened and what to do.
    pub message: String,
    /// The server's word ([`crate::api::json::code`]) when it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When to try again, if the server says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The vault is locked; unlock it and ask again.
    Locked,
    /// What was given opens no slot, or is not well-formed.
    WrongSecret,
    /// The server refused; `code` says why.
    Refused,
    /// The server did not answer.
    Unreachable,
    /// The server shows something that this account did not write, or an older state than was seen. An alarm.
    Altered,
    /// Objects are missing or damaged; the rest is fine.
    Damaged,
    /// There is no such thing.
    Missing,
    /// It was cancelled.
    Cancelled,
    /// Anything else; the message says what.
    Failed,
}

impl Problem {
    /// A problem without the server's word.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, retry_after_s: None }
    }

    /// There is no connection, or it broke off. What a browser calls that tells people nothing.
    pub fn unreachable() -> Self {
        Self::new(
            ProblemKind::Unreachable,
            "the server cannot be reached; check your connection, and try again in a moment",
        )
    }

    /// Something answered with a status alone: not the server, but who stands before it.
    pub fn unavailable(status: u16) -> Self {
        Self::new(
            ProblemKind::Unreachable,
            format!("the server cannot answer now (status {status}); try again in a moment"),
        )
    }

    /// Whether the server refused with this word ([`crate::api::json::code`]).
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// What the vault tells unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum VaultEvent {
    /// It was unlocked or locked, or will lock later than said before.
    State(VaultState),
    /// A download goes on.
    Progress {
        /// Which.
        download: u32,
        /// Bytes that were verified and handed on so far.
        bytes: u64,
    },
    /// Names were read ([`LoadNames`]).
    Names {
        /// Of which set.
        set: crate::id::SetId,
        /// How far.
        read: NamesView,
    },
    /// A download has ended well. One by [`Way::Blob`] comes with its blob.
    Done {
        /// Which.
        download: u32,
    },
    /// A download was stopped; nothing of it may be used.
    Stopped {
        /// Which.
        download: u32,
        /// Why.
        problem: Problem,
    },
}
