//! A state: icon, word and colour, never a colour alone.

use leptos::prelude::*;

use crate::components::icon::Icon;

/// How a state looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As it should be.
    Ok,
    /// Somebody should look.
    Warn,
    /// Somebody must look.
    Bad,
    /// It works.
    Busy,
    /// It is of the past.
    Past,
    /// It is sealed, or unknown.
    Locked,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Ok => "state state--ok",
            Self::Warn => "state state--warn",
            Self::Bad => "state state--bad",
            Self::Busy => "state state--busy",
            Self::Past => "state state--past",
            Self::Locked => "state state--locked",
        }
    }
}

/// A state in a few words.
#[component]
pub fn StateWord(
    /// Its colour.
    look: Look,
    /// Name of the icon.
    icon: &'static str,
    /// The words.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <span class=look.class()>
            <Icon name=icon />
            {text}
        </span>
    }
    .into_any()
}
