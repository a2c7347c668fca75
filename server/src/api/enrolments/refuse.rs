//! `DELETE /enrolments/{id}`: the owner does not let the machine in.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::Event;
use iota_core::id::EnrolId;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::InPath;
use crate::store::enrolment;

/// Refuses whoever used the code, and whoever else would. Again is fine.
///
/// # Errors
/// `not_found` when the account has no such relay open, `conflict` when the machine was let in already.
pub async fn delete(
    State(state): State<AppState>,
    session: WebSession,
    InPath(enrol_id): InPath<EnrolId>,
) -> ApiResult<StatusCode> {
    let mut transaction = state.pool().begin().await?;
    let relay = enrolment::lock(&mut transaction, enrol_id, state.now_ms()).await?;
    let relay = relay.filter(|relay| relay.account_no == session.account_no).ok_or_else(super::unknown)?;
    if relay.answer.is_some() {
        return Err(super::already());
    }
    enrolment::refuse(&mut transaction, enrol_id).await?;
    transaction.commit().await?;
    state.events().publish(session.account_no, Event::Enrolment { enrol_id });
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::{CreateEnrolment, ErrorBody, code};
    use iota_core::chain::SkipChain;
    use iota_core::id::SetId;

    use super::*;
    use crate::test_support::{TestAccount, TestMachine, TestServer, grant};

    #[tokio::test]
    async fn a_refused_machine_is_told_and_the_code_is_dead() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let enrol_id = EnrolId([1; 8]);
        let path = format!("/enrolments/{enrol_id}");
        let machine = TestMachine::draft(&server, SetId([1; 16]), 1, SkipChain::default());
        ada.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.ok();
        server.stranger().put(&format!("{path}/hello"), &machine.hello()).await.ok();
        let refuse = async |account: &TestAccount| account.browser.send(Method::DELETE, &path, None, vec![]).await;
        assert_eq!(refuse(&bob).await.code(), code::NOT_FOUND);
        for _ in 0..2 {
            refuse(&ada).await.ok();
        }
        let told = server.stranger().get(&format!("{path}/grant")).await;
        assert_eq!(told.code(), code::BAD_CODE);
        let body: ErrorBody = serde_json::from_slice(&told.body).unwrap();
        assert!(body.error.message.starts_with("the owner refused"), "{}", body.error.message);
        let again = server.stranger().put(&format!("{path}/hello"), &machine.hello()).await;
        assert_eq!(again.code(), code::BAD_CODE);
        let granted = ada.browser.put(&format!("{path}/grant"), &grant(&ada, machine.certificate(&ada))).await;
        assert_eq!(granted.code(), code::BAD_CODE);
        assert_eq!(ada.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.code(), code::CONFLICT);
        assert_eq!(machine.try_session(&server).await.code(), code::BAD_CREDENTIALS);
    }

    #[tokio::test]
    async fn a_code_that_nobody_used_yet_is_dead_too_and_a_grant_stands() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let enrol_id = EnrolId([1; 8]);
        ada.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.ok();
        ada.browser.send(Method::DELETE, &format!("/enrolments/{enrol_id}"), None, vec![]).await.ok();
        let machine = TestMachine::draft(&server, SetId([1; 16]), 1, SkipChain::default());
        let late = server.stranger().put(&format!("/enrolments/{enrol_id}/hello"), &machine.hello()).await;
        assert_eq!(late.code(), code::BAD_CODE);
        assert_eq!(ada.browser.post("/enrolments", &CreateEnrolment { enrol_id }).await.code(), code::CONFLICT);

        let enrol_id = EnrolId([2; 8]);
        machine.meet(&server, &ada, enrol_id, machine.certificate(&ada)).await.ok();
        let late = ada.browser.send(Method::DELETE, &format!("/enrolments/{enrol_id}"), None, vec![]).await;
        assert_eq!(late.code(), code::CONFLICT);
    }
}
