//! How fast a machine sends, and when it rests by itself.

use iota_core::rules::{Bandwidth, RuleFile, Schedule, Size};
use leptos::prelude::*;

use crate::components::field::CheckField;
use crate::pages::rules_page::draft::Draft;
use crate::pages::rules_page::lists::{AddRow, DraftField, RuleRow, bound};

/// Limits of bandwidth, and rests.
#[component]
pub(super) fn Pace(draft: Draft) -> impl IntoView {
    let rows = move || {
        let count = draft.file().with(|file| file.bandwidth.len());
        let rows = (0..count).map(|place| {
            let name = draft.file().with(|file| limit_words(&file.bandwidth[place]));
            let remove = Callback::new(move |()| draft.edit(|file| drop(file.bandwidth.remove(place))));
            view! { <RuleRow icon="hourglass" name remove /> }
        });
        rows.collect::<Vec<_>>()
    };
    let add = Callback::new(move |text: String| {
        let limit = parse_limit(&text)?;
        draft.edit(|file| file.bandwidth.push(limit));
        Ok(())
    });
    let battery = bound(draft, |file| file.rest.on_battery, |file, yes| file.rest.on_battery = yes);
    let metered = bound(draft, |file| file.rest.on_metered, |file, yes| file.rest.on_metered = yes);
    let longest = |file: &RuleFile| file.rest.longest.to_string();
    let set_longest = |file: &mut RuleFile, text: &str| {
        file.rest.longest = text.parse()?;
        Ok(())
    };
    view! {
        <section class="card card--flush" aria-labelledby="pace">
            <div class="card__head">
                <h2 class="card__title" id="pace">
                    "Pace"
                </h2>
            </div>
            <div class="rule-list">{rows}</div>
            <AddRow
                id="limit-new"
                label="Another limit: bytes a second, up or down, and when"
                placeholder="500K up mon-fri 8:00-18:00"
                add
            />
            <div class="rule-list__more">
                <CheckField id="on-battery" label="Rest on battery" value=battery switch=true />
                <CheckField
                    id="on-metered"
                    label="Rest on metered networks"
                    value=metered
                    hint="As far as NetworkManager knows them"
                    switch=true
                />
                <DraftField draft id="longest" label="But no longer than" placeholder="1d" get=longest set=set_longest />
            </div>
        </section>
    }
    .into_any()
}

fn limit_words(limit: &Bandwidth) -> String {
    let when = limit.schedule.as_ref().map_or_else(|| "always".to_owned(), Schedule::to_string);
    let ways = [(limit.up, "up"), (limit.down, "down")];
    let ways = ways.iter().filter_map(|(size, way)| size.map(|size| format!("{size}/s {way} ")));
    format!("{}{when}", ways.collect::<String>())
}

/// `2M`, which is up, or `5M down`, or `500K up mon-fri 8:00-18:00`.
fn parse_limit(text: &str) -> Result<Bandwidth, String> {
    let (size, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let size = Some(size.strip_suffix("/s").unwrap_or(size).parse::<Size>()?);
    let (way, after) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let (up, down, when) = match way {
        "up" => (size, None, after),
        "down" => (None, size, after),
        _ => (size, None, rest),
    };
    let schedule = match when.trim() {
        "" | "always" => None,
        when => Some(when.parse::<Schedule>().map_err(|error| error.to_string())?),
    };
    Ok(Bandwidth { up, down, schedule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_shown() {
        for text in ["2M/s up always", "5M/s down always", "500K/s up mon-fri 8:00-18:00"] {
            assert_eq!(limit_words(&parse_limit(text).unwrap()), text);
        }
        for text in ["2M", "2M up", "2M always", "2M/s always"] {
            assert_eq!(parse_limit(text).unwrap(), parse_limit("2M/s up always").unwrap(), "{text}");
        }
        let both = Bandwidth { up: parse_limit("2M").unwrap().up, ..parse_limit("5M down sat-sun").unwrap() };
        assert!(limit_words(&both).starts_with("2M/s up 5M/s down sat-sun"), "{}", limit_words(&both));
        for text in ["", "fast", "2M now and then", "2M down now and then"] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }
}
