//! `GET /install.sh`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use iota_core::api::json::Download;

use super::programs;
use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::install;

/// The script that installs the agent from the address by which the client came.
///
/// # Errors
/// `bad_request` when that address is none, `too_many_requests`.
pub async fn show(State(state): State<AppState>, network: Network, headers: HeaderMap) -> ApiResult<Response> {
    state.take_stranger(network)?;
    let url = install::url(&headers, state.transport());
    let url = url.ok_or_else(|| ApiError::bad_request("the request does not name this server: use its address"))?;
    let programs: Vec<Download> = programs(&state).await?.into_iter().map(|program| program.info).collect();
    let script = install::script(&url, state.pin(), &programs);
    Ok(([(header::CONTENT_TYPE, "text/x-shellscript; charset=utf-8")], script).into_response())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Command, Output};

    use iota_core::api::json::Download;

    use crate::test_support::TestServer;

    /// Stands in for the agent: notes what it is asked, and joins.
    const STAND_IN: &str = "#!/bin/sh\necho \"$*\" >>\"$HOME/asked\"\n[ \"$1\" != enroll ] || {\n\
        mkdir -p \"$HOME/.config/iotabackup\"; printf %s \"$IOTA_ENROL_CODE\" >\"$HOME/.config/iotabackup/identity\"; }\n";
    const NOBODY: u32 = 65534;

    fn name() -> String {
        format!("iota-linux-{}", std::env::consts::ARCH)
    }

    /// A server that hands out the stand-in, and its script.
    async fn scene() -> (TestServer, String) {
        let server = TestServer::start().await;
        let folder = server.data.path().join("downloads");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(name()), STAND_IN).unwrap();
        let answer = server.stranger().page("/install.sh").await.ok();
        assert_eq!(answer.headers["content-type"], "text/x-shellscript; charset=utf-8");
        (server, String::from_utf8(answer.body).unwrap())
    }

    /// Runs a script as somebody who is not root and has no systemd of their own.
    async fn run(script: String, home: &Path, code: Option<&str>) -> Output {
        let is_root = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0).unwrap();
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).env_clear().current_dir("/");
        command.env("HOME", home).env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if let Some(code) = code {
            command.env("IOTA_ENROL_CODE", code);
        }
        if is_root {
            chown(home, Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_script_installs_joins_and_says_so() {
        let (server, script) = scene().await;
        let home = tempfile::tempdir().unwrap();
        let done = run(script.clone(), home.path(), Some("IOTA-ENROL-1-CODE")).await;
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        let installed = home.path().join(".local/bin/iota");
        assert_eq!(fs::read_to_string(&installed).unwrap(), STAND_IN);
        assert_eq!(fs::metadata(&installed).unwrap().permissions().mode() & 0o777, 0o755);
        let asked = fs::read_to_string(home.path().join("asked")).unwrap();
        let home_text = home.path().display();
        assert_eq!(asked, format!("enroll --server {}\n--quiet include {home_text}\n", server.url));
        let code = fs::read_to_string(home.path().join(".config/iotabackup/identity")).unwrap();
        assert_eq!(code, "IOTA-ENROL-1-CODE");
        for wanted in ["once", "There is no systemd here", "Done: the program was installed", "status"] {
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
        assert!(!said.contains("IOTA-ENROL-1-CODE"), "{said}");

        let again = run(script, home.path(), None).await;
        let said = String::from_utf8(again.stdout).unwrap();
        assert!(again.status.success() && said.contains("up to date"), "{said}");
        assert_eq!(fs::read_to_string(home.path().join("asked")).unwrap(), asked, "it joins with a code only");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_what_it_should_be_is_not_installed() {
        let (server, script) = scene().await;
        let home = tempfile::tempdir().unwrap();
        fs::write(server.data.path().join("downloads").join(name()), "another program").unwrap();
        let refused = run(script, home.path(), Some("CODE")).await;
        assert!(!refused.status.success());
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains("nothing was installed"), "{told}");
        assert_eq!(fs::read_dir(home.path().join(".local/bin")).unwrap().count(), 0);
        assert!(!home.path().join("asked").exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_code_nothing_joins_and_without_a_program_nothing_happens() {
        let (server, script) = scene().await;
        let home = tempfile::tempdir().unwrap();
        let done = run(script, home.path(), None).await;
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success() && said.contains("has not joined an account yet"), "{said}");
        fs::remove_file(server.data.path().join("downloads").join(name())).unwrap();
        let script = String::from_utf8(server.stranger().page("/install.sh").await.ok().body).unwrap();
        let refused = run(script, home.path(), None).await;
        assert!(String::from_utf8_lossy(&refused.stderr).contains("no program for linux"));
    }

    #[tokio::test]
    async fn programs_are_listed_and_fetched_by_their_names_only() {
        let (server, _) = scene().await;
        let listed: Vec<Download> = server.stranger().get("/downloads").await.json();
        assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].bytes), (1, &*name(), STAND_IN.len() as u64));
        let fetched = server.stranger().page(&format!("/download/{}", name())).await.ok();
        assert_eq!(fetched.body, STAND_IN.as_bytes());
        assert_eq!(fetched.headers["cache-control"], "no-cache");
        assert!(fetched.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        for name in ["iota", "..%2Fhost.key", "%2E%2E%2Fhost.key", "iota-linux-none"] {
            assert_eq!(server.stranger().page(&format!("/download/{name}")).await.status.as_u16(), 404, "{name}");
        }
    }

    #[test]
    fn the_script_is_plain_shell() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/install/install.sh");
        assert!(Command::new("sh").args(["-n", path]).status().unwrap().success());
    }
}
