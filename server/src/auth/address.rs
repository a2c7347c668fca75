//! Logins are e-mail addresses; nothing else is counted or looked for.

use iota_core::api::normalise_login;

use crate::error::{ApiError, ApiResult};
use crate::records::MAX_LOGIN_BYTES;

/// A login as accounts are kept by it.
///
/// # Errors
/// `bad_request` when it is no address.
pub fn login_of(typed: &str) -> ApiResult<String> {
    let login = normalise_login(typed);
    if is_address(&login) {
        return Ok(login);
    }
    Err(ApiError::bad_request("the login must be an e-mail address of at most 254 bytes"))
}

fn is_address(login: &str) -> bool {
    let plain = login.len() <= MAX_LOGIN_BYTES && !login.chars().any(|c| c.is_whitespace() || c.is_control());
    plain && login.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::code;
    use serde_json::json;

    use super::*;
    use crate::test_support::TestServer;

    #[test]
    fn a_login_is_an_address() {
        for good in ["a@b", "ada.lovelace+x@example.org", "ä@ö"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "@", "a@", "@b", "ab", "a b@c", "a@b\n", "a\0@b", &format!("{}@b", "a".repeat(253))] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn whatever_is_no_address_is_refused_before_anything_is_counted() {
        let server = TestServer::start().await;
        let (half, signature) = ("00".repeat(16), "00".repeat(64));
        for login in ["a\0@example.org", "nobody", &format!("{}@example.org", "a".repeat(250))] {
            let whole = json!({
                "login": login, "auth_secret": half.repeat(2), "code": "", "account": half, "challenge": half.repeat(2),
                "signature": signature, "identity": half.repeat(2), "slot_list": "",
            });
            for path in ["/login", "/recovery", "/recovery/slots", "/accounts", "/accounts/check"] {
                let answer = server.stranger().post(path, &whole).await;
                assert_eq!(answer.code(), code::BAD_REQUEST, "{path}");
                assert!(String::from_utf8_lossy(&answer.body).contains("address"), "{path}: {answer}");
            }
        }
        let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM attempt").fetch_one(server.pool()).await.unwrap();
        assert_eq!(counted, 0);
    }
}
