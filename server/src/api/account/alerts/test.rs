//! `POST /account/alerts/test`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::code;

use crate::alerts::{message_id, test_text};
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::mail::MailError;
use crate::store::alerts;
use crate::store::attempt::{self, OF_TEST_MAILS};
use crate::store::mail::Text;

/// Sends a test mail to the address that is noted, now and once, and answers when the mail server has taken it.
///
/// # Errors
/// `no_mail` without an address, or when this server sends none; `mail_failed` with the mail server's words;
/// `too_many_requests`.
pub async fn create(State(state): State<AppState>, session: WebSession) -> ApiResult<StatusCode> {
    let no_mail = |message: &str| ApiError::new(code::NO_MAIL, message);
    let mailer = state.mailer().ok_or_else(|| {
        no_mail("this server sends no mails: who runs it names a mail server in its configuration, section `[mail]`")
    })?;
    let address = alerts::find(&mut *state.pool().acquire().await?, session.account_no).await?.address;
    if address.is_empty() {
        return Err(no_mail("there is no address to which a mail could go: save one first"));
    }
    let bucket = (attempt::bucket(&[b"test mail", &session.account.0]), OF_TEST_MAILS);
    let counted = attempt::begin(state.pool(), &[bucket], state.now_ms()).await?;
    counted.map_err(|wait_ms| {
        ApiError::new(code::TOO_MANY_REQUESTS, "too many test mails: wait before the next one")
            .retry_after_s(wait_ms.div_ceil(1000))
    })?;
    let (subject, body) = test_text();
    let text = Text { message_id: message_id(&state)?, subject, body };
    let sent = mailer.send(&address, &text, state.now_ms()).await;
    sent.map_err(|error: MailError| ApiError::new(code::MAIL_FAILED, error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::alerts::ChangeAlerts;
    use iota_core::api::json::ErrorBody;

    use super::*;
    use crate::test_support::{Answer, Counter, PostOffice, TestAccount, TestServer};

    async fn note_address(account: &TestAccount) {
        // A test goes out also while mails are off.
        let change = ChangeAlerts { address: "ada@example.org".into(), mails: false, limit_hours: 72 };
        account.browser.put("/account/alerts", &change).await.ok();
    }

    async fn test(account: &TestAccount) -> Answer {
        account.browser.post("/account/alerts/test", &()).await
    }

    fn message(answer: &Answer) -> String {
        serde_json::from_slice::<ErrorBody>(&answer.body).unwrap().error.message
    }

    #[tokio::test]
    async fn the_answer_says_what_the_mail_server_said() {
        let post = PostOffice::open().await;
        let server = TestServer::start_with_mail(post.mailer()).await;
        let ada = TestAccount::first(&server).await;
        assert_eq!(test(&ada).await.code(), code::NO_MAIL);
        note_address(&ada).await;
        test(&ada).await.ok();
        let letters = post.take();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].to, ["ada@example.org"]);
        assert!(letters[0].text.contains("Subject: IotaBackup: a test\r\n"), "{}", letters[0].text);
        post.set(Counter::Refusing);
        let refused = test(&ada).await;
        assert_eq!((refused.code().as_str(), refused.status), (code::MAIL_FAILED, StatusCode::BAD_GATEWAY));
        assert_eq!(message(&refused), "the mail server refused: 550 5.1.1 nobody of that name lives here");
        post.set(Counter::Away);
        let away = test(&ada).await;
        assert_eq!(away.code(), code::MAIL_FAILED);
        assert!(message(&away).contains("cannot be reached"), "{away}");
        assert_eq!(post.take(), []);
    }

    #[tokio::test]
    async fn tests_are_few_and_of_the_account() {
        let post = PostOffice::open().await;
        let server = TestServer::start_with_mail(post.mailer()).await;
        let (ada, bob) = (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
        note_address(&ada).await;
        note_address(&bob).await;
        for _ in 0..3 {
            test(&ada).await.ok();
        }
        let refused = test(&ada).await;
        assert_eq!(refused.code(), code::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers["retry-after"], "60");
        test(&bob).await.ok();
        server.clock.advance_ms(60_000);
        test(&ada).await.ok();
        assert_eq!(post.take().len(), 5);
    }

    #[tokio::test]
    async fn a_server_without_a_mail_server_says_so() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        note_address(&ada).await;
        let refused = test(&ada).await;
        assert_eq!((refused.code().as_str(), refused.status), (code::NO_MAIL, StatusCode::CONFLICT));
    }
}
