//! TLS: with a certificate in files, or with one of the server's own making, whose key clients pin.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// TLS cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The file system failed.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read the key.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600` on it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not PEM.
    #[error("{} holds no {what} in PEM: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// What is wrong.
        source: rustls::pki_types::pem::Error,
    },
    /// Key and certificate do not fit, or are of a kind that is not supported.
    #[error("certificate and key cannot be used together: {0}")]
    Unfit(#[from] rustls::Error),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// SHA-256 of a public key with its kind (SPKI): what clients pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl std::fmt::Display for Pin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// TLS with a certificate chain and its key, both PEM.
///
/// # Errors
/// [`TlsError`].
pub fn from_files(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let pem = |path: &Path, what| {
        let path = path.to_path_buf();
        move |source| TlsError::Pem { path, what, source }
    };
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(pem(cert, "certificate"))?;
    configure(chain, PrivateKeyDer::from_pem_file(key).map_err(pem(key, "key"))?)
}

/// TLS with a certificate of our own making. The key is made once and stays; so does the pin.
///
/// # Errors
/// [`TlsError`].
pub fn self_signed(data: &Path, names: Vec<String>) -> Result<(Arc<ServerConfig>, Pin), TlsError> {
    let key = own_key(data)?;
    let certificate = CertificateParams::new(names)?.self_signed(&key)?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
    Ok((configure(vec![certificate.der().clone()], private)?, pin(&key)))
}

/// The pin of the server's own key, if it has made one.
///
/// # Errors
/// [`TlsError`].
pub fn own_pin(data: &Path) -> Result<Option<Pin>, TlsError> {
    Ok(read_key(&key_path(data))?.as_ref().map(pin))
}

fn pin(key: &KeyPair) -> Pin {
    Pin(Sha256::digest(key.subject_public_key_info()).into())
}

fn configure(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn key_path(data: &Path) -> PathBuf {
    data.join("tls.key")
}

fn own_key(data: &Path) -> Result<KeyPair, TlsError> {
    let path = key_path(data);
    if let Some(key) = read_key(&path)? {
        return Ok(key);
    }
    let key = KeyPair::generate()?;
    write_key(data, &path, &key.serialize_pem()).map_err(|source| TlsError::File { path, source })?;
    Ok(key)
}

fn read_key(path: &Path) -> Result<Option<KeyPair>, TlsError> {
    let failed = |source| TlsError::File { path: path.to_path_buf(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(failed)?,
    };
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TlsError::Open { path: path.to_path_buf(), mode });
    }
    Ok(Some(KeyPair::from_pem(&text)?))
}

/// Whole or not at all: a temporary file, then its name.
fn write_key(data: &Path, path: &Path, pem: &str) -> io::Result<()> {
    let temporary = data.join("tls.key.new");
    let _ = fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_pin_stays() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(own_pin(data.path()).unwrap(), None);
        let (_, first) = self_signed(data.path(), vec!["localhost".into()]).unwrap();
        let (_, again) = self_signed(data.path(), vec!["backup.example".into(), "192.0.2.1".into()]).unwrap();
        assert_eq!((first, Some(first)), (again, own_pin(data.path()).unwrap()));
        assert_eq!(first.to_string().len(), 64);
        assert_eq!(fs::metadata(key_path(data.path())).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(key_path(data.path()), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(self_signed(data.path(), vec![]), Err(TlsError::Open { mode: 0o644, .. })));
    }

    #[test]
    fn files_are_read_and_must_fit() {
        let data = tempfile::tempdir().unwrap();
        let (cert, key) = (data.path().join("cert.pem"), data.path().join("key.pem"));
        let pair = KeyPair::generate().unwrap();
        fs::write(&cert, CertificateParams::new(["a.example".into()]).unwrap().self_signed(&pair).unwrap().pem())
            .unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        from_files(&cert, &key).unwrap();
        assert!(matches!(from_files(&cert, &cert), Err(TlsError::Pem { what: "key", .. })));
        fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(matches!(from_files(&cert, &key), Err(TlsError::Unfit(_))));
        assert!(from_files(Path::new("/nowhere"), &key).is_err());
    }
}
